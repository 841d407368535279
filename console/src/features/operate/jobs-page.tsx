import { useState } from "react";
import { JobList, type View } from "@/features/operate/job-list";
import { useOverview } from "@/features/operate/queries";
import { QueueTable } from "@/features/operate/queue-table";
import { Throughput } from "@/features/operate/throughput";
import { EVERYTHING, type Overview } from "@/features/operate/types";
import { hasNews } from "@/features/operate/wording";
import { WorkerList } from "@/features/operate/worker-list";
import { Button } from "@/shared/ui/button";
import { Check } from "@/shared/ui/field";
import { Card, PageHead } from "@/shared/ui/page";
import { EmptyState, Loaded, Problem } from "@/shared/ui/states";
import "@/features/operate/operate.css";

/** Background jobs of the whole installation, live. */
export default function JobsPage() {
  const [live, setLive] = useState(true);
  const overview = useOverview(live);
  return (
    <div className="page operate" style={{ maxWidth: 1240 }}>
      <PageHead
        title="Jobs" about="What the installation does in the background, for all workspaces: what waits, runs and has failed, and why."
        actions={<Button icon={live ? "pause" : "play"} onClick={() => setLive(!live)}>{live ? "Hold still" : "Go on live"}</Button>}
      />
      {overview.data !== undefined && <Problem error={overview.error} />}
      <Loaded query={overview}>{(data) => <Whole overview={data} live={live} />}</Loaded>
    </div>
  );
}

function Whole({ overview, live }: { overview: Overview; live: boolean }) {
  const [view, setView] = useState<View>({ choice: EVERYTHING, passed: [] });
  const [idle, setIdle] = useState(false);
  const shown = idle ? overview.queues : overview.queues.filter(hasNews);
  const showFailed = (queue: string) => {
    setView({ choice: { ...EVERYTHING, queue, state: "failed" }, passed: [] });
    document.getElementById("jobs")?.focus();
  };
  return (
    <>
      <Card title="Last hour"><Throughput succeeded={overview.succeeded} failed={overview.failed} /></Card>
      <Card flush title="Queues" actions={<Check label="Idle queues too" checked={idle} onChange={setIdle} />}>
        {shown.length > 0 ? (
          <QueueTable queues={shown} onFailed={showFailed} />
        ) : (
          <EmptyState icon="check" title="All queues are idle">Nothing waits, runs or has failed.</EmptyState>
        )}
      </Card>
      <JobList view={view} onView={setView} queues={overview.queues.map(({ queue }) => queue)} live={live} now={overview.at} />
      <Card flush title="Workers"><WorkerList workers={overview.workers} queues={overview.queues.length} at={overview.at} /></Card>
    </>
  );
}
