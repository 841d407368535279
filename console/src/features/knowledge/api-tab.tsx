import { serviceApiUrl } from "@/shared/api/base";
import type { Dataset } from "@/shared/api/types";
import { ApiKeys } from "@/shared/ui/api-keys";
import { CodeBlock } from "@/shared/ui/bits";
import { Card } from "@/shared/ui/page";

export default function ApiTab({ dataset }: { dataset: Dataset }) {
  const url = serviceApiUrl();
  const example = `curl -X POST '${url}/datasets/${dataset.id}/retrieve' \\
  -H 'Authorization: Bearer YOUR_KEY' \\
  -H 'Content-Type: application/json' \\
  -d '{"query": "When is the harbour open?"}'`;
  return (
    <div className="stack-l">
      <Card title="Knowledge API" about="Add documents and search from your own programs.">
        <div className="stack">
          <CodeBlock label="Base URL" code={url} />
          <CodeBlock label="Knowledge base id" code={dataset.id} />
          <CodeBlock label="Example" code={example} />
        </div>
      </Card>
      <ApiKeys path="/datasets/api-keys" about="Keys of the workspace: each works for all its knowledge bases." />
    </div>
  );
}
