import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { AppIcon, MODE_NAMES } from "@/features/apps/app-icon";
import { CreateApp } from "@/features/apps/create-app";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { App, Page } from "@/shared/api/types";
import { ago } from "@/shared/format/time";
import { Chip } from "@/shared/ui/bits";
import { Button } from "@/shared/ui/button";
import { PageHead } from "@/shared/ui/page";
import { Pager } from "@/shared/ui/pager";
import { SearchInput } from "@/shared/ui/search-input";
import { EmptyState, Loaded, SkeletonCards } from "@/shared/ui/states";

const PER_PAGE = 24;

export default function AppList() {
  const [query, setQuery] = useState({ page: 1, name: "" });
  const [creating, setCreating] = useState(false);
  const apps = useQuery({
    queryKey: [...keys.apps, "list", query],
    queryFn: ({ signal }) => api.get<Page<App>>("/apps", { ...query, limit: PER_PAGE }, signal),
    placeholderData: keepPreviousData,
  });
  const create = <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>Create app</Button>;
  const some = query.name !== "" || (apps.data?.total ?? 0) > 0;

  return (
    <div className="page">
      <PageHead title="Apps" about="Chat with your knowledge here, or call an app by its API." actions={some && create} />
      {some && <SearchInput label="Search apps" value={query.name} onSearch={(name) => setQuery({ page: 1, name })} />}
      <Loaded query={apps} skeleton={<SkeletonCards />}>
        {(found) => {
          if (found.total === 0 && !query.name) {
            return (
              <div className="card">
                <EmptyState icon="chat" title="Create your first app" action={create}>
                  An app answers questions. Give it instructions and knowledge bases, and it answers from your documents and
                  shows the passages each answer rests on. It works at once, even before a model is configured.
                </EmptyState>
              </div>
            );
          }
          if (found.data.length === 0) return <div className="card"><EmptyState icon="search" title="No app matches">Try another word.</EmptyState></div>;
          return (
            <>
              <ul className="cards" aria-label="Apps">{found.data.map((app) => <li key={app.id}><AppCard app={app} /></li>)}</ul>
              {found.total > PER_PAGE && <div className="card"><Pager page={query.page} limit={PER_PAGE} total={found.total} one="app" onPage={(page) => setQuery({ ...query, page })} /></div>}
            </>
          );
        }}
      </Loaded>
      {creating && <CreateApp onClose={() => setCreating(false)} />}
    </div>
  );
}

function AppCard({ app }: { app: App }) {
  return (
    <article className="card card-link">
      <div className="row" style={{ gap: 12 }}>
        <AppIcon app={app} />
        <div className="grow">
          <h2 className="truncate"><Link href={`/apps/${app.id}`}>{app.name}</Link></h2>
          <p className="faint">Updated {ago(app.updated_at)}</p>
        </div>
      </div>
      <p className="about">{app.description || "No description."}</p>
      <div className="row-wrap"><Chip plain kind="accent">{MODE_NAMES[app.mode] ?? app.mode}</Chip></div>
    </article>
  );
}
