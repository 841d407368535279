import { useState } from "react";
import { LimitsDialog } from "@/features/operate/limits-dialog";
import { usePause } from "@/features/operate/queries";
import type { QueueState } from "@/features/operate/types";
import { howLong, limitsOf } from "@/features/operate/wording";
import { count } from "@/shared/format/numbers";
import { fullTime } from "@/shared/format/time";
import { Chip } from "@/shared/ui/bits";
import { Button, IconButton } from "@/shared/ui/button";
import { FormDialog } from "@/shared/ui/dialog";
import { Problem } from "@/shared/ui/states";

interface QueueTableProps {
  queues: QueueState[];
  onFailed: (queue: string) => void;
}

/** What is in each queue, who reads it, and the switches. */
export function QueueTable({ queues, onFailed }: QueueTableProps) {
  const [switching, setSwitching] = useState<QueueState | null>(null);
  const [limiting, setLimiting] = useState<QueueState | null>(null);
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Queue</th><th scope="col" className="right">Waiting</th><th scope="col" className="right">Oldest</th>
            <th scope="col" className="right">Later</th><th scope="col" className="right">Running</th><th scope="col" className="right">Failed</th>
            <th scope="col" className="right">Done in 1 h</th><th scope="col" className="right">Workers</th>
            <th scope="col"><span className="visually-hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => <Row key={queue.queue} queue={queue} onFailed={onFailed} onSwitch={setSwitching} onLimit={setLimiting} />)}
        </tbody>
      </table>
      {switching && <SwitchDialog queue={switching} onClose={() => setSwitching(null)} />}
      {limiting && <LimitsDialog queue={limiting} onClose={() => setLimiting(null)} />}
    </div>
  );
}

interface RowProps {
  queue: QueueState;
  onFailed: (queue: string) => void;
  onSwitch: (queue: QueueState) => void;
  onLimit: (queue: QueueState) => void;
}

function Row({ queue, onFailed, onSwitch, onLimit }: RowProps) {
  const paused = queue.paused_at !== null;
  const limits = limitsOf(queue);
  return (
    <tr>
      <th scope="row" className="queue-name">
        <span className="row-wrap">
          {queue.queue}
          {paused && <Chip kind="warning">Paused</Chip>}
          {queue.waiting > 0 && queue.workers === 0 && <Chip kind="danger">No worker reads it</Chip>}
          {queue.abandoned > 0 && <Chip kind="warning">{count(queue.abandoned)} taken over shortly</Chip>}
        </span>
        {queue.paused_at !== null && <p className="faint">since {fullTime(queue.paused_at)}{queue.paused_by && ` by ${queue.paused_by}`}</p>}
        {limits.length > 0 && <p className="faint">{limits.join(", ")}</p>}
      </th>
      <td className="numeric right">{count(queue.waiting)}</td>
      <td className="numeric right">{queue.waiting > 0 ? howLong(queue.oldest_seconds) : "–"}</td>
      <td className="numeric right">{count(queue.scheduled)}</td>
      <td className="numeric right">{count(queue.running)}</td>
      <td className="numeric right">
        {queue.failed > 0 ? (
          <Button small kind="ghost" aria-label={`Show the ${queue.failed} failed jobs of ${queue.queue}`} onClick={() => onFailed(queue.queue)}>
            <span className="danger-text">{count(queue.failed)}</span>
          </Button>
        ) : "0"}
      </td>
      <td className="numeric right">{count(queue.done_last_hour)}</td>
      <td className="numeric right">{count(queue.workers)}</td>
      <td className="right nowrap">
        <IconButton icon="gear" label={`Limits of ${queue.queue}`} onClick={() => onLimit(queue)} />
        <IconButton icon={paused ? "play" : "pause"} label={`${paused ? "Resume" : "Pause"} ${queue.queue}`} onClick={() => onSwitch(queue)} />
      </td>
    </tr>
  );
}

function SwitchDialog({ queue, onClose }: { queue: QueueState; onClose: () => void }) {
  const pause = usePause();
  const [name, pausing] = [queue.queue, queue.paused_at === null];
  return (
    <FormDialog
      title={pausing ? `Pause ${name}?` : `Resume ${name}?`} action={pausing ? "Pause queue" : "Resume queue"} busy={pause.isPending}
      onSubmit={() => pause.mutate({ queue: name, pause: pausing }, { onSuccess: onClose })} onClose={onClose}
    >
      <p className="muted">
        {pausing
          ? "No worker takes a job of it, in the whole installation, until somebody resumes it. Jobs that run go on; new ones wait."
          : "Workers take its jobs again at once, those that have waited longest first."}
      </p>
      <Problem error={pause.error} />
    </FormDialog>
  );
}
