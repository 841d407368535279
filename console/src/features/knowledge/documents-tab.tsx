import { useCallback, useState } from "react";
import { DocumentTable } from "@/features/knowledge/document-table";
import { PasteText } from "@/features/knowledge/paste-text";
import { DOCUMENTS_PER_PAGE, useDocuments, useRefreshDocuments, type ListQuery } from "@/features/knowledge/queries";
import { UploadZone } from "@/features/knowledge/upload-zone";
import type { Dataset } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { Pager } from "@/shared/ui/pager";
import { SearchInput } from "@/shared/ui/search-input";
import { EmptyState, Loaded } from "@/shared/ui/states";

const STATUSES = ["queuing", "indexing", "paused", "error", "available", "disabled"];

export function DocumentsTab({ dataset }: { dataset: Dataset }) {
  const [query, setQuery] = useState<ListQuery>({ page: 1, keyword: "", status: "" });
  const [pasting, setPasting] = useState(false);
  const documents = useDocuments(dataset.id, query);
  const refresh = useRefreshDocuments(dataset.id);
  const arrived = useCallback(() => void refresh(), [refresh]);
  const filtered = query.keyword !== "" || query.status !== "";

  return (
    <div className="stack">
      <UploadZone dataset={dataset.id} onArrived={arrived} />
      <section className="card" aria-label="Documents">
        <div className="card-head">
          <SearchInput label="Search documents" value={query.keyword} onSearch={(keyword) => setQuery({ ...query, keyword, page: 1 })} />
          <div className="row">
            <select
              className="input" style={{ width: 150 }} aria-label="Status" value={query.status}
              onChange={(event) => setQuery({ ...query, status: event.target.value, page: 1 })}
            >
              <option value="">Any status</option>
              {STATUSES.map((status) => <option key={status} value={status}>{status[0]?.toUpperCase()}{status.slice(1)}</option>)}
            </select>
            <Button icon="text" onClick={() => setPasting(true)}>Paste text</Button>
          </div>
        </div>
        <Loaded query={documents}>
          {(page) => (
            <>
              {page.data.length > 0 && <DocumentTable dataset={dataset.id} documents={page.data} />}
              {page.data.length === 0 && filtered && <EmptyState icon="search" title="No document matches">Change the search or the status.</EmptyState>}
              {page.data.length === 0 && !filtered && (
                <EmptyState icon="file" title="No documents yet">
                  Drop files above or paste text. Each document is read, split into segments and indexed; you can watch it here.
                </EmptyState>
              )}
              {page.total > 0 && (
                <Pager page={query.page} limit={DOCUMENTS_PER_PAGE} total={page.total} one="document" onPage={(next) => setQuery({ ...query, page: next })} />
              )}
            </>
          )}
        </Loaded>
      </section>
      {pasting && <PasteText dataset={dataset.id} onDone={arrived} onClose={() => setPasting(false)} />}
    </div>
  );
}
