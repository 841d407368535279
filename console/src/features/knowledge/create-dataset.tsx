import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { DEFAULT_RULE, ProcessRuleFields, toProcessRule } from "@/features/knowledge/process-rule-fields";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Dataset, IndexingTechnique } from "@/shared/api/types";
import { FormDialog } from "@/shared/ui/dialog";
import { AreaField, Choices, TextField } from "@/shared/ui/field";
import { Problem } from "@/shared/ui/states";

export const TECHNIQUES: { value: IndexingTechnique; title: string; about: string }[] = [
  { value: "high_quality", title: "High quality", about: "An embedding model finds passages by meaning, even in other words." },
  { value: "economy", title: "Economy", about: "Finds passages by their words only; fast and needs no model." },
];

export function CreateDataset({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [technique, setTechnique] = useState<IndexingTechnique>("high_quality");
  const [rule, setRule] = useState(DEFAULT_RULE);
  const create = useMutation({
    mutationFn: () =>
      api.post<Dataset>("/datasets", {
        name: name.trim(), description: description.trim(), indexing_technique: technique, process_rule: toProcessRule(rule),
      }),
    onSuccess: (dataset) => {
      client.setQueryData(keys.dataset(dataset.id), dataset);
      void client.invalidateQueries({ queryKey: [...keys.datasets, "list"] });
      onClose();
      navigate(`/knowledge/${dataset.id}/documents`);
    },
  });

  return (
    <FormDialog title="Create knowledge base" action="Create" busy={create.isPending} disabled={!name.trim()} onSubmit={() => create.mutate()} onClose={onClose}>
      <TextField label="Name" required maxLength={40} value={name} onChange={setName} placeholder="Product handbook" />
      <AreaField label="Description" optional rows={2} maxLength={400} value={description} onChange={setDescription} />
      <Choices legend="Indexing" name="technique" value={technique} options={TECHNIQUES} onChange={setTechnique} />
      <details className="fold">
        <summary>Advanced</summary>
        <div className="fold-body"><ProcessRuleFields form={rule} onChange={setRule} /></div>
      </details>
      <Problem error={create.error} />
    </FormDialog>
  );
}
