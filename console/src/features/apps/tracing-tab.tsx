import { useId, useState, type FormEvent, type ReactNode } from "react";
import {
  beginning, complete, filledIn, useRemoveTraceConfig, useSaveTraceConfig, useSwitchTracing, useTraceConfig, useTraceProviders, useTraceSwitch,
  type TraceConfig, type TraceField, type TraceProvider, type TraceSwitch,
} from "@/features/apps/tracing";
import type { App } from "@/shared/api/types";
import { ago } from "@/shared/format/time";
import { Button } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { SelectField, Switch, TextField } from "@/shared/ui/field";
import { Card } from "@/shared/ui/page";
import { Loaded, Notice, Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

const ABOUT = "Hands each answer to an observability service: question, passages, prompt, answer, tokens, times.";

/** Where the answers of an app are traced. */
export function TracingTab({ app }: { app: App }) {
  const providers = useTraceProviders();
  const current = useTraceSwitch(app.id);
  return (
    <div className="stack-l" style={{ maxWidth: 760 }}>
      <Loaded query={providers}>
        {(known) => <Loaded query={current}>{(state) => <Tracing app={app} providers={known} state={state} />}</Loaded>}
      </Loaded>
    </div>
  );
}

function Tracing({ app, providers, state }: { app: App; providers: TraceProvider[]; state: TraceSwitch }) {
  const [name, setName] = useState(state.tracing_provider ?? "langfuse");
  const provider = providers.find((one) => one.provider === name) ?? providers[0];
  if (!provider) return null;
  return (
    <>
      <Service key={provider.provider} app={app} provider={provider} state={state}>
        <SelectField label="Service" value={provider.provider} onChange={setName}>
          {providers.map((one) => (
            <option key={one.provider} value={one.provider}>
              {one.label}{state.enabled && state.tracing_provider === one.provider ? " (in use)" : ""}
            </option>
          ))}
        </SelectField>
      </Service>
      {state.last_failure && (
        <Notice kind="warning">
          <p>The last answer that could not be handed over, {ago(state.last_failure.at)}:</p>
          <p className="wrap-anywhere">{state.last_failure.error}</p>
        </Notice>
      )}
    </>
  );
}

function Service({ app, provider, state, children }: { app: App; provider: TraceProvider; state: TraceSwitch; children: ReactNode }) {
  const config = useTraceConfig(app.id, provider.provider);
  const toasts = useToasts();
  const on = state.enabled && state.tracing_provider === provider.provider;
  const turn = useSwitchTracing(app.id, provider.provider, () => toasts.done(on ? "Tracing is off." : `Answers are handed to ${provider.label} from now on.`));
  const known = config.data !== undefined && !config.data.has_not_configured;

  return (
    <Card
      title="Tracing" about={ABOUT}
      actions={<Switch label={`Hand answers to ${provider.label}`} checked={on} disabled={!known || turn.isPending} onChange={(enabled) => turn.mutate(enabled)} />}
    >
      <div className="stack">
        {children}
        <Problem error={turn.error} />
        <Loaded query={config}>{(stored) => <ServiceForm key={stored.updated_at ?? 0} app={app} provider={provider} config={stored} />}</Loaded>
      </div>
    </Card>
  );
}

function ServiceForm({ app, provider, config }: { app: App; provider: TraceProvider; config: TraceConfig }) {
  const toasts = useToasts();
  const known = !config.has_not_configured;
  const [values, setValues] = useState(() => beginning(provider, config));
  const form = useId();
  const save = useSaveTraceConfig(app.id, provider.provider, () => {
    toasts.done(`${provider.label} answers. ${config.is_active ? "The change is saved." : "Switch tracing on to hand answers over."}`);
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate({ values: filledIn(provider, values), known });
  }

  return (
    <>
      <form id={form} className="stack" onSubmit={submit}>
        {provider.fields.map((field) => (
          <ServiceInput
            key={field.name} field={field} shown={config.tracing_config?.[field.name] ?? ""}
            value={values[field.name] ?? ""} onChange={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          />
        ))}
        <Problem error={save.error} />
      </form>
      <div className="row-wrap">
        <Button type="submit" form={form} kind="primary" busy={save.isPending} disabled={!complete(provider, values, config)}>{save.isPending ? "Testing…" : "Test and save"}</Button>
        {known && <RemoveService app={app} provider={provider} active={config.is_active === true} />}
      </div>
    </>
  );
}

function ServiceInput({ field, shown, value, onChange }: { field: TraceField; shown: string; value: string; onChange: (value: string) => void }) {
  const stored = field.secret && shown !== "";
  return (
    <TextField
      label={field.label} type={field.secret ? "password" : "text"} optional={!field.required} required={field.required && !stored}
      autoComplete="off" maxLength={2000} value={value} onChange={onChange}
      placeholder={field.secret ? shown : field.default} hint={stored ? "Leave it empty to keep the stored key." : undefined}
    />
  );
}

function RemoveService({ app, provider, active }: { app: App; provider: TraceProvider; active: boolean }) {
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const remove = useRemoveTraceConfig(app.id, provider.provider, () => {
    setAsking(false);
    toasts.done(`The keys of ${provider.label} are removed.`);
  });

  return (
    <>
      <Button kind="danger" icon="trash" onClick={() => setAsking(true)}>Remove</Button>
      {asking && (
        <Confirm title={`Remove ${provider.label}?`} action="Remove" busy={remove.isPending} error={<Problem error={remove.error} />} onConfirm={() => remove.mutate()} onClose={() => setAsking(false)}>
          {active ? "Its keys are forgotten, and tracing is off." : "Its keys are forgotten."}
        </Confirm>
      )}
    </>
  );
}
