import type { Job } from "@/features/operate/types";
import { fullTime } from "@/shared/format/time";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";

/** Everything known of one job but its payload, which may hold what users wrote. */
export function JobDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const time = (seconds: number | null) => (seconds === null ? null : fullTime(seconds));
  const facts: [string, string | number | null][] = [
    ["State", job.state],
    ["Why", job.reason],
    ["Last error", job.last_error === job.reason ? null : job.last_error],
    ["Queue", job.queue],
    ["Attempt", `${job.attempt} of ${job.max_attempts}`],
    ["Done", job.total > 0 ? `${job.done} of ${job.total}` : null],
    ["Worker", job.worker],
    ["Made", time(job.created_at)],
    ["Due", time(job.run_at)],
    ["Started", time(job.started_at)],
    ["Ended", time(job.finished_at)],
    ["Workspace", job.workspace_id],
    ["About", job.subject_id],
    ["Id", job.id],
  ];
  return (
    <Dialog title={job.task} onClose={onClose}>
      <div className="dialog-body">
        <dl className="facts">
          {facts.map(([name, value]) => value !== null && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
        </dl>
      </div>
      <footer className="dialog-foot"><Button onClick={onClose}>Done</Button></footer>
    </Dialog>
  );
}
