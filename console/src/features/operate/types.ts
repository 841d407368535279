/** Shapes of the API about background jobs. Times are unix seconds. */

export const STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export type JobState = (typeof STATES)[number];

export interface Job {
  id: string;
  queue: string;
  task: string;
  state: JobState;
  reason: string;
  workspace_id: string | null;
  subject_id: string | null;
  attempt: number;
  max_attempts: number;
  done: number;
  total: number;
  worker: string | null;
  last_error: string | null;
  created_at: number;
  run_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface QueueLimits {
  at_once: number | null;
  per_workspace: number | null;
  per_minute: number | null;
}

export interface QueueState extends QueueLimits {
  queue: string;
  waiting: number;
  scheduled: number;
  running: number;
  abandoned: number;
  failed: number;
  oldest_seconds: number;
  done_last_hour: number;
  paused_at: number | null;
  paused_by: string | null;
  workers: number;
}

export interface WorkerState {
  name: string;
  kind: string;
  version: string;
  alive: boolean;
  queues: string[];
  running: number;
  memory: number | null;
  started_at: number;
  seen_at: number;
}

export interface Overview {
  queues: QueueState[];
  workers: WorkerState[];
  /** Ends in each of the last 60 minutes, the oldest first. */
  succeeded: number[];
  failed: number[];
  at: number;
}

/** What a person has chosen; "" stands for everything. */
export interface JobChoice {
  queue: string;
  state: JobState | "";
  error: string;
  /** Seconds back from now; 0 for all time. */
  within: number;
}

export const EVERYTHING: JobChoice = { queue: "", state: "", error: "", within: 0 };
