import type { DisplayStatus, Document, IndexingStatus } from "@/shared/api/types";

const MOVING: ReadonlySet<IndexingStatus> = new Set(["waiting", "parsing", "cleaning", "splitting", "indexing"]);

/** Whether the server is still working on a document; paused, failed and completed ones rest. */
export function isMoving(document: Pick<Document, "indexing_status">): boolean {
  return MOVING.has(document.indexing_status);
}

/** How often to ask again, in milliseconds: each second while something moves, else not at all. */
export function pollInterval(documents: Pick<Document, "indexing_status">[] | undefined): number | false {
  return documents?.some(isMoving) ? 1000 : false;
}

const STAGES: Record<IndexingStatus, string> = {
  waiting: "Waiting",
  parsing: "Reading the file",
  cleaning: "Cleaning up",
  splitting: "Splitting",
  indexing: "Indexing",
  paused: "Paused",
  error: "Failed",
  completed: "Completed",
};

/** What is happening to a document, with the count of segments while they are indexed. */
export function stage(document: Pick<Document, "indexing_status" | "completed_segments" | "total_segments">): string {
  const name = STAGES[document.indexing_status] ?? document.indexing_status;
  if (document.indexing_status !== "indexing" || document.total_segments === 0) return name;
  return `${name} ${document.completed_segments} of ${document.total_segments}`;
}

/** The share of the work done, 0 to 1: as the server says, else by segments. */
export function share(document: Pick<Document, "progress" | "completed_segments" | "total_segments" | "indexing_status">): number {
  if (document.indexing_status === "completed") return 1;
  if (Number.isFinite(document.progress)) return Math.min(1, Math.max(0, document.progress));
  return document.total_segments > 0 ? document.completed_segments / document.total_segments : 0;
}

export const STATUS_CHIP: Record<DisplayStatus, { text: string; kind: "neutral" | "success" | "danger" | "warning" | "info" }> = {
  queuing: { text: "Queued", kind: "neutral" },
  indexing: { text: "Indexing", kind: "info" },
  paused: { text: "Paused", kind: "warning" },
  error: { text: "Failed", kind: "danger" },
  available: { text: "Available", kind: "success" },
  disabled: { text: "Disabled", kind: "neutral" },
  archived: { text: "Archived", kind: "neutral" },
};
