import { useState } from "react";
import { useLimits } from "@/features/operate/queries";
import type { QueueLimits, QueueState } from "@/features/operate/types";
import { FormDialog } from "@/shared/ui/dialog";
import { TextField } from "@/shared/ui/field";
import { Problem } from "@/shared/ui/states";

const FIELDS: [keyof QueueLimits, string, string][] = [
  ["at_once", "At once", "Jobs that run at the same time, over all workers."],
  ["per_workspace", "Of one workspace", "The same for the jobs of each workspace: nobody takes all the places."],
  ["per_minute", "A minute", "Jobs that begin within a minute, evenly spread: for a provider that counts calls."],
];

/** The limits of a queue; an empty field is no limit. */
export function LimitsDialog({ queue, onClose }: { queue: QueueState; onClose: () => void }) {
  const save = useLimits();
  const [texts, setTexts] = useState(() => Object.fromEntries(FIELDS.map(([name]) => [name, String(queue[name] ?? "")])));
  const number = (name: string) => (texts[name] ? Number(texts[name]) : null);
  const limits: QueueLimits = { at_once: number("at_once"), per_workspace: number("per_workspace"), per_minute: number("per_minute") };
  return (
    <FormDialog
      title={`Limits of ${queue.queue}`} action="Save limits" busy={save.isPending} onClose={onClose}
      onSubmit={() => save.mutate({ queue: queue.queue, limits }, { onSuccess: onClose })}
    >
      {FIELDS.map(([name, label, hint]) => (
        <TextField
          key={name} label={label} hint={hint} optional type="number" inputMode="numeric" min={1} max={1_000_000} placeholder="No limit"
          value={texts[name]} onChange={(text) => setTexts({ ...texts, [name]: text })}
        />
      ))}
      <Problem error={save.error} />
    </FormDialog>
  );
}
