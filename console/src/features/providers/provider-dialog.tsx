import { useState } from "react";
import { useSaveProvider } from "@/features/providers/queries";
import type { Provider, ProviderModel } from "@/shared/api/types";
import { plural } from "@/shared/format/numbers";
import { Button } from "@/shared/ui/button";
import { Dialog, FormDialog } from "@/shared/ui/dialog";
import { AreaField, TextField } from "@/shared/ui/field";
import { Notice, Problem } from "@/shared/ui/states";

const lines = (text: string): string[] => text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
const named = (models: ProviderModel[], type: string): string => models.filter((model) => model.model_type === type).map(({ model }) => model).join("\n");

/** Address, key and models of a provider. Saving asks the address first and says what came back. */
export function ProviderDialog({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const save = useSaveProvider();
  const [url, setUrl] = useState(provider.base_url ?? "");
  const [key, setKey] = useState("");
  const [chat, setChat] = useState(() => named(provider.models, "llm"));
  const [embedding, setEmbedding] = useState(() => named(provider.models, "text-embedding"));

  function submit() {
    const models = [
      ...lines(chat).map((model) => ({ model, model_type: "llm" })),
      ...lines(embedding).map((model) => ({ model, model_type: "text-embedding" })),
    ];
    save.mutate({
      provider: provider.provider,
      form: { base_url: url.trim(), ...(key ? { api_key: key } : {}), ...(models.length > 0 ? { models } : {}) },
    });
  }

  if (save.data) {
    return (
      <Dialog title={provider.label} onClose={onClose}>
        <div className="dialog-body">
          <Notice kind="success">
            <p>{provider.label} answers at {save.data.base_url ?? url}.</p>
            <p>{save.data.models.length > 0 ? `${plural(save.data.models.length, "model")} can be chosen now.` : "It names no models: add their names by hand."}</p>
          </Notice>
        </div>
        <footer className="dialog-foot"><Button kind="primary" onClick={onClose}>Done</Button></footer>
      </Dialog>
    );
  }
  return (
    <FormDialog title={`Configure ${provider.label}`} action={save.isPending ? "Testing…" : "Test and save"} busy={save.isPending} disabled={!url.trim()} onSubmit={submit} onClose={onClose}>
      <TextField label="Base URL" type="url" required value={url} onChange={setUrl} placeholder="http://127.0.0.1:8000/v1" hint="The address is asked before anything is saved." />
      <TextField
        label="API key" type="password" optional autoComplete="off" value={key} onChange={setKey}
        placeholder={provider.api_key_masked ?? ""} hint={provider.api_key_masked && provider.source === "workspace" ? "Leave it empty to keep the stored key." : "Many local servers need none."}
      />
      <details className="fold" open={chat !== "" || embedding !== "" || undefined}>
        <summary>Model names</summary>
        <div className="fold-body">
          <p className="field-hint">Left empty, the models are asked from the server. One name per line.</p>
          <AreaField label="Chat models" optional rows={3} value={chat} onChange={setChat} />
          <AreaField label="Embedding models" optional rows={2} value={embedding} onChange={setEmbedding} />
        </div>
      </details>
      <Problem error={save.error} />
    </FormDialog>
  );
}
