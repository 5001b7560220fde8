// Owns the small picture of the whole trace: drag on it to zoom, drag an edge to adjust, double click for everything.
import { useEffect, useRef } from "react";
import { clampWindow, fullWindow, isFull } from "../layout/timeWindow";
import { paintOverview } from "../paint/overviewCanvas";
import { useTheme } from "../theme";
import { texts } from "../texts";
import { useRowsInView } from "./rowsInView";
import { useDragRange } from "./useDragRange";
import { useElementWidth } from "./useElementWidth";
import type { Waterfall } from "./useWaterfall";

const HEIGHT = 56;

export function Overview({ waterfall }: { waterfall: Waterfall }) {
  const { tree, window } = waterfall;
  const { colouring } = waterfall.colours;
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  const total = Math.max(tree.totalNs, 1);
  useEffect(() => {
    if (!canvas.current || width === 0) return;
    paintOverview(canvas.current, tree, colouring, width, HEIGHT);
  }, [tree, colouring, width, theme]);
  const drag = useDragRange(({ from, to }) => waterfall.showWindow(clampWindow({ startNs: from * total, endNs: to * total }, total)));
  const zoomed = !isFull(window, total);
  const left = (window.startNs / total) * 100;
  const right = (window.endNs / total) * 100;
  return (
    <div className="overview" ref={holder} role="img" aria-label={texts.trace.overviewLabel} title={texts.trace.overviewLabel} onDoubleClick={() => waterfall.setWindow(fullWindow(total))} {...drag.handlers}>
      <canvas ref={canvas} />
      <RowsMarker waterfall={waterfall} />
      {zoomed && (
        <>
          <span className="overview-outside" style={{ left: 0, width: `${left}%` }} />
          <span className="overview-outside" style={{ left: `${right}%`, right: 0 }} />
          <Edge at={left} other={right} waterfall={waterfall} />
          <Edge at={right} other={left} waterfall={waterfall} />
        </>
      )}
      {drag.dragged && (
        <span className="drag-range" style={{ left: `${drag.dragged.from * 100}%`, width: `${(drag.dragged.to - drag.dragged.from) * 100}%` }} />
      )}
    </div>
  );
}

/** Which rows are on screen. */
function RowsMarker({ waterfall: { tree, rows } }: { waterfall: Waterfall }) {
  const [from, to] = useRowsInView();
  const first = rows[from];
  const last = rows[Math.min(to, rows.length - 1)];
  if (first === undefined || last === undefined || to - from >= rows.length - 1) return null;
  // Small traces do not fill the height; the marker follows what is painted.
  const rowStep = Math.min((HEIGHT - 4) / Math.max(tree.nodeCount, 1), 5);
  return <span className="overview-rows" style={{ top: 2 + tree.positionOf[first] * rowStep, height: Math.max(3, (tree.positionOf[last] - tree.positionOf[first] + 1) * rowStep) }} />;
}

/** One edge of the window; dragging it keeps the other where it is. */
function Edge({ at, other, waterfall }: { at: number; other: number; waterfall: Waterfall }) {
  const total = Math.max(waterfall.tree.totalNs, 1);
  return (
    <span
      className="overview-edge"
      style={{ left: `${at}%` }}
      onPointerDown={(down) => {
        down.stopPropagation();
        down.currentTarget.setPointerCapture(down.pointerId);
      }}
      onPointerMove={(move) => {
        if (!move.currentTarget.hasPointerCapture(move.pointerId)) return;
        move.stopPropagation();
        const box = move.currentTarget.parentElement?.getBoundingClientRect();
        if (!box) return;
        const moved = ((move.clientX - box.left) / box.width) * total;
        const fixed = (other / 100) * total;
        waterfall.setWindow(clampWindow({ startNs: Math.min(moved, fixed), endNs: Math.max(moved, fixed) }, total));
      }}
      onPointerUp={(up) => up.stopPropagation()}
    />
  );
}
