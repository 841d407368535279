import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { Resource } from "@/shared/api/types";
import { Chip, Score } from "@/shared/ui/bits";
import { IconButton } from "@/shared/ui/button";
import { Icon } from "@/shared/ui/icon";

/** The passage behind a citation, beside the conversation. Takes the focus; Esc closes it and gives the focus back. */
export function SourcePanel({ resource, onClose }: { resource: Resource; onClose: () => void }) {
  const ref = useRef<HTMLElement>(null);
  const back = useRef<Element | null>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  }, [onClose]);
  useEffect(() => {
    back.current = document.activeElement;
    ref.current?.focus({ preventScroll: true });
    const esc = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) close.current();
    };
    window.addEventListener("keydown", esc);
    return () => {
      window.removeEventListener("keydown", esc);
      if (back.current instanceof HTMLElement && back.current.isConnected) back.current.focus({ preventScroll: true });
    };
  }, [resource]);

  return (
    <aside className="source-panel" aria-label={`Source ${resource.position}`} tabIndex={-1} ref={ref}>
      <header className="row">
        <span className="cite" aria-hidden="true">{resource.position}</span>
        <h2 className="grow truncate" title={resource.document_name}>{resource.document_name}</h2>
        <IconButton icon="close" label="Close source" onClick={onClose} />
      </header>
      <div className="row-wrap">
        <Chip plain kind="accent">{resource.dataset_name}</Chip>
        {resource.segment_position ? <Chip plain>#{resource.segment_position}</Chip> : null}
        {resource.score !== null && <Score value={resource.score} />}
      </div>
      <p className="passage">{resource.content}</p>
      <Link className="button" href={`/knowledge/${resource.dataset_id}/documents/${resource.document_id}?segment=${resource.segment_id}`}>
        <Icon name="external" />Open in document
      </Link>
    </aside>
  );
}
