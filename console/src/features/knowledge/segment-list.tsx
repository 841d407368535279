import { useState } from "react";
import { SegmentCard } from "@/features/knowledge/segment-card";
import { SegmentDialog } from "@/features/knowledge/segment-dialog";
import { isMoving } from "@/features/knowledge/progress";
import { SEGMENTS_PER_PAGE, useSegment, useSegmentChange, useSegments } from "@/features/knowledge/queries";
import type { Document, Segment } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { Pager } from "@/shared/ui/pager";
import { SearchInput } from "@/shared/ui/search-input";
import { EmptyState, Loaded, Loading, Notice, Problem } from "@/shared/ui/states";

interface Props {
  dataset: string;
  document: Document;
  /** The segment the address asks for; its page is opened, it is scrolled to and lit. */
  target: string | null;
}

export function SegmentList({ dataset, document, target }: Props) {
  const wanted = useSegment(dataset, target);
  if (target && wanted.isPending) return <div className="card"><Loading label="Looking for the segment" /></div>;
  const found = wanted.data?.document_id === document.id ? wanted.data : null;
  return (
    <>
      {target && !found && <Notice kind="warning"><p>The segment this link points to is no longer here. These are the document’s segments now.</p></Notice>}
      <Segments key={target ?? ""} dataset={dataset} document={document} wanted={found} />
    </>
  );
}

function Segments({ dataset, document, wanted }: { dataset: string; document: Document; wanted: Segment | null }) {
  const first = wanted ? Math.max(1, Math.ceil(wanted.position / SEGMENTS_PER_PAGE)) : 1;
  const [query, setQuery] = useState({ page: first, keyword: "", status: "" });
  const [editing, setEditing] = useState<Segment | "new" | null>(null);
  const [deleting, setDeleting] = useState<Segment | null>(null);
  const change = useSegmentChange(dataset, document.id);
  const segments = useSegments(dataset, document.id, query, !isMoving(document) || document.completed_segments > 0);
  const card = (segment: Segment) => (
    <SegmentCard
      key={segment.id} dataset={dataset} segment={segment} lit={segment.id === wanted?.id}
      onEdit={() => setEditing(segment)} onDelete={() => setDeleting(segment)}
    />
  );

  if (segments.fetchStatus === "idle" && segments.isPending) {
    return <div className="card"><EmptyState icon="text" title="Segments appear here shortly">The document is being read and split.</EmptyState></div>;
  }
  return (
    <section className="card" aria-label="Segments">
      <div className="card-head">
        <SearchInput label="Search segments" value={query.keyword} onSearch={(keyword) => setQuery({ ...query, keyword, page: 1 })} />
        <Button icon="plus" disabled={document.indexing_status !== "completed"} onClick={() => setEditing("new")}>Add segment</Button>
      </div>
      <Loaded query={segments}>
        {(page) => (
          <>
            {page.data.length === 0 && (
              <EmptyState icon="search" title={query.keyword ? "No segment matches" : "No segments"}>
                {query.keyword ? "Try another word." : "Nothing has been indexed from this document."}
              </EmptyState>
            )}
            <ol className="segments">
              {wanted && query.page === first && !query.keyword && !page.data.some(({ id }) => id === wanted.id) && card(wanted)}
              {page.data.map(card)}
            </ol>
            {page.total > 0 && <Pager page={query.page} limit={SEGMENTS_PER_PAGE} total={page.total} one="segment" onPage={(next) => setQuery({ ...query, page: next })} />}
          </>
        )}
      </Loaded>
      {editing && <SegmentDialog dataset={dataset} document={document.id} segment={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <Confirm
          title="Delete this segment?" action="Delete segment" busy={change.isPending} error={<Problem error={change.error} />}
          onConfirm={() => change.mutate({ id: deleting.id }, { onSuccess: () => setDeleting(null) })} onClose={() => setDeleting(null)}
        >
          Answers no longer use segment #{deleting.position}.
        </Confirm>
      )}
    </section>
  );
}
