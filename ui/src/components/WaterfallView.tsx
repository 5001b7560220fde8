// Owns putting the parts of the waterfall together: toolbar, overview, rows, and the panel of the open span.
// Never computes: view state is in useWaterfall, shape in model/, places in layout/.
import { useMemo, useRef, useState } from "react";
import { criticalPath, type CriticalSegment } from "../model/criticalPath";
import type { TraceTree } from "../model/traceTree";
import { useParameter } from "../router";
import { Overview } from "./Overview";
import { SpanPanel } from "./SpanPanel";
import { useWaterfall } from "./useWaterfall";
import { useWaterfallKeys } from "./useWaterfallKeys";
import { ROW_HEIGHT, WaterfallRows } from "./WaterfallRows";
import { WaterfallToolbar } from "./WaterfallToolbar";

export function WaterfallView({ tree }: { tree: TraceTree }) {
  const waterfall = useWaterfall(tree);
  const [criticalText, setCriticalText] = useParameter("critical");
  const isCritical = criticalText === "on";
  const search = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [rowsInView, setRowsInView] = useState<[number, number]>([0, 0]);
  const critical = useMemo(() => (isCritical ? segmentsByNode(criticalPath(tree)) : null), [isCritical, tree]);
  const toggleCritical = (): void => setCriticalText(isCritical ? null : "on");
  useWaterfallKeys(waterfall, {
    focusSearch: () => search.current?.focus(),
    toggleCritical,
    rowsPerPage: () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1),
  });
  return (
    <div className="waterfall" data-panel={waterfall.open !== null || undefined}>
      <div className="waterfall-main">
        <WaterfallToolbar waterfall={waterfall} search={search} isCritical={isCritical} toggleCritical={toggleCritical} />
        <Overview waterfall={waterfall} rowsInView={rowsInView} />
        <WaterfallRows waterfall={waterfall} critical={critical} scroller={scroller} onRowsInView={setRowsInView} />
      </div>
      {waterfall.open !== null && (
        <SpanPanel tree={tree} node={waterfall.open} onClose={waterfall.close} onZoom={waterfall.zoomTo} onGoTo={(node) => waterfall.goTo(node, true)} />
      )}
    </div>
  );
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
