import { useState } from "react";
import { Link } from "wouter";
import { isMoving, share, stage, STATUS_CHIP } from "@/features/knowledge/progress";
import { useDeleteDocument, useDocumentAction, type DocumentAction } from "@/features/knowledge/queries";
import type { Document } from "@/shared/api/types";
import { count, fileSize, plural } from "@/shared/format/numbers";
import { ago, fullTime } from "@/shared/format/time";
import { Chip, ProgressBar } from "@/shared/ui/bits";
import { Button, IconButton } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { Switch } from "@/shared/ui/field";
import { Icon } from "@/shared/ui/icon";
import { Problem } from "@/shared/ui/states";

export function DocumentTable({ dataset, documents }: { dataset: string; documents: Document[] }) {
  const action = useDocumentAction(dataset);
  const remove = useDeleteDocument(dataset);
  const [deleting, setDeleting] = useState<Document | null>(null);
  return (
    <div className="table-wrap">
      <table className="table documents">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col" className="right">Segments</th>
            <th scope="col" className="right">Hits</th>
            <th scope="col">Added</th>
            <th scope="col">In use</th>
            <th scope="col"><span className="visually-hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          {documents.map((document) => (
            <Row
              key={document.id} dataset={dataset} document={document}
              busy={action.isPending && action.variables.id === document.id}
              onAction={(name) => action.mutate({ id: document.id, action: name })} onDelete={() => setDeleting(document)}
            />
          ))}
        </tbody>
      </table>
      {deleting && (
        <Confirm
          title="Delete this document?" action="Delete document" busy={remove.isPending} error={<Problem error={remove.error} />}
          onConfirm={() => remove.mutate(deleting.id, { onSuccess: () => setDeleting(null) })}
          onClose={() => {
            remove.reset();
            setDeleting(null);
          }}
        >
          “{deleting.name}” and its {deleting.segment_count} segments are removed. Answers no longer use them.
        </Confirm>
      )}
    </div>
  );
}

interface RowProps {
  dataset: string;
  document: Document;
  busy: boolean;
  onAction: (action: DocumentAction) => void;
  onDelete: () => void;
}

function Row({ dataset, document, busy, onAction, onDelete }: RowProps) {
  const done = document.indexing_status === "completed";
  return (
    <tr>
      <td className="name-cell">
        <div className="row">
          <span className="faint" style={{ lineHeight: 0 }}><Icon name={document.file ? "file" : "text"} /></span>
          <div className="grow">
            <Link href={`/knowledge/${dataset}/documents/${document.id}`} className="doc-name">{document.name}</Link>
            <p className="faint">{document.file ? fileSize(document.file.size) : "Text"} · {plural(document.word_count ?? 0, "character")}</p>
          </div>
        </div>
      </td>
      <td className="status-cell"><Status document={document} busy={busy} onRetry={() => onAction("retry")} /></td>
      <td className="numeric right">{done ? count(document.segment_count) : "–"}</td>
      <td className="numeric right">{count(document.hit_count)}</td>
      <td title={fullTime(document.created_at)} style={{ whiteSpace: "nowrap" }}>{ago(document.created_at)}</td>
      <td>
        <Switch
          label={`${document.enabled ? "Disable" : "Enable"} ${document.name}`} checked={document.enabled && done} disabled={!done || busy || document.archived}
          onChange={(on) => onAction(on ? "enable" : "disable")}
        />
      </td>
      <td className="right" style={{ whiteSpace: "nowrap" }}>
        {isMoving(document) && <IconButton icon="pause" label={`Pause ${document.name}`} disabled={busy} onClick={() => onAction("pause")} />}
        {document.indexing_status === "paused" && <IconButton icon="play" label={`Resume ${document.name}`} disabled={busy} onClick={() => onAction("resume")} />}
        <IconButton icon="trash" danger label={`Delete ${document.name}`} onClick={onDelete} />
      </td>
    </tr>
  );
}

export function Status({ document, busy, onRetry }: { document: Document; busy: boolean; onRetry: () => void }) {
  const chip = STATUS_CHIP[document.display_status] ?? { text: document.display_status, kind: "neutral" as const };
  const moving = isMoving(document);
  return (
    <div className="stack-s" style={{ gap: 5 }}>
      <div className="row"><Chip kind={chip.kind}>{chip.text}</Chip>{(moving || document.indexing_status === "paused") && <span className="faint numeric">{stage(document)}</span>}</div>
      {(moving || document.indexing_status === "paused") && <ProgressBar label={`Progress of ${document.name}`} value={share(document)} moving={moving} />}
      {document.indexing_status === "error" && (
        <div className="row" style={{ alignItems: "flex-start" }}>
          <p className="field-error grow">{document.error ?? "The document could not be indexed."}</p>
          <Button small icon="refresh" busy={busy} aria-label={`Retry ${document.name}`} onClick={onRetry}>Retry</Button>
        </div>
      )}
    </div>
  );
}
