import { serviceApiUrl } from "@/shared/api/base";
import type { App } from "@/shared/api/types";
import { ApiKeys } from "@/shared/ui/api-keys";
import { CodeBlock } from "@/shared/ui/bits";
import { Card } from "@/shared/ui/page";

export function ApiTab({ app }: { app: App }) {
  const url = serviceApiUrl();
  const chat = app.mode === "chat";
  const body = chat
    ? `{"query": "When is the harbour open?", "inputs": {}, "response_mode": "streaming", "user": "reader-1"}`
    : `{"inputs": {"query": "When is the harbour open?"}, "response_mode": "streaming", "user": "reader-1"}`;
  const example = `curl -N -X POST '${url}/${chat ? "chat" : "completion"}-messages' \\
  -H 'Authorization: Bearer YOUR_KEY' \\
  -H 'Content-Type: application/json' \\
  -d '${body}'`;
  return (
    <div className="stack-l">
      <Card title="Service API" about="Call this app from your own programs. Each app has its own keys.">
        <div className="stack">
          <CodeBlock label="Base URL" code={url} />
          <CodeBlock label="Example" code={example} />
        </div>
      </Card>
      <ApiKeys path={`/apps/${app.id}/api-keys`} about="Whoever has a key can use this app. Keep it on your server." />
    </div>
  );
}
