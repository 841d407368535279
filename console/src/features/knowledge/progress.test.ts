import { describe, expect, it } from "vitest";
import { pollInterval, share, stage } from "@/features/knowledge/progress";
import type { IndexingStatus } from "@/shared/api/types";

const documents = (...statuses: IndexingStatus[]) => statuses.map((indexing_status) => ({ indexing_status }));

describe("pollInterval", () => {
  it("asks each second while a document moves", () => {
    for (const status of ["waiting", "parsing", "cleaning", "splitting", "indexing"] as const) {
      expect(pollInterval(documents("completed", status))).toBe(1000);
    }
  });

  it("stops when everything rests", () => {
    expect(pollInterval(documents("completed", "error", "paused"))).toBe(false);
    expect(pollInterval([])).toBe(false);
    expect(pollInterval(undefined)).toBe(false);
  });
});

describe("stage", () => {
  it("counts segments only while indexing", () => {
    expect(stage({ indexing_status: "indexing", completed_segments: 3, total_segments: 9 })).toBe("Indexing 3 of 9");
    expect(stage({ indexing_status: "indexing", completed_segments: 0, total_segments: 0 })).toBe("Indexing");
    expect(stage({ indexing_status: "parsing", completed_segments: 0, total_segments: 9 })).toBe("Reading the file");
  });
});

describe("share", () => {
  const half = { completed_segments: 2, total_segments: 4, indexing_status: "indexing" as const };

  it("takes the server's progress and keeps it between 0 and 1", () => {
    expect([share({ ...half, progress: 0.25 }), share({ ...half, progress: 1.7 })]).toEqual([0.25, 1]);
  });

  it("counts segments when there is no progress, and a completed document is whole", () => {
    expect(share({ ...half, progress: Number.NaN })).toBe(0.5);
    expect(share({ ...half, progress: 0, indexing_status: "completed" })).toBe(1);
  });
});
