import { useState } from "react";
import { useSegmentChange } from "@/features/knowledge/queries";
import type { Segment } from "@/shared/api/types";
import { FormDialog } from "@/shared/ui/dialog";
import { AreaField, TextField } from "@/shared/ui/field";
import { Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

const words = (text: string): string[] => text.split(",").map((word) => word.trim()).filter(Boolean);

interface Props {
  dataset: string;
  document: string;
  /** Null for a new one. */
  segment: Segment | null;
  onClose: () => void;
}

export function SegmentDialog({ dataset, document, segment, onClose }: Props) {
  const toasts = useToasts();
  const before = (segment?.keywords ?? []).join(", ");
  const [content, setContent] = useState(segment?.content ?? "");
  const [keywords, setKeywords] = useState(before);
  const save = useSegmentChange(dataset, document);

  function submit() {
    const change = { content, ...(keywords === before ? {} : { keywords: words(keywords) }) };
    save.mutate(segment ? { id: segment.id, change } : { change }, {
      onSuccess: () => {
        toasts.done(segment ? "The segment is saved and indexed again." : "The segment is added.");
        onClose();
      },
    });
  }

  return (
    <FormDialog
      wide title={segment ? `Edit segment ${segment.position}` : "Add segment"} action={segment ? "Save segment" : "Add segment"}
      busy={save.isPending} disabled={!content.trim()} onSubmit={submit} onClose={onClose}
    >
      <AreaField label="Content" required rows={12} value={content} onChange={setContent} />
      <TextField label="Keywords" optional hint="Separated by commas; left empty, they are found in the text." value={keywords} onChange={setKeywords} />
      <Problem error={save.error} />
    </FormDialog>
  );
}
