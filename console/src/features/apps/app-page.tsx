import type { ReactNode } from "react";
import { ApiTab } from "@/features/apps/api-tab";
import { AppIcon } from "@/features/apps/app-icon";
import { ConfigureTab } from "@/features/apps/configure-tab";
import { TracingTab } from "@/features/apps/tracing-tab";
import { useApp } from "@/shared/api/apps";
import type { App } from "@/shared/api/types";
import { PageHead, TabLinks } from "@/shared/ui/page";
import { EmptyState, Loaded } from "@/shared/ui/states";
import "@/features/apps/apps.css";

interface Props {
  id: string;
  tab: string;
  /** The chat of the app, given by the pages: features do not import each other. */
  chat: (app: App) => ReactNode;
}

const CRUMBS = [{ name: "Apps", href: "/apps" }];

export default function AppPage({ id, tab, chat }: Props) {
  const query = useApp(id);
  return (
    <Loaded query={query} skeleton={undefined}>
      {(app) => {
        const first = app.mode === "chat" ? "Chat" : "Run";
        const names: Record<string, string> = { chat: first, configure: "Configure", tracing: "Tracing", api: "API" };
        return (
          <div className={tab === "chat" ? "page app-page talking" : "page app-page"}>
            <div className="app-head">
              <AppIcon app={app} />
              <div className="grow"><PageHead title={app.name} crumbs={CRUMBS} about={tab === "chat" ? undefined : app.description} /></div>
            </div>
            <TabLinks
              label="App" current={names[tab] ?? ""}
              tabs={Object.entries(names).map(([path, name]) => ({ name, href: `/apps/${id}/${path}` }))}
            />
            {tab === "chat" && chat(app)}
            {tab === "configure" && <ConfigureTab app={app} />}
            {tab === "tracing" && <TracingTab app={app} />}
            {tab === "api" && <ApiTab app={app} />}
            {!(tab in names) && <EmptyState icon="search" title="There is nothing at this address">Choose one of the tabs above.</EmptyState>}
          </div>
        );
      }}
    </Loaded>
  );
}
