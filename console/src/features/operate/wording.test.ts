import { describe, expect, it } from "vitest";
import { EVERYTHING, type Job, type QueueState } from "@/features/operate/types";
import { asFilter, choiceInWords, hasNews, howLong, isEverything, isNarrow, limitsOf, mayCancel, mayRetry, tenMinutes, throughputInWords } from "@/features/operate/wording";

const IDLE: QueueState = {
  queue: "mail", waiting: 0, scheduled: 0, running: 0, abandoned: 0, failed: 0, oldest_seconds: 0, done_last_hour: 0, paused_at: null, paused_by: null,
  workers: 1, at_once: null, per_workspace: null, per_minute: null,
};

it("says times with two digits", () => {
  expect([-3, 0, 45, 119, 120, 7199, 7200, 200_000].map(howLong)).toEqual(["0 s", "0 s", "45 s", "119 s", "2 min", "120 min", "2 h", "2 d"]);
});

describe("a queue", () => {
  it("is idle until something is in it or set for it", () => {
    expect(hasNews(IDLE)).toBe(false);
    for (const change of [{ waiting: 1 }, { failed: 1 }, { done_last_hour: 1 }, { paused_at: 5 }, { per_minute: 9 }]) {
      expect(hasNews({ ...IDLE, ...change })).toBe(true);
    }
  });

  it("says its limits", () => {
    expect(limitsOf(IDLE)).toEqual([]);
    expect(limitsOf({ at_once: 4, per_workspace: 1, per_minute: 100 })).toEqual(["at most 4 at once", "at most 1 of a workspace", "at most 100 a minute"]);
  });
});

describe("a job", () => {
  const job = (state: Job["state"], run_at = 0) => ({ state, run_at }) as Job;

  it("is retried when it has ended badly or waits for another attempt", () => {
    expect((["failed", "cancelled", "queued", "running", "succeeded"] as const).map((state) => mayRetry(job(state), 10))).toEqual([true, true, false, false, false]);
    expect(mayRetry(job("queued", 60), 10)).toBe(true);
  });

  it("is cancelled while it is unfinished", () => {
    expect((["queued", "running", "failed", "succeeded", "cancelled"] as const).map((state) => mayCancel(job(state)))).toEqual([true, true, false, false, false]);
  });
});

describe("a choice", () => {
  const narrow = { queue: "mail", state: "failed" as const, error: "503", within: 3600 };

  it("is said in words", () => {
    expect(choiceInWords(EVERYTHING)).toBe("");
    expect(choiceInWords(narrow)).toBe(" of the queue mail, made in the last hour, whose error contains “503”");
  });

  it("is narrow when it leaves out more than states", () => {
    expect([EVERYTHING, { ...EVERYTHING, state: "failed" as const }, narrow].map(isNarrow)).toEqual([false, false, true]);
    expect([EVERYTHING, { ...EVERYTHING, state: "failed" as const }, narrow].map(isEverything)).toEqual([true, false, false]);
  });

  it("names to the server only what was chosen", () => {
    expect(asFilter(EVERYTHING, [], 5000)).toEqual({});
    expect(asFilter(narrow, ["failed"], 5000.7)).toEqual({ queue: ["mail"], state: ["failed"], error: "503", since: 1400 });
  });
});

describe("the last hour", () => {
  const hour = (...newest: number[]) => [...Array<number>(60 - newest.length).fill(0), ...newest];

  it("is said in a sentence", () => {
    expect(throughputInWords(hour(), hour())).toBe("No job ended in the last hour.");
    expect(throughputInWords(hour(2, 7), hour(0, 1))).toBe("In the last hour 9 jobs were done and 1 failed; at most 8 ended in one minute.");
    expect(throughputInWords(hour(1), hour())).toBe("In the last hour 1 job was done and 0 failed; at most 1 ended in one minute.");
  });

  it("is summed by ten minutes, the newest first", () => {
    expect(tenMinutes(hour(4, 1))).toEqual([5, 0, 0, 0, 0, 0]);
  });
});
