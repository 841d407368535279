import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { useRetrieve } from "@/features/knowledge/queries";
import { RetrievalFields, retrievalOf } from "@/features/knowledge/retrieval-fields";
import type { Dataset, RetrieveAnswer, RetrieveRecord } from "@/shared/api/types";
import { plural } from "@/shared/format/numbers";
import { Chip, Marked, Score } from "@/shared/ui/bits";
import { Button } from "@/shared/ui/button";
import { AreaField } from "@/shared/ui/field";
import { Icon } from "@/shared/ui/icon";
import { Card } from "@/shared/ui/page";
import { EmptyState, ErrorState, Loading } from "@/shared/ui/states";

/** Asks the knowledge base and shows what would be found, and how well. */
export default function RetrievalTab({ dataset }: { dataset: Dataset }) {
  const [query, setQuery] = useState("");
  const [model, setModel] = useState(() => retrievalOf(dataset));
  const retrieve = useRetrieve(dataset.id);

  function run(event?: FormEvent) {
    event?.preventDefault();
    if (query.trim()) retrieve.mutate({ query: query.trim(), retrieval_model: model });
  }

  return (
    <div className="retrieval">
      <Card title="Retrieval test" about="See which passages a question finds.">
        <form className="stack" onSubmit={run}>
          <AreaField
            label="Question" rows={3} required maxLength={250} value={query} onChange={setQuery} placeholder="When is the harbour open?"
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
                event.preventDefault();
                run();
              }
            }}
          />
          <RetrievalFields value={model} technique={dataset.indexing_technique} onChange={setModel} />
          <Button kind="primary" type="submit" icon="search" busy={retrieve.isPending} disabled={!query.trim()}>Search</Button>
        </form>
      </Card>
      <section aria-label="Results" className="stack" aria-live="polite" aria-busy={retrieve.isPending}>
        {retrieve.isPending && <div className="card"><Loading label="Searching" /></div>}
        {retrieve.isError && <div className="card"><ErrorState error={retrieve.error} onRetry={() => run()} /></div>}
        {retrieve.isIdle && <div className="card"><EmptyState icon="search" title="Ask a question">The best passages appear here with their score; matching words are marked.</EmptyState></div>}
        {retrieve.data && <Results answer={retrieve.data} dataset={dataset.id} />}
      </section>
    </div>
  );
}

function Results({ answer, dataset }: { answer: RetrieveAnswer; dataset: string }) {
  if (answer.records.length === 0) {
    return (
      <div className="card">
        <EmptyState icon="search" title="Nothing found">No passage fits in {answer.took_ms.toFixed(1)} ms. Lower the threshold, or try another method.</EmptyState>
      </div>
    );
  }
  return (
    <>
      <p className="faint numeric">{plural(answer.records.length, "passage")} in {answer.took_ms.toFixed(1)} ms</p>
      <ol className="stack">
        {answer.records.map((record) => <li key={record.segment.id}><Result record={record} dataset={dataset} /></li>)}
      </ol>
    </>
  );
}

function Result({ record, dataset }: { record: RetrieveRecord; dataset: string }) {
  return (
    <article className="card hit" data-testid="retrieval-hit">
      <header className="row">
        <Chip plain>#{record.segment.position}</Chip>
        <Link className="grow truncate" href={`/knowledge/${dataset}/documents/${record.document.id}?segment=${record.segment.id}`}>
          <span className="row" style={{ gap: 6 }}><Icon name="file" size={14} /><span className="truncate">{record.document.name}</span></span>
        </Link>
        <Score value={record.score} />
      </header>
      <p className="passage"><Marked text={record.segment.content} spans={record.highlights} /></p>
    </article>
  );
}
