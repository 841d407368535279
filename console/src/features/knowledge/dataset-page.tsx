import { lazy, Suspense } from "react";
import { DocumentsTab } from "@/features/knowledge/documents-tab";
import { useDataset } from "@/features/knowledge/queries";
import type { Dataset } from "@/shared/api/types";
import { Chip } from "@/shared/ui/bits";
import { PageHead, TabLinks } from "@/shared/ui/page";
import { EmptyState, Loaded, Loading } from "@/shared/ui/states";
import "@/features/knowledge/knowledge.css";

const RetrievalTab = lazy(() => import("@/features/knowledge/retrieval-tab"));
const SettingsTab = lazy(() => import("@/features/knowledge/settings-tab"));
const ApiTab = lazy(() => import("@/features/knowledge/api-tab"));

const TABS: Record<string, string> = { documents: "Documents", retrieval: "Retrieval test", settings: "Settings", api: "API" };
const CRUMBS = [{ name: "Knowledge", href: "/knowledge" }];

export default function DatasetPage({ dataset: id, tab }: { dataset: string; tab: string }) {
  const query = useDataset(id);
  return (
    <div className="page">
      <Loaded query={query}>
        {(dataset) => (
          <>
            <PageHead
              title={dataset.name} about={dataset.description} crumbs={CRUMBS}
              mark={<Chip plain kind={dataset.indexing_technique === "economy" ? "neutral" : "accent"}>{dataset.indexing_technique === "economy" ? "Economy" : "High quality"}</Chip>}
            />
            <TabLinks
              label="Knowledge base" current={TABS[tab] ?? ""}
              tabs={Object.entries(TABS).map(([path, name]) => ({ name, href: `/knowledge/${id}/${path}` }))}
            />
            <Suspense fallback={<Loading />}><Tab tab={tab} dataset={dataset} /></Suspense>
          </>
        )}
      </Loaded>
    </div>
  );
}

function Tab({ tab, dataset }: { tab: string; dataset: Dataset }) {
  switch (tab) {
    case "documents":
      return <DocumentsTab dataset={dataset} />;
    case "retrieval":
      return <RetrievalTab dataset={dataset} />;
    case "settings":
      return <SettingsTab dataset={dataset} />;
    case "api":
      return <ApiTab dataset={dataset} />;
    default:
      return <EmptyState icon="search" title="There is nothing at this address">Choose one of the tabs above.</EmptyState>;
  }
}
