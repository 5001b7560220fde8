// Owns putting the parts of the waterfall together: toolbar, overview, rows, and the panel of the open span.
// Never computes: view state is in useWaterfall, shape in model/, places in layout/.
import { useMemo, useRef, useState } from "react";
import { useSpanPills } from "../api/spanQueries";
import { useKnownSpans } from "../api/queries";
import { SPAN_LINE_PX } from "../layout/waterfallLines";
import { criticalPath, type CriticalSegment } from "../model/criticalPath";
import { eventMarksByNode, type EventMark } from "../model/eventMarks";
import { isMissing, spanIdOf, type TraceTree } from "../model/traceTree";
import { useParameter } from "../router";
import { texts } from "../texts";
import { RowsInViewContext, RowsInViewStore } from "./rowsInView";
import { FlameRows } from "./FlameRows";
import { LogPanel } from "./LogPanel";
import { Overview } from "./Overview";
import { SpanPanel } from "./SpanPanel";
import { useAfterPaint } from "./useAfterPaint";
import { useWaterfall, type Waterfall } from "./useWaterfall";
import { useWaterfallLogs } from "./useWaterfallLogs";
import { useWaterfallKeys } from "./useWaterfallKeys";
import { ColourLegend } from "./WaterfallColours";
import { WaterfallRows } from "./WaterfallRows";
import { WaterfallToolbar } from "./WaterfallToolbar";

/** The waterfall, or with `isFlame` the same state drawn as flames. */
export function WaterfallView({ tree, isFlame = false }: { tree: TraceTree; isFlame?: boolean }) {
  const [criticalText, setCriticalText] = useParameter("critical");
  const isCritical = criticalText === "on";
  const critical = useMemo(() => (isCritical ? segmentsByNode(criticalPath(tree)) : null), [isCritical, tree]);
  const waterfall = useWaterfall(tree, critical);
  const logs = useWaterfallLogs(waterfall);
  const isPainted = useAfterPaint();
  const pills = useSpanPills(tree, isPainted);
  const search = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [rowsInView] = useState(() => new RowsInViewStore());
  const marks = useEventMarks(tree, waterfall.open, isPainted);
  const toggleCritical = (): void => setCriticalText(isCritical ? null : "on");
  useWaterfallKeys(waterfall, {
    focusSearch: () => search.current?.focus(),
    toggleCritical,
    toggleLogs: logs.toggle,
    rowsPerPage: () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / SPAN_LINE_PX) - 1),
  });
  return (
    <div className="waterfall" data-panel={waterfall.open !== null || logs.opened !== null || undefined}>
      <RowsInViewContext value={rowsInView}>
        <div className="waterfall-main">
          <WaterfallToolbar waterfall={waterfall} logs={logs} search={search} isCritical={isCritical} toggleCritical={toggleCritical} isFlame={isFlame} />
          <Overview waterfall={waterfall} />
          <ColourLegend waterfall={waterfall} />
          {waterfall.leftOut > 0 && <LeftOutNote waterfall={waterfall} />}
          {isFlame ? (
            <FlameRows waterfall={waterfall} scroller={scroller} />
          ) : (
            <WaterfallRows waterfall={waterfall} logs={logs} critical={critical} marks={marks} pills={pills} scroller={scroller} />
          )}
        </div>
      </RowsInViewContext>
      {waterfall.open !== null && (
        <SpanPanel tree={tree} node={waterfall.open} onClose={waterfall.close} onZoom={waterfall.zoomTo} onGoTo={(node) => waterfall.goTo(node, true)} onSearch={waterfall.setQuery} />
      )}
      {waterfall.open === null && logs.opened !== null && (
        <LogPanel tree={tree} node={logs.opened.node} log={logs.opened.log} onClose={waterfall.close} onOpenSpan={() => logs.opened && waterfall.goTo(logs.opened.node, true)} />
      )}
    </div>
  );
}

/** What is not on screen must be said, and undone by one click. */
function LeftOutNote({ waterfall }: { waterfall: Waterfall }) {
  return (
    <p className="left-out" role="status">
      {texts.trace.leftOut(waterfall.leftOut)}{" "}
      <button type="button" className="text-button" onClick={waterfall.showAll}>{texts.trace.showAll}</button>
    </p>
  );
}

function useEventMarks(tree: TraceTree, open: number | null, isWanted: boolean): ReadonlyMap<number, EventMark[]> {
  const { traceId, count, eventCounts } = tree.spans;
  const hasEvents = useMemo(() => eventCounts.some((events) => events > 0), [eventCounts]);
  const openSpanId = open === null || isMissing(tree, open) ? null : spanIdOf(tree, open);
  const known = useKnownSpans(traceId, count, openSpanId, hasEvents && isWanted);
  return useMemo(() => eventMarksByNode(tree, known), [tree, known]);
}

function segmentsByNode(segments: CriticalSegment[]): Map<number, CriticalSegment[]> {
  const byNode = new Map<number, CriticalSegment[]>();
  for (const segment of segments) {
    const known = byNode.get(segment.node);
    if (known) known.push(segment);
    else byNode.set(segment.node, [segment]);
  }
  return byNode;
}
