import type { Problem, Resource } from "@/shared/api/types";

/** An answer on its way: what has arrived so far. */
export interface Live {
  query: string;
  answer: string;
  resources: Resource[];
  conversationId: string | null;
  messageId: string | null;
  taskId: string | null;
  state: "waiting" | "streaming" | "done" | "stopped" | "error";
  problem: Problem | null;
}

export function begin(query: string, conversationId: string | null): Live {
  return { query, answer: "", resources: [], conversationId, messageId: null, taskId: null, state: "waiting", problem: null };
}

export const isRunning = (live: Live | null): boolean => live?.state === "waiting" || live?.state === "streaming";

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** What is known after one more event of the stream. Unknown events change nothing. */
export function applyEvent(before: Live, event: Record<string, unknown>): Live {
  const live: Live = {
    ...before,
    conversationId: text(event["conversation_id"]) ?? before.conversationId,
    messageId: text(event["message_id"]) ?? before.messageId,
    taskId: text(event["task_id"]) ?? before.taskId,
  };
  switch (event["event"]) {
    case "message":
    case "agent_message":
      return { ...live, state: "streaming", answer: live.answer + (text(event["answer"]) ?? "") };
    case "message_replace":
      return { ...live, answer: text(event["answer"]) ?? "" };
    case "message_end":
      return { ...live, state: "done", resources: resourcesOf(event["metadata"]) };
    case "error":
      return fail(live, {
        code: text(event["code"]) ?? "unknown",
        message: text(event["message"]) ?? "The answer failed.",
        status: Number(event["status"]) || 500,
        hint: text(event["hint"]),
      });
    default:
      return live;
  }
}

export function fail(live: Live, problem: Problem): Live {
  return { ...live, state: "error", problem };
}

/** The stream has ended: without `message_end` it was either stopped by the reader or broke off. */
export function finish(live: Live, stopped: boolean): Live {
  if (!isRunning(live)) return stopped && live.state === "done" ? { ...live, state: "stopped" } : live;
  if (stopped) return { ...live, state: "stopped" };
  return fail(live, { code: "broken_off", message: "The answer broke off.", status: 0, hint: "The connection was lost. Ask again." });
}

function resourcesOf(metadata: unknown): Resource[] {
  const found = (metadata as { retriever_resources?: unknown } | null | undefined)?.retriever_resources;
  return Array.isArray(found) ? (found as Resource[]) : [];
}
