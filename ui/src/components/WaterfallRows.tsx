// Owns the scrolling part of the waterfall: only the rows on screen are in the document, however many there are.
// Wheel with Ctrl (or a pinch) zooms at the pointer; sideways pans. Never decides what a row looks like.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type CSSProperties, type RefObject } from "react";
import { rulerTicks } from "../layout/ruler";
import { panBy, zoomAt } from "../layout/timeWindow";
import type { CriticalSegment } from "../model/criticalPath";
import { texts } from "../texts";
import { NameColumnHandle, useNameColumnWidth } from "./NameColumnHandle";
import { Ruler } from "./Ruler";
import { useElementWidth } from "./useElementWidth";
import type { Waterfall } from "./useWaterfall";
import { WaterfallRow } from "./WaterfallRow";

export const ROW_HEIGHT = 28;

interface WaterfallRowsProps {
  waterfall: Waterfall;
  critical: Map<number, CriticalSegment[]> | null;
  scroller: RefObject<HTMLDivElement | null>;
  onRowsInView: (rows: [number, number]) => void;
}

export function WaterfallRows({ waterfall, critical, scroller, onRowsInView }: WaterfallRowsProps) {
  const { rows, rowOf, cursor, reveal, window, tree } = waterfall;
  const holder = useRef<HTMLDivElement>(null);
  const width = useElementWidth(holder);
  const [nameWidth, setNameWidth] = useNameColumnWidth(width);
  const timeWidth = Math.max(0, width - nameWidth);
  const [hoverShare, setHoverShare] = useState<number | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollPaddingStart: 2 * ROW_HEIGHT,
    scrollPaddingEnd: 2 * ROW_HEIGHT,
  });

  useEffect(() => {
    if (reveal && rowOf[reveal.node] !== -1) virtual.scrollToIndex(rowOf[reveal.node], { align: reveal.at });
    // Only a wish to reveal moves the list: collapsing something elsewhere must not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [reveal]);

  const first = virtual.range?.startIndex ?? 0;
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => onRowsInView([first, last]), [first, last, onRowsInView]);

  const wheel = useRef<(wheel: WheelEvent) => void>(() => undefined);
  useEffect(() => {
    wheel.current = (wheel) => {
      const element = scroller.current;
      const sideways = Math.abs(wheel.deltaX) > Math.abs(wheel.deltaY) || wheel.shiftKey;
      if (!element || (!wheel.ctrlKey && !wheel.metaKey && !sideways)) return;
      wheel.preventDefault();
      const anchor = (wheel.clientX - element.getBoundingClientRect().left - nameWidth) / Math.max(timeWidth, 1);
      if (wheel.ctrlKey || wheel.metaKey) {
        waterfall.setWindow(zoomAt(window, Math.min(Math.max(anchor, 0), 1), Math.exp(wheel.deltaY * 0.002), tree.totalNs));
      } else {
        waterfall.setWindow(panBy(window, (wheel.deltaX || wheel.deltaY) / Math.max(timeWidth, 1), tree.totalNs));
      }
    };
  });
  useEffect(() => {
    const element = holder.current;
    // React listens passively, which would forbid to keep the page from zooming.
    const listen = (event_: WheelEvent): void => wheel.current(event_);
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, []);

  const style = { "--name-width": `${nameWidth}px` } as CSSProperties;
  const ticks = rulerTicks(window, timeWidth);
  return (
    <div
      className="waterfall-table"
      ref={holder}
      style={style}
      onPointerMove={(move) => {
        const box = move.currentTarget.getBoundingClientRect();
        const share = (move.clientX - box.left - nameWidth) / Math.max(timeWidth, 1);
        setHoverShare(share >= 0 && share <= 1 && move.pointerType === "mouse" ? share : null);
      }}
      onPointerLeave={() => setHoverShare(null)}
    >
      <Ruler waterfall={waterfall} ticks={ticks} hoverShare={hoverShare} />
      <div className="waterfall-scroller" ref={scroller} tabIndex={0} role="tree" aria-label={texts.trace.treeLabel} aria-activedescendant={cursor === null ? undefined : `row-${cursor}`}>
        <div className="waterfall-lines" style={{ height: virtual.getTotalSize() }}>
          <div className="grid-lines" aria-hidden="true">
            {ticks.map((tick) => (
              <span key={tick.label} style={{ left: `${tick.at * 100}%` }} />
            ))}
          </div>
          {virtual.getVirtualItems().map((item) => (
            <WaterfallRow
              key={rows[item.index]}
              waterfall={waterfall}
              node={rows[item.index]}
              top={item.start}
              segments={critical?.get(rows[item.index])}
              isCritical={critical !== null}
              indentMost={nameWidth * 0.45}
            />
          ))}
        </div>
      </div>
      {hoverShare !== null && <span className="hover-line" style={{ left: nameWidth + hoverShare * timeWidth }} aria-hidden="true" />}
      <NameColumnHandle width={nameWidth} most={width} onChange={setNameWidth} />
    </div>
  );
}
