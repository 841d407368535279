import { useState } from "react";
import { JobDialog } from "@/features/operate/job-dialog";
import { useCancel, useRetry } from "@/features/operate/queries";
import type { Job } from "@/features/operate/types";
import { mayCancel, mayRetry, STATE_CHIP } from "@/features/operate/wording";
import { ago, fullTime } from "@/shared/format/time";
import { Chip } from "@/shared/ui/bits";
import { Button, IconButton } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { Problem } from "@/shared/ui/states";

/** Jobs with the reason why each stands where it stands, and what can be done about it. */
export function JobTable({ jobs, now }: { jobs: Job[]; now: number }) {
  const retry = useRetry();
  const [shown, setShown] = useState<Job | null>(null);
  const [cancelling, setCancelling] = useState<Job | null>(null);
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">State</th><th scope="col">Job</th><th scope="col">Why</th><th scope="col">Made</th>
            <th scope="col"><span className="visually-hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td><Chip kind={STATE_CHIP[job.state]}>{job.state}</Chip></td>
              <td>
                <button type="button" className="job-name" aria-label={`Details of ${nameOf(job)}`} onClick={() => setShown(job)}>{job.task}</button>
                <p className="faint nowrap">{job.queue}</p>
              </td>
              <td className="reason">{job.reason}</td>
              <td className="nowrap" title={fullTime(job.created_at)}>{ago(job.created_at, now)}</td>
              <td className="right nowrap">
                {mayRetry(job, now) && (
                  <Button
                    small icon="refresh" aria-label={`Retry ${nameOf(job)}`} busy={retry.isPending && retry.variables === job.id}
                    onClick={() => retry.mutate(job.id)}
                  >
                    Retry
                  </Button>
                )}
                {mayCancel(job) && <IconButton icon="close" danger label={`Cancel ${nameOf(job)}`} onClick={() => setCancelling(job)} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown && <JobDialog job={jobs.find((one) => one.id === shown.id) ?? shown} onClose={() => setShown(null)} />}
      {cancelling && <CancelDialog job={cancelling} onClose={() => setCancelling(null)} />}
    </div>
  );
}

/** The last figures of an id tell jobs made together apart. */
const nameOf = (job: Job): string => `${job.task} ${job.id.slice(-6)}`;

function CancelDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const cancel = useCancel();
  return (
    <Confirm
      title="Cancel this job?" action="Cancel job" busy={cancel.isPending} error={<Problem error={cancel.error} />}
      onConfirm={() => cancel.mutate(job, { onSuccess: onClose })} onClose={onClose}
    >
      {job.task} {job.state === "running" ? "is stopped at its next pause; what it has done so far may stay." : "is not done."} It can be retried later.
    </Confirm>
  );
}
