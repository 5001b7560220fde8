// Owns the rows of the list of traces, the order by column, and moving among them by key. Only rows on screen are in the
// document. Never fetches.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type CSSProperties, type ReactNode } from "react";
import { useTraceAhead } from "../api/queries";
import type { TraceSummary } from "../api/types";
import { fittingColumns, nextTraceSort, readTraceSort, SORTABLE, type SortColumn, type TraceColumn } from "../model/traceColumns";
import { addressOf, navigate, traceAddress, useParameter } from "../router";
import { texts } from "../texts";
import { loadTracePage } from "../tracePage";
import { Icon } from "./Icon";
import { TraceRow } from "./TraceRow";
import { useElementWidth } from "./useElementWidth";
import { useNarrow } from "./useNarrow";
import { useShortcuts } from "./useShortcuts";

const ROW_PX = 36;
const NARROW_ROW_PX = 58;
const WIDTHS: Record<TraceColumn, string> = { start: "118px", root: "minmax(120px, 1.3fr)", duration: "minmax(110px, 0.9fr)", spans: "64px", errors: "60px", services: "minmax(90px, 1.5fr)", traceId: "84px" };
const NUMBERS: readonly TraceColumn[] = ["spans", "errors"];

interface TraceListProps {
  traces: readonly TraceSummary[];
  columns: readonly TraceColumn[];
  more: ReactNode;
  onTopChange: (atTop: boolean) => void;
}

export function TraceList({ traces, columns: chosen, more, onTopChange }: TraceListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const width = useElementWidth(scroller);
  const [current, setCurrent] = useState<string | null>(null);
  const { first, choose } = useComparing();
  const isNarrow = useNarrow();
  const lookAhead = useTraceAhead();
  useEffect(loadTracePage, []);
  // The narrow form has places of its own for all of them.
  const columns = isNarrow ? chosen : fittingColumns(chosen, width);
  const height = isNarrow ? NARROW_ROW_PX : ROW_PX;
  const virtual = useVirtualizer({ count: traces.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 10, getItemKey: (index) => traces[index]?.trace_id ?? index });
  const move = (step: number): void => {
    const from = traces.findIndex((trace) => trace.trace_id === current);
    const to = Math.min(Math.max(from === -1 ? (step > 0 ? 0 : traces.length - 1) : from + step, 0), traces.length - 1);
    setCurrent(traces[to]?.trace_id ?? null);
    virtual.scrollToIndex(to);
  };
  useShortcuts({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    c: () => current !== null && choose(current),
    Enter: () => current !== null && navigate(traceAddress(current)),
  });
  const longest = traces.reduce((most, trace) => Math.max(most, Number(trace.duration)), 1);
  const template = { "--trace-columns": columns.map((column) => WIDTHS[column]).join(" ") } as CSSProperties;
  return (
    <div className="trace-list" role="table" aria-label={texts.traces.title} aria-rowcount={traces.length + 1} style={template}>
      <Head columns={columns} />
      <div className="trace-rows" ref={scroller} role="rowgroup" onScroll={(scroll) => onTopChange(scroll.currentTarget.scrollTop < 60)}>
        <div className="trace-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const trace = traces[item.index];
            return <TraceRow key={item.key} trace={trace} row={item.index} top={item.start} columns={columns} longest={longest} isCurrent={trace.trace_id === current} isCompared={trace.trace_id === first} onCompare={choose} onPress={lookAhead} />;
          })}
        </div>
        {more && <div className="list-more" role="row"><div role="cell">{more}</div></div>}
      </div>
    </div>
  );
}

/** Two traces one after the other: the first waits in the address for the second. */
function useComparing(): { first: string | null; choose: (traceId: string) => void } {
  const [first, setFirst] = useParameter("compare");
  const choose = (traceId: string): void => {
    if (first === null || first === traceId) setFirst(first === null ? traceId : null);
    else navigate(addressOf("/compare", { a: first, b: traceId }));
  };
  return { first, choose };
}

const isSortable = (column: TraceColumn): column is SortColumn => (SORTABLE as readonly TraceColumn[]).includes(column);

function Head({ columns }: { columns: readonly TraceColumn[] }) {
  const [sortText, setSort] = useParameter("sort");
  const sort = readTraceSort(sortText);
  const names: Record<TraceColumn, string> = { ...texts.traces.columns, traceId: texts.explore.list.traceId };
  return (
    <div className="trace-row head" role="row">
      {columns.map((column) => (
        <span key={column} role="columnheader" className={NUMBERS.includes(column) ? "number" : undefined} aria-sort={sort.column !== column ? "none" : sort.descending ? "descending" : "ascending"}>
          {isSortable(column) ? (
            <button type="button" title={texts.explore.list.sortBy(names[column])} onClick={() => setSort(nextTraceSort(sort, column))}>
              {names[column]}
              {sort.column === column && <Icon name={sort.descending ? "down" : "up"} size={12} />}
            </button>
          ) : (
            names[column]
          )}
        </span>
      ))}
    </div>
  );
}
