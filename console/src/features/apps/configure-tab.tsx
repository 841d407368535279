import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { AppDetails } from "@/features/apps/app-details";
import { fromConfig, toConfig, type Configuration } from "@/features/apps/configuration";
import { DatasetPicker } from "@/features/apps/dataset-picker";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { modelValue, useModels } from "@/shared/api/models";
import type { App } from "@/shared/api/types";
import { Button, IconButton } from "@/shared/ui/button";
import { AreaField, Check, SelectField, TextField } from "@/shared/ui/field";
import { Card } from "@/shared/ui/page";
import { Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

interface PartProps {
  form: Configuration;
  set: (part: Partial<Configuration>) => void;
}

export function ConfigureTab({ app }: { app: App }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [form, setForm] = useState(() => fromConfig(app.model_config));
  const set = (part: Partial<Configuration>) => setForm((before) => ({ ...before, ...part }));
  const changed = JSON.stringify(form) !== JSON.stringify(fromConfig(app.model_config));
  const save = useMutation({
    mutationFn: () => api.patch<App>(`/apps/${app.id}`, { model_config: toConfig(form, app.model_config, app.mode) }),
    onSuccess: (saved) => {
      client.setQueryData(keys.app(app.id), saved);
      setForm(fromConfig(saved.model_config));
      toasts.done("The configuration is saved.");
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }

  return (
    <div className="stack-l" style={{ maxWidth: 760 }}>
      <form className="stack-l" onSubmit={submit}>
        <Instructions form={form} set={set} />
        <Knowledge form={form} set={set} />
        {app.mode === "chat" && <Opening form={form} set={set} />}
        <Problem error={save.error} />
        <div className="save-bar">
          <Button kind="primary" type="submit" busy={save.isPending} disabled={!changed}>Save configuration</Button>
          <span className="faint" role="status">{changed ? "You have unsaved changes." : "Everything is saved."}</span>
        </div>
      </form>
      <AppDetails app={app} />
    </div>
  );
}

function Instructions({ form, set }: PartProps) {
  const models = useModels("llm");
  const known = models.data ?? [];
  const gone = form.model !== "" && models.isSuccess && !known.some((model) => modelValue(model) === form.model);
  return (
    <Card title="Instructions">
      <div className="stack">
        <AreaField
          label="Instructions" optional rows={5} value={form.instructions} onChange={(instructions) => set({ instructions })}
          placeholder="Answer briefly and only from the knowledge given." hint="Sent to the model before every conversation."
        />
        <SelectField
          label="Model" value={form.model} onChange={(model) => set({ model })}
          hint="Without any model configured, the built-in answerer quotes the best passages."
        >
          <option value="">Workspace default, else the built-in answerer</option>
          {gone && <option value={form.model}>{form.model.split("::").slice(1).join("::")} (no longer offered)</option>}
          {known.map((model) => (
            <option key={modelValue(model)} value={modelValue(model)}>{model.label || `${model.model} (${model.provider})`}</option>
          ))}
        </SelectField>
      </div>
    </Card>
  );
}

function Knowledge({ form, set }: PartProps) {
  return (
    <Card title="Knowledge" about="What the app answers from.">
      <div className="stack">
        <DatasetPicker chosen={form.datasets} onChange={(datasets) => set({ datasets })} />
        <div className="grid-2">
          <TextField label="Top K" type="number" min={1} max={100} required hint="Passages given to the model, at most" value={form.topK} onChange={(topK) => set({ topK })} />
          <div className="stack-s">
            <Check label="Score threshold" hint="Passages below it are left out." checked={form.thresholdOn} onChange={(thresholdOn) => set({ thresholdOn })} />
            {form.thresholdOn && <TextField label="Least score" type="number" min={0} max={1} step={0.01} required value={form.threshold} onChange={(threshold) => set({ threshold })} />}
          </div>
        </div>
      </div>
    </Card>
  );
}

function Opening({ form, set }: PartProps) {
  const put = (index: number, text: string) => set({ questions: form.questions.map((old, at) => (at === index ? text : old)) });
  return (
    <Card title="Opening" about="What a reader sees before the first question.">
      <div className="stack">
        <AreaField label="Opening statement" optional rows={2} value={form.opening} onChange={(opening) => set({ opening })} placeholder="Hello! Ask me about the handbook." />
        <fieldset className="picker">
          <legend className="field-label">Suggested questions</legend>
          <div className="stack-s">
            {form.questions.map((question, index) => (
              <div key={index} className="row">
                <input className="input" aria-label={`Suggested question ${index + 1}`} maxLength={200} value={question} onChange={(event) => put(index, event.target.value)} />
                <IconButton icon="trash" danger label={`Remove question ${index + 1}`} onClick={() => set({ questions: form.questions.filter((_, at) => at !== index) })} />
              </div>
            ))}
            <div><Button small icon="plus" disabled={form.questions.length >= 10} onClick={() => set({ questions: [...form.questions, ""] })}>Add question</Button></div>
          </div>
        </fieldset>
      </div>
    </Card>
  );
}
