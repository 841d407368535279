import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/shared/api/client";
import type { Document } from "@/shared/api/types";
import { AreaField, TextField } from "@/shared/ui/field";
import { FormDialog } from "@/shared/ui/dialog";
import { Problem } from "@/shared/ui/states";

/** A document from pasted text. */
export function PasteText({ dataset, onDone, onClose }: { dataset: string; onDone: () => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const create = useMutation({
    mutationFn: () => api.post<{ document: Document; batch: string }>(`/datasets/${dataset}/documents/text`, { name: name.trim(), text }),
    onSuccess: () => {
      onDone();
      onClose();
    },
  });
  return (
    <FormDialog wide title="Paste text" action="Add document" busy={create.isPending} disabled={!name.trim() || !text.trim()} onSubmit={() => create.mutate()} onClose={onClose}>
      <TextField label="Document name" required value={name} onChange={setName} placeholder="Opening hours" />
      <AreaField label="Text" required rows={12} value={text} onChange={setText} />
      <Problem error={create.error} />
    </FormDialog>
  );
}
