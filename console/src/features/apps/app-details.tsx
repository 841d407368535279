import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { App } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { AreaField, TextField } from "@/shared/ui/field";
import { Card } from "@/shared/ui/page";
import { Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

/** Name and description of an app, and its end. */
export function AppDetails({ app }: { app: App }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = useState(app.name);
  const [description, setDescription] = useState(app.description ?? "");
  const changed = name.trim() !== app.name || description.trim() !== (app.description ?? "");
  const save = useMutation({
    mutationFn: () => api.patch<App>(`/apps/${app.id}`, { name: name.trim(), description: description.trim() }),
    onSuccess: (saved) => {
      client.setQueryData(keys.app(app.id), saved);
      void client.invalidateQueries({ queryKey: [...keys.apps, "list"] });
      toasts.done("The details are saved.");
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }

  return (
    <>
      <Card title="Details">
        <form className="stack" onSubmit={submit}>
          <TextField label="Name" required maxLength={40} value={name} onChange={setName} />
          <AreaField label="Description" optional rows={2} maxLength={400} value={description} onChange={setDescription} />
          <Problem error={save.error} />
          <div><Button type="submit" busy={save.isPending} disabled={!name.trim() || !changed}>Save details</Button></div>
        </form>
      </Card>
      <DeleteApp app={app} />
    </>
  );
}

function DeleteApp({ app }: { app: App }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/apps/${app.id}`),
    onSuccess: () => {
      setAsking(false);
      navigate("/apps");
      toasts.done(`“${app.name}” is deleted.`);
      void client.invalidateQueries({ queryKey: [...keys.apps, "list"] });
    },
  });
  return (
    <Card title="Delete app" about="Its conversations and API keys go with it; knowledge bases stay." flush actions={<Button kind="danger" icon="trash" onClick={() => setAsking(true)}>Delete app</Button>}>
      {asking && (
        <Confirm
          title={`Delete “${app.name}”?`} action="Delete" busy={remove.isPending} error={<Problem error={remove.error} />}
          onConfirm={() => remove.mutate()} onClose={() => setAsking(false)}
        >
          Its conversations and keys are removed for good. There is no way back.
        </Confirm>
      )}
    </Card>
  );
}
