import { EVERYTHING, type Job, type JobChoice, type JobState, type QueueLimits, type QueueState } from "@/features/operate/types";
import { plural } from "@/shared/format/numbers";

export const SPANS: [string, number][] = [["Last hour", 3600], ["Last day", 86_400], ["Last week", 604_800]];

export const STATE_CHIP = { queued: "info", running: "accent", succeeded: "success", failed: "danger", cancelled: "neutral" } as const satisfies Record<JobState, string>;

/** Two digits are enough: "45 s", "12 min", "3 h", "5 d". */
export function howLong(seconds: number): string {
  for (const [unit, size] of [["d", 86_400], ["h", 3600], ["min", 60]] as const) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return `${Math.round(Math.max(0, seconds))} s`;
}

/** Whether there is anything to say about a queue. */
export const hasNews = (queue: QueueState): boolean =>
  queue.waiting + queue.scheduled + queue.running + queue.abandoned + queue.failed + queue.done_last_hour > 0 ||
  queue.paused_at !== null || limitsOf(queue).length > 0;

export function limitsOf(limits: QueueLimits): string[] {
  const named: [number | null, string][] = [[limits.at_once, "at once"], [limits.per_workspace, "of a workspace"], [limits.per_minute, "a minute"]];
  return named.filter(([most]) => most !== null).map(([most, what]) => `at most ${most} ${what}`);
}

export const mayRetry = (job: Job, now: number): boolean =>
  job.state === "failed" || job.state === "cancelled" || (job.state === "queued" && job.run_at > now);

export const mayCancel = (job: Job): boolean => job.state === "queued" || job.state === "running";

/** " of the queue mail, of the last hour, whose error contains “x”": the choice as part of a sentence. */
export function choiceInWords({ queue, error, within }: JobChoice): string {
  const span = SPANS.find(([, seconds]) => seconds === within)?.[0].toLowerCase();
  const parts = [queue && `of the queue ${queue}`, span && `made in the ${span}`, error && `whose error contains “${error}”`];
  const said = parts.filter(Boolean).join(", ");
  return said && ` ${said}`;
}

/** Whether the choice leaves anything out besides states. */
export const isNarrow = (choice: JobChoice): boolean => choiceInWords(choice) !== "";

export const isEverything = (choice: JobChoice): boolean => choice.state === EVERYTHING.state && !isNarrow(choice);

/** The choice as the server takes it in a body. */
export function asFilter({ queue, error, within }: JobChoice, states: JobState[], now: number): Record<string, unknown> {
  return {
    ...(states.length > 0 ? { state: states } : {}),
    ...(queue ? { queue: [queue] } : {}),
    ...(error ? { error } : {}),
    ...(within ? { since: Math.floor(now - within) } : {}),
  };
}

/** One sentence instead of a picture of 60 bars. */
export function throughputInWords(succeeded: number[], failed: number[]): string {
  const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
  const most = Math.max(0, ...succeeded.map((one, minute) => one + (failed[minute] ?? 0)));
  if (most === 0) return "No job ended in the last hour.";
  return `In the last hour ${plural(sum(succeeded), "job was", "jobs were")} done and ${plural(sum(failed), "failed", "failed")}; at most ${most} ended in one minute.`;
}

/** Sums of ten minutes each, the newest first, for those who read figures rather than bars. */
export function tenMinutes(numbers: number[]): number[] {
  return [0, 1, 2, 3, 4, 5].map((part) => numbers.slice(part * 10, part * 10 + 10).reduce((all, one) => all + one, 0)).reverse();
}
