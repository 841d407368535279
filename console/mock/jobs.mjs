/** Background jobs over an array; nothing runs. */
import { id, now } from "./seed.mjs";

const QUEUES = [
  "priority_dataset", "dataset", "priority_pipeline", "pipeline", "workflow", "mail", "plugin", "app_deletion", "ops_trace", "conversation",
  "workflow_storage", "schedule_poller", "schedule_executor", "triggered_workflow_dispatcher", "trigger_refresh_executor", "retention",
];
const STATES = ["failed", "queued", "running", "succeeded", "cancelled", "succeeded"];
const REASONS = {
  failed: "The embedding provider answers 401: the key is not accepted.", queued: "Position 3 in dataset.", running: "Attempt 1 of 5 runs at host-1:7:a1, 4 of 20 done.",
  succeeded: "It is done.", cancelled: "It was cancelled.",
};

const newJob = (_, at) => {
  const state = STATES[at % STATES.length];
  return {
    id: id(), queue: at % 7 ? "dataset" : "mail", task: at % 7 ? "knowledge.ingest_document" : "mail.send", state, reason: REASONS[state], workspace_id: id(), subject_id: id(),
    attempt: 1, max_attempts: 5, done: 0, total: 0, worker: state === "running" ? "host-1:7:a1" : null, last_error: state === "failed" ? REASONS.failed : null,
    created_at: now() - at * 90, run_at: now() - at * 90, started_at: null, finished_at: null,
  };
};

export const newJobs = () => ({ jobs: Array.from({ length: 60 }, newJob), switches: Object.fromEntries(QUEUES.map((queue) => [queue, {}])) });

function overview(s) {
  const count = (queue, state) => s.jobs.filter((job) => job.queue === queue && job.state === state).length;
  const minutes = (most) => Array.from({ length: 60 }, (_, minute) => Math.max(0, Math.round(most * Math.sin(minute / 5))));
  return {
    queues: QUEUES.map((queue) => ({
      queue, waiting: count(queue, "queued"), scheduled: 0, running: count(queue, "running"), abandoned: 0, failed: count(queue, "failed"), oldest_seconds: 340,
      done_last_hour: count(queue, "succeeded"), paused_at: null, paused_by: null, at_once: null, per_workspace: null, per_minute: null, workers: 1, ...s.switches[queue],
    })),
    workers: [{ name: "host-1:7:a1", kind: "up", version: "0.1.0", alive: true, queues: QUEUES, running: 2, memory: 210_000_000, started_at: now() - 9000, seen_at: now() - 4 }],
    succeeded: minutes(9), failed: minutes(2).reverse(), at: now(),
  };
}

function change(s, fits, states, state) {
  const found = s.jobs.filter((job) => fits(job) && states.includes(job.state));
  for (const job of found) Object.assign(job, { state, reason: REASONS[state] });
  return { changed: found.length, has_more: false };
}

const fitting = ({ ids, filter = {} }) => (job) => (!ids || ids.includes(job.id)) && (!filter.queue || filter.queue.includes(job.queue)) && job.reason.includes(filter.error ?? "");
const turn = (s, queue, values) => void Object.assign(s.switches[queue], values);

export const JOB_ROUTES = {
  "GET /operate/queues": overview,
  "GET /operate/jobs": (s, { query }) => {
    const found = s.jobs.filter((job) => ["queue", "state"].every((name) => !query.get(name) || job[name] === query.get(name)) && job.reason.includes(query.get("error") ?? ""));
    const rest = found.slice(found.findIndex((job) => job.id === query.get("before")) + 1);
    const limit = Number(query.get("limit") ?? 50);
    return { data: rest.slice(0, limit), has_more: rest.length > limit };
  },
  "POST /operate/jobs/retry": (s, { body }) => change(s, fitting(body), ["failed", "cancelled"], "queued"),
  "POST /operate/jobs/replay": (s, { body }) => change(s, fitting(body), ["failed"], "queued"),
  "POST /operate/jobs/cancel": (s, { body }) => change(s, fitting(body), ["queued", "running"], "cancelled"),
  "POST /operate/queues/:queue/pause": (s, { params }) => turn(s, params.queue, { paused_at: now(), paused_by: "Ada Port" }),
  "POST /operate/queues/:queue/resume": (s, { params }) => turn(s, params.queue, { paused_at: null, paused_by: null }),
  "POST /operate/queues/:queue/limits": (s, { params, body }) => turn(s, params.queue, body),
};
