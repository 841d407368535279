import { useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { Status } from "@/features/knowledge/document-table";
import { SegmentList } from "@/features/knowledge/segment-list";
import { useDataset, useDeleteDocument, useDocument, useDocumentAction } from "@/features/knowledge/queries";
import type { Document } from "@/shared/api/types";
import { fileSize, plural } from "@/shared/format/numbers";
import { fullTime } from "@/shared/format/time";
import { Button } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { PageHead } from "@/shared/ui/page";
import { Loaded, Problem } from "@/shared/ui/states";
import "@/features/knowledge/knowledge.css";

/** A document and its segments. `?segment={id}` opens at that segment: this is where citations lead. */
export default function DocumentPage({ dataset, document: id }: { dataset: string; document: string }) {
  const [params] = useSearchParams();
  const parent = useDataset(dataset);
  const document = useDocument(dataset, id);
  const crumbs = [
    { name: "Knowledge", href: "/knowledge" },
    { name: parent.data?.name ?? "…", href: `/knowledge/${dataset}/documents` },
  ];
  return (
    <div className="page">
      <Loaded query={document}>
        {(found) => (
          <>
            <PageHead title={found.name} crumbs={crumbs} about={<Facts document={found} />} actions={<Actions dataset={dataset} document={found} />} />
            {found.indexing_status !== "completed" && <StatusCard dataset={dataset} document={found} />}
            <SegmentList dataset={dataset} document={found} target={params.get("segment")} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function Facts({ document }: { document: Document }) {
  const facts = [
    document.file ? `${document.file.extension.replace(/^\./, "").toUpperCase()}, ${fileSize(document.file.size)}` : "Text",
    plural(document.word_count ?? 0, "character"),
    plural(document.segment_count, "segment"),
    plural(document.hit_count, "hit"),
    `added ${fullTime(document.created_at)}`,
  ];
  return <span className="numeric">{facts.join(" · ")}{document.enabled ? "" : " · not in use"}</span>;
}

function StatusCard({ dataset, document }: { dataset: string; document: Document }) {
  const action = useDocumentAction(dataset);
  return (
    <section className="card card-body" aria-label="Status">
      <Status document={document} busy={action.isPending} onRetry={() => action.mutate({ id: document.id, action: "retry" })} />
    </section>
  );
}

function Actions({ dataset, document }: { dataset: string; document: Document }) {
  const action = useDocumentAction(dataset);
  const remove = useDeleteDocument(dataset);
  const [, navigate] = useLocation();
  const [deleting, setDeleting] = useState(false);
  const done = document.indexing_status === "completed";
  return (
    <>
      {done && (
        <Button busy={action.isPending} onClick={() => action.mutate({ id: document.id, action: document.enabled ? "disable" : "enable" })}>
          {document.enabled ? "Disable" : "Enable"}
        </Button>
      )}
      <Button icon="trash" onClick={() => setDeleting(true)}>Delete</Button>
      {deleting && (
        <Confirm
          title="Delete this document?" action="Delete document" busy={remove.isPending} error={<Problem error={remove.error} />}
          onConfirm={() => remove.mutate(document.id, { onSuccess: () => navigate(`/knowledge/${dataset}/documents`) })}
          onClose={() => setDeleting(false)}
        >
          “{document.name}” and its {plural(document.segment_count, "segment")} are removed. Answers no longer use them.
        </Confirm>
      )}
    </>
  );
}
