// Owns the scrolling part of the waterfall: only the rows on screen are in the document, however many there are.
// Wheel with Ctrl (or a pinch) zooms at the pointer; sideways pans. Never decides what a row looks like.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useContext, useEffect, useMemo, useRef, useState, type CSSProperties, type RefObject } from "react";
import { ElementRange, linesOf } from "../layout/elementRange";
import { tickAt } from "../layout/rowPicture";
import { RowSlots } from "../layout/rowSlots";
import { rulerTicks } from "../layout/ruler";
import { panBy, zoomAt } from "../layout/timeWindow";
import { lineHeight, lineKey, SPAN_LINE_PX } from "../layout/waterfallLines";
import type { CriticalSegment } from "../model/criticalPath";
import type { EventMark } from "../model/eventMarks";
import { texts } from "../texts";
import { NameColumnHandle, useNameColumnWidth } from "./NameColumnHandle";
import { RowsInViewContext } from "./rowsInView";
import { Ruler } from "./Ruler";
import type { RowPill } from "../paint/waterfallCanvas";
import { useElementWidth } from "./useElementWidth";
import { useForcedColours } from "./useForcedColours";
import { useScrolling } from "./useScrolling";
import type { Waterfall } from "./useWaterfall";
import type { WaterfallLogs } from "./useWaterfallLogs";
import { segmentsOf, WaterfallBars, type PaintedRows } from "./WaterfallBars";
import { WaterfallLogRow } from "./WaterfallLogRow";
import { rowState, WaterfallRow } from "./WaterfallRow";

/** What a click in a row means: its signs open and close what is below, everything else opens the span. */
function actOn(waterfall: Waterfall, target: EventTarget, isDouble: boolean): void {
  const element = target instanceof Element ? target : null;
  const row = element?.closest<HTMLElement>(".waterfall-row");
  if (!element || !row) return;
  const node = Number(row.dataset.node);
  const sign = element.closest<HTMLElement>("[data-act]")?.dataset.act;
  if (isDouble) {
    if (!element.closest(".row-name")) waterfall.zoomTo(node);
  } else if (sign === "toggle") waterfall.toggle(node);
  else if (sign === "fold") waterfall.toggleFold(node);
  else waterfall.openNode(node);
}

/** A tick is painted: what it means is said by the row under the pointer. */
function nameTick(target: EventTarget, painted: PaintedRows, x: number, width: number): void {
  const row = target instanceof Element ? target.closest<HTMLElement>(".waterfall-row") : null;
  const picture = row && painted.get(Number(row.dataset.node))?.picture;
  if (!row || !picture || picture.ticks.length === 0) return;
  const tick = tickAt(picture, x, width);
  if (tick) {
    row.dataset.title ??= row.title;
    row.title = texts.trace.eventTick(tick.names);
  } else if (row.dataset.title !== undefined) {
    row.title = row.dataset.title;
    delete row.dataset.title;
  }
}

interface WaterfallRowsProps {
  waterfall: Waterfall;
  logs: WaterfallLogs;
  critical: Map<number, CriticalSegment[]> | null;
  /** Of the spans whose details are known. */
  marks: ReadonlyMap<number, EventMark[]>;
  pills: ReadonlyMap<number, RowPill>;
  scroller: RefObject<HTMLDivElement | null>;
}

