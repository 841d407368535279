import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { DatasetPicker } from "@/features/apps/dataset-picker";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { App, AppMode } from "@/shared/api/types";
import { FormDialog } from "@/shared/ui/dialog";
import { AreaField, Choices, TextField } from "@/shared/ui/field";
import { Problem } from "@/shared/ui/states";
import "@/features/apps/apps.css";

const MODES: { value: AppMode; title: string; about: string }[] = [
  { value: "chat", title: "Chat", about: "Talks in conversations and remembers what was said." },
  { value: "completion", title: "Completion", about: "Answers one request at a time, without memory." },
];

export function CreateApp({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [mode, setMode] = useState<AppMode>("chat");
  const [datasets, setDatasets] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: () => api.post<App>("/apps", { name: name.trim(), description: description.trim(), mode, dataset_ids: datasets }),
    onSuccess: (app) => {
      if (app.model_config) client.setQueryData(keys.app(app.id), app);
      void client.invalidateQueries({ queryKey: [...keys.apps, "list"] });
      onClose();
      navigate(`/apps/${app.id}`);
    },
  });

  return (
    <FormDialog title="Create app" action="Create" busy={create.isPending} disabled={!name.trim()} onSubmit={() => create.mutate()} onClose={onClose}>
      <TextField label="Name" required maxLength={40} value={name} onChange={setName} placeholder="Handbook assistant" />
      <AreaField label="Description" optional rows={2} maxLength={400} value={description} onChange={setDescription} />
      <Choices legend="Mode" name="mode" value={mode} options={MODES} onChange={setMode} />
      <DatasetPicker chosen={datasets} onChange={setDatasets} />
      <Problem error={create.error} />
    </FormDialog>
  );
}
