import { expect, it } from "vitest";
import { beginning, complete, filledIn, type TraceConfig, type TraceProvider } from "@/features/apps/tracing";

const LANGFUSE: TraceProvider = {
  provider: "langfuse",
  label: "Langfuse",
  fields: [
    { name: "public_key", label: "Public key", secret: true, required: true, default: "" },
    { name: "secret_key", label: "Secret key", secret: true, required: true, default: "" },
    { name: "host", label: "Host", secret: false, required: false, default: "https://cloud.langfuse.com" },
  ],
};
const NONE: TraceConfig = { has_not_configured: true };
const STORED: TraceConfig = {
  tracing_config: { public_key: "pk-…1234", secret_key: "sk-…3456", host: "https://traces.example.org" },
  is_active: true, updated_at: 1,
};

it("begins with what is stored or usual, and never with a secret", () => {
  expect(beginning(LANGFUSE, NONE)).toEqual({ public_key: "", secret_key: "", host: "https://cloud.langfuse.com" });
  expect(beginning(LANGFUSE, STORED)).toEqual({ public_key: "", secret_key: "", host: "https://traces.example.org" });
});

it("sends only the secrets that were entered, and everything else as it stands", () => {
  const values = { ...beginning(LANGFUSE, STORED), secret_key: " sk-new ", host: "" };
  expect(filledIn(LANGFUSE, values)).toEqual({ secret_key: "sk-new", host: "" });
});

it("is complete when what must be there is entered or stored", () => {
  expect(complete(LANGFUSE, beginning(LANGFUSE, NONE), NONE)).toBe(false);
  expect(complete(LANGFUSE, { public_key: "pk", secret_key: " ", host: "" }, NONE)).toBe(false);
  expect(complete(LANGFUSE, { public_key: "pk", secret_key: "sk", host: "" }, NONE)).toBe(true);
  expect(complete(LANGFUSE, beginning(LANGFUSE, STORED), STORED)).toBe(true);
});
