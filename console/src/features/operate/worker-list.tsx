import type { WorkerState } from "@/features/operate/types";
import { howLong } from "@/features/operate/wording";
import { count, fileSize } from "@/shared/format/numbers";
import { Chip } from "@/shared/ui/bits";
import { EmptyState } from "@/shared/ui/states";

/** The processes that do jobs, as they last said of themselves. */
export function WorkerList({ workers, queues, at }: { workers: WorkerState[]; queues: number; at: number }) {
  if (workers.length === 0) {
    return <EmptyState icon="gear" title="No worker is at work">Jobs wait until one starts. A worker says that it lives within ten seconds.</EmptyState>;
  }
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Worker</th><th scope="col">State</th><th scope="col" className="right">Running</th>
            <th scope="col" className="right">Memory</th><th scope="col">Up for</th><th scope="col">Queues</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.name}>
              <td><code>{worker.name}</code><p className="faint">{worker.kind} {worker.version}</p></td>
              <td>{worker.alive ? <Chip kind="success">At work</Chip> : <Chip kind="warning">Silent for {howLong(at - worker.seen_at)}</Chip>}</td>
              <td className="numeric right">{count(worker.running)}</td>
              <td className="numeric right">{worker.memory === null ? "–" : fileSize(worker.memory)}</td>
              <td className="numeric">{howLong(at - worker.started_at)}</td>
              <td className="reason">{worker.queues.length === queues ? "All" : worker.queues.join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
