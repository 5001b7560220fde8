// Owns one trace's page: loading it, its tabs, and the states in which there is nothing to draw.
// Never draws spans itself.
import { useEffect, useMemo } from "react";
import { ApiError } from "../api/client";
import { isLocalTraceId, plainTraceId } from "../api/localTraces";
import { useReloadTrace, useTraceBeginning, useTraceTree } from "../api/queries";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { TRACE_TABS, TraceHeader } from "../components/TraceHeader";
import { TraceGraph } from "../components/TraceGraph";
import { TraceLogs } from "../components/TraceLogs";
import { TraceTable } from "../components/TraceTable";
import { useTitle } from "../components/useTitle";
import { WaterfallView } from "../components/WaterfallView";
import { rememberTrace } from "../model/recentTraces";
import { normaliseTraceId, shortTraceId } from "../model/traceId";
import type { TraceTree } from "../model/traceTree";
import { addressOf, useParameter } from "../router";
import { texts } from "../texts";

export default function TracePage({ traceIdInAddress }: { traceIdInAddress: string }) {
  // What cannot be read here may still be an id to the server, which knows more spellings.
  const traceId = useMemo(() => (isLocalTraceId(traceIdInAddress) ? traceIdInAddress : (normaliseTraceId(traceIdInAddress) ?? traceIdInAddress)), [traceIdInAddress]);
  const query = useTraceTree(traceId);
  const beginning = useTraceBeginning(traceId);
  const reload = useReloadTrace(traceId);
  const [tabText] = useParameter("tab");
  useTitle(query.data ? titleOf(query.data) : `${texts.trace.title} ${shortTraceId(plainTraceId(traceId))}`);

  useEffect(() => {
    if (query.data && !isLocalTraceId(query.data.spans.traceId)) rememberTrace(query.data.spans.traceId, titleOf(query.data));
  }, [query.data]);

  if (query.error && !query.data) {
    if (query.error instanceof ApiError && query.error.status === 404) return <NotFound traceId={traceId} retry={() => void query.refetch()} />;
    return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  }
  const tree = query.data ?? beginning;
  if (!tree) return <LoadingNote />;
  const tab = tree.spans.count === 0 ? "logs" : (TRACE_TABS.find((name) => name === tabText) ?? "waterfall");
  return (
    <div className="trace-page" aria-busy={tree.isBeginning === true}>
      <TraceHeader tree={tree} tab={tab} isReloading={query.isFetching} reload={reload} />
      {tab === "logs" && <TraceLogs tree={tree} />}
      {tab === "graph" && !tree.isBeginning && <TraceGraph tree={tree} />}
      {tab === "table" && !tree.isBeginning && <TraceTable tree={tree} />}
      {(tab === "waterfall" || tab === "flame") && <WaterfallView tree={tree} isFlame={tab === "flame"} />}
    </div>
  );
}

function titleOf(tree: TraceTree): string {
  const first = tree.order[0];
  if (first === undefined || first >= tree.spans.count) return `${texts.trace.title} ${shortTraceId(plainTraceId(tree.spans.traceId))}`;
  return `${tree.spans.services[tree.spans.serviceOf[first]]}: ${tree.spans.names[first]}`;
}

function NotFound({ traceId, retry }: { traceId: string; retry: () => void }) {
  if (isLocalTraceId(traceId)) {
    return (
      <div className="nothing">
        <strong>{texts.trace.notFound}</strong>
        <p className="muted">{texts.files.gone}</p>
        <Link className="button" href={addressOf("/file")}>{texts.files.title}</Link>
      </div>
    );
  }
  return (
    <div className="nothing">
      <strong>{texts.trace.notFound}</strong>
      <p className="muted">{texts.trace.notFoundHint}</p>
      <code className="mono">{traceId}</code>
      <button type="button" className="button" onClick={retry}>
        {texts.common.retry}
      </button>
    </div>
  );
}
