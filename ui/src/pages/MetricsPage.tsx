// Owns the page of metrics: every metric as a small chart at first, then the list beside the explorer of what was chosen.
// What is shown is in the address.
import { lazy, Suspense, useState } from "react";
import { useMetricNames, useStatus } from "../api/queries";
import { EmptyStore } from "../components/EmptyStore";
import { ErrorNote } from "../components/ErrorNote";
import { ExplorerMain } from "../components/explore/ExplorerMain";
import { MetricCards } from "../components/explore/MetricCards";
import { useExplorer } from "../components/explore/useExplorer";
import { LoadingNote } from "../components/LoadingNote";
import { MetricList } from "../components/MetricList";
import { useTitle } from "../components/useTitle";
import type { MetricInfo } from "../api/types";
import { isEmbedded } from "../embedded";
import { useParameter } from "../router";
import { texts } from "../texts";
import "../styles/metrics.css";
import "../styles/explorer.css";

const ToBoardDialog = lazy(() => import("../components/explore/ToBoardDialog").then((module) => ({ default: module.ToBoardDialog })));
const NO_METRICS: readonly MetricInfo[] = [];

export default function MetricsPage() {
  const [internal] = useParameter("internal");
  const isInternal = internal === "true";
  const status = useStatus();
  const names = useMetricNames(isInternal);
  const explorer = useExplorer(names.data ?? NO_METRICS);
  const [isTaking, setTaking] = useState(false);
  const chosen = explorer.queries.find((query) => query.info)?.info?.name ?? null;
  useTitle(chosen ?? texts.explorer.title);
  if (names.error && !names.data) return <ErrorNote error={names.error} retry={() => void names.refetch()} />;
  if (!names.data) return <LoadingNote />;
  if (names.data.length === 0 && explorer.queries.length === 0) {
    if (status.data?.empty && !isInternal) return <EmptyStore status={status.data} />;
    return (
      <div className="nothing">
        <strong>{texts.metrics.none}</strong>
        <p className="muted">{texts.metrics.noneHint}</p>
      </div>
    );
  }
  if (explorer.queries.length === 0) return <MetricCards metrics={names.data} onPromql={() => explorer.add("")} />;
  return (
    <div className="metrics-page" data-chosen>
      <h1 className="sr-only">{texts.explorer.title}</h1>
      {!isEmbedded && <MetricList metrics={names.data} chosen={chosen} />}
      <section className="metric-main">
        <ExplorerMain metrics={names.data} explorer={explorer} onAddToBoard={() => setTaking(true)} />
        {isTaking && (
          <Suspense>
            <ToBoardDialog panel={panelOf(explorer)} onClose={() => setTaking(false)} />
          </Suspense>
        )}
      </section>
    </div>
  );
}

/** What is drawn, as a panel. */
function panelOf(explorer: ReturnType<typeof useExplorer>) {
  const drawn = explorer.queries.filter((query) => !query.isHidden && query.promql !== null);
  const unit = drawn[0]?.unit || undefined;
  const drawing = explorer.drawing === "stacked" || explorer.drawing === "bars" ? explorer.drawing : undefined;
  return { title: drawn[0]?.info?.name ?? texts.explorer.queries, queries: drawn.map((query) => ({ promql: query.promql ?? "" })), ...(unit ? { unit } : {}), ...(drawing ? { drawing } : {}) };
}
