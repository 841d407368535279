import { useState } from "react";
import { JobTable } from "@/features/operate/job-table";
import { useCancel, useJobs, useReplay } from "@/features/operate/queries";
import { STATES, type JobChoice, type JobState } from "@/features/operate/types";
import { choiceInWords, isEverything, isNarrow, SPANS } from "@/features/operate/wording";
import { plural } from "@/shared/format/numbers";
import { Button } from "@/shared/ui/button";
import { Confirm, FormDialog } from "@/shared/ui/dialog";
import { SearchInput } from "@/shared/ui/search-input";
import { EmptyState, Loaded, Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

const TOO_WIDE = new Error("Choose a queue, a time or an error first: this would cancel every job.");

export interface View {
  choice: JobChoice;
  /** The last jobs of the pages before. */
  passed: string[];
}

interface JobListProps {
  view: View;
  onView: (view: View) => void;
  queues: string[];
  live: boolean;
  now: number;
}

/** The newest jobs that fit a choice, page by page; and what is done to all that fit. */
export function JobList({ view, onView, queues, live, now }: JobListProps) {
  const { choice, passed } = view;
  const setPassed = (next: string[]) => onView({ choice, passed: next });
  const jobs = useJobs(choice, passed.at(-1), live);
  const [asking, setAsking] = useState<"replay" | "cancel" | null>(null);
  const toasts = useToasts();
  const close = () => setAsking(null);
  return (
    <section className="card" id="jobs" aria-label="Jobs" tabIndex={-1}>
      <header className="card-head">
        <h2 className="grow">Jobs</h2>
        <div className="row-wrap">
          <Button small icon="refresh" onClick={() => setAsking("replay")}>Replay failed</Button>
          <Button small icon="close" onClick={() => (isNarrow(choice) ? setAsking("cancel") : toasts.failed(TOO_WIDE))}>Cancel unfinished</Button>
        </div>
      </header>
      <Filters choice={choice} queues={queues} onChoice={(next) => onView({ choice: next, passed: [] })} />
      <Loaded query={jobs}>
        {(page) => (
          <>
            {page.data.length > 0 && <JobTable jobs={page.data} now={now} />}
            {page.data.length === 0 && <Nothing everything={isEverything(choice) && passed.length === 0} />}
            {(page.has_more || passed.length > 0) && (
              <nav className="pager" aria-label="Pages">
                <span>{plural(page.data.length, "job")} on page {passed.length + 1}</span>
                <span className="row">
                  <Button small icon="left" disabled={passed.length === 0} onClick={() => setPassed(passed.slice(0, -1))}>Newer</Button>
                  <Button small disabled={!page.has_more || jobs.isPlaceholderData} onClick={() => setPassed([...passed, page.data.at(-1)?.id ?? ""])}>Older</Button>
                </span>
              </nav>
            )}
          </>
        )}
      </Loaded>
      {asking === "replay" && <ReplayDialog choice={choice} onClose={close} />}
      {asking === "cancel" && <CancelAllDialog choice={choice} onClose={close} />}
    </section>
  );
}

function Nothing({ everything }: { everything: boolean }) {
  if (everything) return <EmptyState icon="check" title="No jobs yet">What the server does in the background is listed here: indexing, mail, cleaning up.</EmptyState>;
  return <EmptyState icon="search" title="No job fits">Change the filters. Jobs that are done are listed for some days only.</EmptyState>;
}

interface FiltersProps {
  choice: JobChoice;
  queues: string[];
  onChoice: (choice: JobChoice) => void;
}

function Filters({ choice, queues, onChoice }: FiltersProps) {
  return (
    <div className="filters">
      <select className="input" aria-label="State" value={choice.state} onChange={(event) => onChoice({ ...choice, state: event.target.value as JobState | "" })}>
        <option value="">Any state</option>
        {STATES.map((state) => <option key={state} value={state}>{state[0]?.toUpperCase()}{state.slice(1)}</option>)}
      </select>
      <select className="input" aria-label="Queue" value={choice.queue} onChange={(event) => onChoice({ ...choice, queue: event.target.value })}>
        <option value="">Any queue</option>
        {queues.map((queue) => <option key={queue} value={queue}>{queue}</option>)}
      </select>
      <select className="input" aria-label="Made" value={choice.within} onChange={(event) => onChoice({ ...choice, within: Number(event.target.value) })}>
        <option value={0}>Any time</option>
        {SPANS.map(([name, seconds]) => <option key={seconds} value={seconds}>{name}</option>)}
      </select>
      <SearchInput label="Search in errors" value={choice.error} onSearch={(error) => onChoice({ ...choice, error })} />
    </div>
  );
}

function ReplayDialog({ choice, onClose }: { choice: JobChoice; onClose: () => void }) {
  const replay = useReplay();
  return (
    <FormDialog
      title="Replay failed jobs?" action="Replay" busy={replay.isPending}
      onSubmit={() => replay.mutate(choice, { onSuccess: onClose })} onClose={onClose}
    >
      <p className="muted">All failed jobs{choiceInWords(choice)} are queued again, the oldest first, each with all its attempts.</p>
      <Problem error={replay.error} />
    </FormDialog>
  );
}

function CancelAllDialog({ choice, onClose }: { choice: JobChoice; onClose: () => void }) {
  const cancel = useCancel();
  const which = choice.state === "queued" ? "waiting" : choice.state === "running" ? "running" : "waiting and running";
  return (
    <Confirm
      title="Cancel unfinished jobs?" action="Cancel jobs" busy={cancel.isPending} error={<Problem error={cancel.error} />}
      onConfirm={() => cancel.mutate(choice, { onSuccess: onClose })} onClose={onClose}
    >
      All {which} jobs{choiceInWords(choice)} are cancelled, on all pages. Running ones stop at their next pause.
    </Confirm>
  );
}
