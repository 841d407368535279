import { useEffect, useRef } from "react";
import { useSegmentChange } from "@/features/knowledge/queries";
import type { Segment } from "@/shared/api/types";
import { plural } from "@/shared/format/numbers";
import { Chip } from "@/shared/ui/bits";
import { IconButton } from "@/shared/ui/button";
import { Switch } from "@/shared/ui/field";
import { useToasts } from "@/shared/ui/toast";

interface Props {
  dataset: string;
  segment: Segment;
  lit: boolean;
  onEdit: () => void;
  onDelete: () => void;
}

/** One passage. A lit one was asked for by the address: it scrolls into view and takes the focus once. */
export function SegmentCard({ dataset, segment, lit, onEdit, onDelete }: Props) {
  const toasts = useToasts();
  const change = useSegmentChange(dataset, segment.document_id);
  const ref = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!lit) return;
    ref.current?.scrollIntoView({ block: "center" });
    ref.current?.focus({ preventScroll: true });
  }, [lit]);

  return (
    <li
      ref={ref} id={`segment-${segment.id}`} tabIndex={lit ? -1 : undefined} aria-current={lit || undefined}
      aria-label={`Segment ${segment.position}`} className={`segment${lit ? " lit" : ""}${segment.enabled ? "" : " off"}`}
    >
      <header className="row">
        <Chip plain kind={lit ? "accent" : "neutral"}>#{segment.position}</Chip>
        <span className="faint grow numeric">
          {plural(segment.word_count, "character")} · {plural(segment.hit_count, "hit")}
          {segment.enabled ? "" : " · not in use"}
        </span>
        <IconButton icon="pencil" label={`Edit segment ${segment.position}`} onClick={onEdit} />
        <IconButton icon="trash" danger label={`Delete segment ${segment.position}`} onClick={onDelete} />
        <Switch
          label={`${segment.enabled ? "Disable" : "Enable"} segment ${segment.position}`} checked={segment.enabled} disabled={change.isPending}
          onChange={(enabled) => change.mutate({ id: segment.id, change: { enabled } }, { onError: toasts.failed })}
        />
      </header>
      <p className="passage">{segment.content}</p>
      {segment.error && <p className="field-error">{segment.error}</p>}
      {segment.keywords && segment.keywords.length > 0 && (
        <p className="row-wrap keywords" aria-label="Keywords">{segment.keywords.slice(0, 12).map((word) => <span key={word}>{word}</span>)}</p>
      )}
    </li>
  );
}
