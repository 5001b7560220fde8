// Owns the flame view of a trace: a canvas of what is in sight, scrolled by row, zoomed and panned like the waterfall,
// a span opened by click. The waterfall and the span table hold the same for everyone who cannot see or point.
import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { FLAME_ROW_PX, layOutFlame, nodeAt, visibleBoxes } from "../layout/flame";
import { rulerTicks } from "../layout/ruler";
import { panBy, zoomAt } from "../layout/timeWindow";
import { formatDuration } from "../model/duration";
import { isMissing } from "../model/traceTree";
import { paintFlame } from "../paint/flameCanvas";
import { useTheme } from "../theme";
import { texts } from "../texts";
import { useElementWidth } from "./useElementWidth";
import type { Waterfall } from "./useWaterfall";

interface Pointed {
  node: number;
  x: number;
  y: number;
}

export function FlameRows({ waterfall, scroller }: { waterfall: Waterfall; scroller: RefObject<HTMLDivElement | null> }) {
  const { tree, window, open, cursor, matching, reveal } = waterfall;
  const { colouring } = waterfall.colours;
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useElementWidth(scroller);
  const theme = useTheme();
  const [scrollTop, setScrollTop] = useState(0);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const layout = useMemo(() => layOutFlame(tree), [tree]);
  const height = scroller.current?.clientHeight ?? 600;
  const boxes = useMemo(() => visibleBoxes(tree, layout, window, width, scrollTop, height), [tree, layout, window, width, scrollTop, height]);
  useEffect(() => {
    if (canvas.current && width > 0) paintFlame(canvas.current, tree, colouring, boxes, { open, cursor, matching, hovered: pointed?.node ?? -1 }, width, height);
  }, [tree, colouring, boxes, open, cursor, matching, pointed, width, height, theme]);
  useEffect(() => {
    const element = scroller.current;
    if (!reveal || !element) return;
    const top = layout.rowOf[reveal.node] * FLAME_ROW_PX;
    if (top < element.scrollTop || top > element.scrollTop + element.clientHeight - 2 * FLAME_ROW_PX) element.scrollTop = Math.max(0, top - element.clientHeight / 3);
  }, [reveal, layout, scroller]);
  useWheel(scroller, waterfall, width);
  const find = (pointer: React.PointerEvent | React.MouseEvent): Pointed => {
    const box = pointer.currentTarget.getBoundingClientRect();
    const [x, y] = [pointer.clientX - box.left, pointer.clientY - box.top];
    return { node: nodeAt(tree, layout, window, width, x, y + scrollTop), x, y };
  };
  const ticks = rulerTicks(window, width);
  return (
    <div className="flame">
      <div className="flame-ruler" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick.label} className="tick" data-edge={tick.at > 0.93 || undefined} style={{ left: `${tick.at * 100}%` }}>{tick.label}</span>
        ))}
      </div>
      {layout.overlapping > 0 && <p className="flame-note warn-text small" role="note">{texts.trace.flameOverlap(layout.overlapping)}</p>}
      <div className="flame-scroller" ref={scroller} tabIndex={0} role="img" aria-label={texts.trace.flameLabel} onScroll={(scroll) => setScrollTop(scroll.currentTarget.scrollTop)}>
        <div style={{ height: layout.rowCount * FLAME_ROW_PX + 24 }}>
          <canvas
            ref={canvas}
            data-hit={(pointed?.node ?? -1) !== -1 || undefined}
            style={{ width, height }}
            onPointerMove={(move) => setPointed(find(move))}
            onPointerLeave={() => setPointed(null)}
            onClick={(click) => {
              const { node } = find(click);
              if (node !== -1) waterfall.openNode(node);
            }}
            onDoubleClick={(click) => {
              const { node } = find(click);
              if (node !== -1) waterfall.zoomTo(node);
            }}
          />
        </div>
      </div>
      {pointed && pointed.node !== -1 && <FlameTip waterfall={waterfall} pointed={pointed} width={width} />}
    </div>
  );
}

function FlameTip({ waterfall, pointed, width }: { waterfall: Waterfall; pointed: Pointed; width: number }) {
  const { tree } = waterfall;
  const { node } = pointed;
  const missing = isMissing(tree, node);
  return (
    <div className="scatter-tip flame-tip" style={{ left: Math.min(Math.max(pointed.x, 150), Math.max(width - 150, 150)), top: pointed.y + 26 }} data-below>
      <strong>{missing ? texts.trace.missingParent : tree.spans.services[tree.spans.serviceOf[node]] || texts.trace.noService}</strong> {missing ? "" : tree.spans.names[node]}
      <br />
      {formatDuration(tree.endOf[node] - tree.startOf[node])}
    </div>
  );
}

/** With Ctrl (or a pinch) zooms at the pointer; sideways pans; up and down stays the scroller's. */
function useWheel(scroller: RefObject<HTMLDivElement | null>, waterfall: Waterfall, width: number): void {
  const turn = useRef<(wheel: WheelEvent) => void>(() => undefined);
  useEffect(() => {
    turn.current = (wheel) => {
      const { tree, window } = waterfall;
      const isZoom = wheel.ctrlKey || wheel.metaKey;
      const isSideways = Math.abs(wheel.deltaX) > Math.abs(wheel.deltaY) || wheel.shiftKey;
      if (!isZoom && !isSideways) return;
      wheel.preventDefault();
      const left = scroller.current?.getBoundingClientRect().left ?? 0;
      if (isZoom) waterfall.setWindow(zoomAt(window, (wheel.clientX - left) / Math.max(width, 1), Math.exp(wheel.deltaY * 0.002), tree.totalNs));
      else waterfall.setWindow(panBy(window, (wheel.deltaX || wheel.deltaY) / Math.max(width, 1), tree.totalNs));
    };
  });
  useEffect(() => {
    const element = scroller.current;
    const listen = (wheel: WheelEvent): void => turn.current(wheel);
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, [scroller]);
}
