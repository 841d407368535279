/** Tracing of apps: one service that takes every key but "wrong". */
const PROVIDERS = [
  {
    provider: "langfuse", label: "Langfuse",
    fields: [
      { name: "public_key", label: "Public key", secret: true, required: true, default: "" },
      { name: "secret_key", label: "Secret key", secret: true, required: true, default: "" },
      { name: "host", label: "Host", secret: false, required: false, default: "https://cloud.langfuse.com" },
    ],
  },
];
const hidden = (key) => (key.length > 12 ? `${key.slice(0, 3)}…${key.slice(-4)}` : "…");

function save(s, { params, body, refuse }) {
  const { tracing_provider, tracing_config } = body;
  if (Object.values(tracing_config).includes("wrong")) refuse(400, "trace_config_check_error", "langfuse: 401 Invalid credentials.");
  const before = s.traceConfigs[params.id] ?? {};
  const entered = Object.entries(tracing_config).map(([name, value]) => [name, name.endsWith("_key") ? hidden(value) : value]);
  s.traceConfigs[params.id] = { ...before, ...Object.fromEntries(entered) };
  s.traceChanges += 1;
  return { result: "success", tracing_provider };
}

export const newTracing = () => ({ traceConfigs: {}, traces: {}, traceChanges: 0 });

export const traceRoutes = (refuse) => ({
  "GET /trace-providers": () => ({ data: PROVIDERS }),
  "GET /apps/:id/trace": (s, { params }) => ({ enabled: false, tracing_provider: null, last_failure: null, ...s.traces[params.id] }),
  "POST /apps/:id/trace": (s, { params, body }) => ({ result: "success", ...(s.traces[params.id] = body) }),
  "GET /apps/:id/trace-config": (s, { params }) => {
    const found = s.traceConfigs[params.id];
    return found ? { tracing_config: found, is_active: s.traces[params.id]?.enabled === true, updated_at: s.traceChanges } : { has_not_configured: true };
  },
  "POST /apps/:id/trace-config": (s, context) => save(s, { ...context, refuse }),
  "PATCH /apps/:id/trace-config": (s, context) => save(s, { ...context, refuse }),
  "DELETE /apps/:id/trace-config": (s, { params }) => {
    delete s.traceConfigs[params.id];
    delete s.traces[params.id];
  },
});
