import { useState } from "react";
import { Link } from "wouter";
import { CreateDataset } from "@/features/knowledge/create-dataset";
import { useDatasets } from "@/shared/api/datasets";
import type { Dataset } from "@/shared/api/types";
import { plural } from "@/shared/format/numbers";
import { ago } from "@/shared/format/time";
import { Chip } from "@/shared/ui/bits";
import { Button } from "@/shared/ui/button";
import { Icon } from "@/shared/ui/icon";
import { PageHead } from "@/shared/ui/page";
import { Pager } from "@/shared/ui/pager";
import { SearchInput } from "@/shared/ui/search-input";
import { EmptyState, Loaded, SkeletonCards } from "@/shared/ui/states";

const PER_PAGE = 24;

export default function DatasetList() {
  const [page, setPage] = useState(1);
  const [keyword, setKeyword] = useState("");
  const [creating, setCreating] = useState(false);
  const datasets = useDatasets({ page, keyword, limit: PER_PAGE });
  const create = <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>Create knowledge base</Button>;
  const some = keyword !== "" || (datasets.data?.total ?? 0) > 0;

  return (
    <div className="page">
      <PageHead title="Knowledge" about="Documents your apps answer from, with citations." actions={some && create} />
      {some && (
        <SearchInput
          label="Search knowledge bases" value={keyword}
          onSearch={(text) => {
            setKeyword(text);
            setPage(1);
          }}
        />
      )}
      <Loaded query={datasets} skeleton={<SkeletonCards />}>
        {(found) => {
          if (found.total === 0 && !keyword) {
            return (
              <div className="card">
                <EmptyState icon="book" title="Create your first knowledge base" action={create}>
                  A knowledge base holds documents. Homeport reads them, splits them into passages and finds the right ones
                  when someone asks, so that an app can answer from them and show where the answer stands.
                </EmptyState>
              </div>
            );
          }
          if (found.data.length === 0) return <div className="card"><EmptyState icon="search" title="No knowledge base matches">Try another word.</EmptyState></div>;
          return (
            <>
              <ul className="cards" aria-label="Knowledge bases">{found.data.map((dataset) => <li key={dataset.id}><DatasetCard dataset={dataset} /></li>)}</ul>
              {found.total > PER_PAGE && <div className="card"><Pager page={page} limit={PER_PAGE} total={found.total} one="knowledge base" onPage={setPage} /></div>}
            </>
          );
        }}
      </Loaded>
      {creating && <CreateDataset onClose={() => setCreating(false)} />}
    </div>
  );
}

function DatasetCard({ dataset }: { dataset: Dataset }) {
  return (
    <article className="card card-link">
      <div className="row" style={{ gap: 12 }}>
        <span className="tile"><Icon name="book" size={19} /></span>
        <div className="grow">
          <h2 className="truncate"><Link href={`/knowledge/${dataset.id}`}>{dataset.name}</Link></h2>
          <p className="faint">Updated {ago(dataset.updated_at)}</p>
        </div>
      </div>
      <p className="about">{dataset.description || "No description."}</p>
      <div className="row-wrap">
        <Chip plain kind={dataset.indexing_technique === "economy" ? "neutral" : "accent"}>{dataset.indexing_technique === "economy" ? "Economy" : "High quality"}</Chip>
        <span className="faint numeric">{plural(dataset.document_count, "document")} · {plural(dataset.word_count, "character")}{dataset.app_count > 0 && ` · ${plural(dataset.app_count, "app")}`}</span>
      </div>
    </article>
  );
}
