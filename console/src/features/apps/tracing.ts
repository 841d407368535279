import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { TraceConfig, TraceProvider, TraceSwitch } from "@/shared/api/types";

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

function useForget(app: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.trace(app) });
}

export function useSaveTraceConfig(app: string, provider: string) {
  const forget = useForget(app);
  return useMutation({
    mutationFn: ({ values, known }: { values: Values; known: boolean }) => {
      const body = { tracing_provider: provider, tracing_config: values };
      return known ? api.patch(`/apps/${app}/trace-config`, body) : api.post(`/apps/${app}/trace-config`, body);
    },
    onSuccess: forget,
  });
}

export function useRemoveTraceConfig(app: string, provider: string) {
  const forget = useForget(app);
  return useMutation({
    mutationFn: () => api.delete(`/apps/${app}/trace-config?tracing_provider=${encodeURIComponent(provider)}`),
    onSuccess: forget,
  });
}

export function useSwitchTracing(app: string, provider: string) {
  const forget = useForget(app);
  return useMutation({
    mutationFn: (enabled: boolean) => api.post(`/apps/${app}/trace`, { enabled, tracing_provider: provider }),
    onSuccess: forget,
  });
}