export function WaterfallRows({ waterfall, logs, critical, marks, pills, scroller }: WaterfallRowsProps) {
  const { rowOf, cursor, reveal, window, tree } = waterfall;
  const { lines } = logs;
  const isForced = useForcedColours();
  const holder = useRef<HTMLDivElement>(null);
  const width = useElementWidth(holder);
  const [nameWidth, setNameWidth] = useNameColumnWidth(width);
  const timeWidth = Math.max(0, width - nameWidth);
  const isMoving = useScrolling(scroller) && !isForced;
  const [hoverShare, setHoverShare] = useState<number | null>(null);
  const virtual = useVirtualizer({
    count: lines.nodeOf.length,
    getScrollElement: () => scroller.current,
    // A new function with every new set of lines: it is what tells the list that heights have changed places.
    getItemKey: useCallback((line: number) => lineKey(lines, line), [lines]),
    estimateSize: (line) => lineHeight(lines, line),
    overscan: 2,
    scrollPaddingStart: 2 * SPAN_LINE_PX,
    scrollPaddingEnd: 2 * SPAN_LINE_PX,
  });

  useEffect(() => {
    const row = reveal ? rowOf[reveal.node] : -1;
    if (reveal && row !== -1) virtual.scrollToIndex(lines.lineOfRow?.[row] ?? row, { align: reveal.at });
    // Only a wish to reveal moves the list: collapsing something elsewhere must not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [reveal]);

  const first = rowOf[lines.nodeOf[virtual.range?.startIndex ?? 0]] ?? 0;
  const last = rowOf[lines.nodeOf[virtual.range?.endIndex ?? 0]] ?? 0;
  const rowsInView = useContext(RowsInViewContext);
  useEffect(() => rowsInView.write(first, last), [first, last, rowsInView]);

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

  const painted = useRef<PaintedRows>(new Map());
  const items = virtual.getVirtualItems();
  const [slots] = useState(() => new RowSlots());
  const [range] = useState(() => new ElementRange());
  const [firstLine, lastLine] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1];
  // Log records are not painted: lists that show some have all their elements at once.
  const inElements = range.place(lines, firstLine, lastLine, isMoving && lines.logOf === null);
  const keyOf = slots.place(...inElements);
  const lineOf = (node: number | null): number => (node === null || rowOf[node] === -1 ? -1 : (lines.lineOfRow?.[rowOf[node]] ?? rowOf[node]));
  const kept = ElementRange.beside(inElements, [lineOf(cursor), lineOf(waterfall.open)], firstLine, lastLine);
  const topOf = (line: number): number => virtual.measurementsCache[line]?.start ?? line * SPAN_LINE_PX;
  const style = { "--name-width": `${nameWidth}px` } as CSSProperties;
  const ticks = useMemo(() => rulerTicks(window, timeWidth), [window, timeWidth]);
  const { foldState, matching, collapsed, open } = waterfall;
  const rows = useMemo(
    () => [...linesOf(inElements), ...kept].map((line) => {
      const node = lines.nodeOf[line];
      const key = kept.includes(line) ? `kept-${node}` : keyOf(line);
      const log = lines.logOf && lines.logOf[line] !== -1 ? logs.byNode.get(node)?.[lines.logOf[line]] : undefined;
      const place = { node, top: topOf(line), indentMost: nameWidth * 0.45 };
      if (log) return <WaterfallLogRow key={key} {...place} waterfall={waterfall} log={log} isOpen={logs.opened?.log === log} onOpen={() => logs.open(node, log)} />;
      return <WaterfallRow key={key} {...place} {...rowState(waterfall, node)} isOffPath={critical !== null && !segmentsOf(waterfall, critical, node)} />;
    }),
    // While the list moves its elements stay: nothing of them is made anew at each step. Rows of log records show parts of the
    // waterfall that are not named here, and draw it whenever it changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [inElements[0], inElements[1], kept.join(), lines, tree, foldState, matching, collapsed, cursor, open, critical, nameWidth, lines.logOf === null ? null : waterfall, lines.logOf === null ? null : logs],
  );
  return (
    <div
      className="waterfall-table"
      ref={holder}
      style={style}
      onPointerMove={(move) => {
        const box = move.currentTarget.getBoundingClientRect();
        const share = (move.clientX - box.left - nameWidth) / Math.max(timeWidth, 1);
        setHoverShare(share >= 0 && share <= 1 && move.pointerType === "mouse" ? share : null);
        nameTick(move.target, painted.current, share * timeWidth, timeWidth);
      }}
      onPointerLeave={() => setHoverShare(null)}
    >
      <Ruler waterfall={waterfall} ticks={ticks} hoverShare={hoverShare} />
      <div className="waterfall-scroller" ref={scroller} tabIndex={0} role="tree" aria-label={texts.trace.treeLabel} aria-activedescendant={cursor === null ? undefined : `row-${cursor}`}>
        <div className="waterfall-lines" onClick={(click) => actOn(waterfall, click.target, false)} onDoubleClick={(click) => actOn(waterfall, click.target, true)} style={{ height: virtual.getTotalSize() }}>
          <div className="grid-lines" aria-hidden="true">
            {ticks.map((tick) => (
              <span key={tick.label} style={{ left: `${tick.at * 100}%` }} />
            ))}
          </div>
          {rows}
          <WaterfallBars
            waterfall={waterfall}
            lines={lines}
            critical={critical}
            marks={marks}
            pills={pills}
            width={width}
            nameWidth={nameWidth}
            first={firstLine}
            last={lastLine}
            topOf={topOf}
            painted={painted}
          />
        </div>
      </div>
      {hoverShare !== null && <span className="hover-line" style={{ left: nameWidth + hoverShare * timeWidth }} aria-hidden="true" />}
      <NameColumnHandle width={nameWidth} most={width} onChange={setNameWidth} />
    </div>
  );
}
