import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { TECHNIQUES } from "@/features/knowledge/create-dataset";
import { useSaveDataset } from "@/features/knowledge/queries";
import { RetrievalFields, retrievalOf } from "@/features/knowledge/retrieval-fields";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Dataset } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { AreaField, Choices, TextField } from "@/shared/ui/field";
import { Card } from "@/shared/ui/page";
import { Notice, Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

export default function SettingsTab({ dataset }: { dataset: Dataset }) {
  const toasts = useToasts();
  const save = useSaveDataset(dataset.id);
  const [name, setName] = useState(dataset.name);
  const [description, setDescription] = useState(dataset.description ?? "");
  const [technique, setTechnique] = useState(dataset.indexing_technique);
  const [retrieval, setRetrieval] = useState(() => retrievalOf(dataset));

  function submit(event: FormEvent) {
    event.preventDefault();
    const change = {
      name: name.trim(), description: description.trim(),
      retrieval_model: retrievalOf({ retrieval_model: retrieval, indexing_technique: technique }),
      ...(technique === dataset.indexing_technique ? {} : { indexing_technique: technique }),
    };
    save.mutate(change, { onSuccess: () => toasts.done("The knowledge base is saved.") });
  }

  return (
    <div className="stack-l" style={{ maxWidth: 720 }}>
      <form className="stack-l" onSubmit={submit}>
        <Card title="General">
          <div className="stack">
            <TextField label="Name" required maxLength={40} value={name} onChange={setName} />
            <AreaField label="Description" optional rows={2} maxLength={400} value={description} onChange={setDescription} />
            <Choices legend="Indexing" name="technique" value={technique} options={TECHNIQUES} onChange={setTechnique} />
            {technique !== dataset.indexing_technique && <Notice kind="warning"><p>Saving indexes every document again.</p></Notice>}
            {dataset.embedding_model && technique === "high_quality" && (
              <p className="faint">Embedding model: {dataset.embedding_model} ({dataset.embedding_model_provider})</p>
            )}
          </div>
        </Card>
        <Card title="Retrieval" about="How apps and the API search, unless they say otherwise.">
          <div className="grid-3">
            <RetrievalFields value={retrieval} technique={technique} onChange={setRetrieval} />
          </div>
        </Card>
        <Problem error={save.error} />
        <div><Button kind="primary" type="submit" busy={save.isPending} disabled={!name.trim()}>Save settings</Button></div>
      </form>
      <DeleteDataset dataset={dataset} />
    </div>
  );
}

function DeleteDataset({ dataset }: { dataset: Dataset }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/datasets/${dataset.id}`),
    onSuccess: () => {
      setAsking(false);
      navigate("/knowledge");
      toasts.done(`“${dataset.name}” is deleted.`);
      void client.invalidateQueries({ queryKey: [...keys.datasets, "list"] });
    },
  });
  return (
    <Card title="Delete knowledge base" about="Documents, segments and their index are removed for good." actions={<Button kind="danger" icon="trash" onClick={() => setAsking(true)}>Delete knowledge base</Button>} flush>
      {asking && (
        <Confirm
          title={`Delete “${dataset.name}”?`} action="Delete" busy={remove.isPending} error={<Problem error={remove.error} />}
          onConfirm={() => remove.mutate()} onClose={() => setAsking(false)}
        >
          All {dataset.document_count} documents are removed for good. There is no way back.
        </Confirm>
      )}
    </Card>
  );
}
