import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

export interface TraceField {
  name: string;
  label: string;
  secret: boolean;
  required: boolean;
  default: string;
}

export interface TraceProvider {
  provider: string;
  label: string;
  fields: TraceField[];
}

export interface TraceSwitch {
  enabled: boolean;
  tracing_provider: string | null;
  last_failure: { at: number; error: string } | null;
}

/** A stored configuration, secrets masked; or the word that there is none. */
export interface TraceConfig {
  has_not_configured?: boolean;
  tracing_config?: Record<string, string>;
  is_active?: boolean;
  updated_at?: number;
}

export type Values = Record<string, string>;

/** What the form begins with: plain fields as they are stored, else their defaults; secrets empty. */
export function beginning(provider: TraceProvider, config: TraceConfig): Values {
  const stored = config.tracing_config ?? {};
  return Object.fromEntries(provider.fields.map(({ name, secret, default: usual }) => [name, secret ? "" : String(stored[name] ?? usual)]));
}

/** What is sent: without the secrets that were left empty, so that stored ones stay. */
export function filledIn(provider: TraceProvider, values: Values): Values {
  const sent = provider.fields.map(({ name, secret }) => [name, (values[name] ?? "").trim(), secret] as const);
  return Object.fromEntries(sent.filter(([, value, secret]) => value !== "" || !secret).map(([name, value]) => [name, value]));
}

/** Whether everything is there that must be; a stored secret counts. */
export function complete(provider: TraceProvider, values: Values, config: TraceConfig): boolean {
  const stored = config.tracing_config ?? {};
  return provider.fields.every(({ name, required, secret }) => !required || (values[name] ?? "").trim() !== "" || (secret && Boolean(stored[name])));
}

export function useTraceProviders() {
  return useQuery({
    queryKey: keys.traceProviders,
    queryFn: ({ signal }) => api.get<{ data: TraceProvider[] }>("/trace-providers", {}, signal),
    select: (answer) => answer.data,
    staleTime: Infinity,
  });
}

export function useTraceSwitch(app: string) {
  return useQuery({
    queryKey: keys.trace(app),
    queryFn: ({ signal }) => api.get<TraceSwitch>(`/apps/${app}/trace`, {}, signal),
  });
}

export function useTraceConfig(app: string, provider: string) {
  return useQuery({
    queryKey: keys.traceConfig(app, provider),
    queryFn: ({ signal }) => api.get<TraceConfig>(`/apps/${app}/trace-config`, { tracing_provider: provider }, signal),
  });
}

/** Asks anew after a change. `done` is told first: whoever shows the change may be gone with what it changed. */
function useForget(app: string, done: () => void) {
  const client = useQueryClient();
  return () => {
    done();
    return client.invalidateQueries({ queryKey: keys.trace(app) });
  };
}

export function useSaveTraceConfig(app: string, provider: string, done: () => void) {
  const forget = useForget(app, done);
  return useMutation({
    mutationFn: ({ values, known }: { values: Values; known: boolean }) => {
      const body = { tracing_provider: provider, tracing_config: values };
      return known ? api.patch(`/apps/${app}/trace-config`, body) : api.post(`/apps/${app}/trace-config`, body);
    },
    onSuccess: forget,
  });
}

export function useRemoveTraceConfig(app: string, provider: string, done: () => void) {
  const forget = useForget(app, done);
  return useMutation({
    mutationFn: () => api.delete(`/apps/${app}/trace-config?tracing_provider=${encodeURIComponent(provider)}`),
    onSuccess: forget,
  });
}

export function useSwitchTracing(app: string, provider: string, done: () => void) {
  const forget = useForget(app, done);
  return useMutation({
    mutationFn: (enabled: boolean) => api.post(`/apps/${app}/trace`, { enabled, tracing_provider: provider }),
    onSuccess: forget,
  });
}
