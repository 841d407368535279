import { lazy, Suspense } from "react";
import { Link, Redirect, Route, Switch } from "wouter";
import { Boundary } from "@/app/boundary";
import { PageHead } from "@/shared/ui/page";
import { EmptyState, Loading } from "@/shared/ui/states";

const DatasetList = lazy(() => import("@/features/knowledge/dataset-list"));
const DatasetPage = lazy(() => import("@/features/knowledge/dataset-page"));
const DocumentPage = lazy(() => import("@/features/knowledge/document-page"));
const AppList = lazy(() => import("@/features/apps/app-list"));
const AppPage = lazy(() => import("@/features/apps/app-page"));
const ChatTab = lazy(() => import("@/features/chat/chat-tab"));
const CompletionTab = lazy(() => import("@/features/chat/completion-tab"));
const ModelsPage = lazy(() => import("@/features/providers/models-page"));
const JobsPage = lazy(() => import("@/features/operate/jobs-page"));
const AccountPage = lazy(() => import("@/features/identity/account-page"));

/** Every address of the console. Here, and only here, features meet: the app page is given its chat. */
export function Pages() {
  return (
    <Boundary>
      <Suspense fallback={<div className="page"><Loading /></div>}>
        <Switch>
          <Route path="/"><Redirect href="/knowledge" replace /></Route>
          <Route path="/setup"><Redirect href="/knowledge" replace /></Route>
          <Route path="/knowledge"><DatasetList /></Route>
          <Route path="/knowledge/:dataset/documents/:document">
            {({ dataset, document }) => <DocumentPage key={document} dataset={dataset} document={document} />}
          </Route>
          <Route path="/knowledge/:dataset/:tab?">
            {({ dataset, tab }) => <DatasetPage key={dataset} dataset={dataset} tab={tab ?? "documents"} />}
          </Route>
          <Route path="/apps"><AppList /></Route>
          <Route path="/apps/:app/:tab?">
            {({ app, tab }) => (
              <AppPage
                key={app} id={app} tab={tab ?? "chat"}
                chat={(loaded) => (loaded.mode === "chat" ? <ChatTab app={loaded} /> : <CompletionTab app={loaded} />)}
              />
            )}
          </Route>
          <Route path="/operations/jobs"><JobsPage /></Route>
          <Route path="/settings/models"><ModelsPage /></Route>
          <Route path="/account"><AccountPage /></Route>
          <Route><NotFound /></Route>
        </Switch>
      </Suspense>
    </Boundary>
  );
}

function NotFound() {
  return (
    <div className="page">
      <PageHead title="Page not found" />
      <EmptyState icon="search" title="There is nothing at this address" action={<Link href="/knowledge" className="button">Go to Knowledge</Link>}>
        The link may be old, or what it pointed to was deleted.
      </EmptyState>
    </div>
  );
}
