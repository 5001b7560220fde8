// Owns the rows of the page of logs: only those on screen are in the document; moving among them by key; the end of the
// list asks for what is older. Never fetches itself.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { calendarDay, clockTime, millisecondsOf } from "../model/instant";
import { rowKey, type LogList as Logs, type LogRow } from "../model/logRows";
import { severityLevel } from "../model/severity";
import { traceAddress } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { ServiceDot } from "./ServicePill";
import { useShortcuts } from "./useShortcuts";

const ROW_PX = 26;
const NARROW_ROW_PX = 44;

interface LogListProps {
  list: Logs;
  openKey: string | null;
  onOpen: (key: string | null) => void;
  older: { isLoading: boolean; error: Error | null; load: () => void };
  onTopChange: (atTop: boolean) => void;
  isStale: boolean;
  isNarrow: boolean;
}

export function LogList({ list, openKey, onOpen, older, onTopChange, isStale, isNarrow }: LogListProps) {
  const { rows, hasOlder } = list;
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = isNarrow ? NARROW_ROW_PX : ROW_PX;
  const virtual = useVirtualizer({ count: rows.length + 1, getScrollElement: () => scroller.current, estimateSize: (index) => (index === rows.length ? 60 : rowPx), overscan: 20, scrollPaddingEnd: rowPx, scrollPaddingStart: rowPx });
  const items = virtual.getVirtualItems();
  const isEndInView = (items.at(-1)?.index ?? 0) >= rows.length - 1;
  const { load, isLoading, error } = older;
  useEffect(() => {
    if (isEndInView && hasOlder && !isLoading && !error && !isStale && rows.length > 0 && (scroller.current?.scrollTop ?? 0) > 0) load();
  }, [isEndInView, hasOlder, isLoading, error, isStale, rows.length, load]);
  useEffect(() => virtual.measure(), [rowPx, virtual]);
  const move = (step: number): void => {
    const from = openKey === null ? -1 : rows.findIndex((row) => rowKey(row) === openKey);
    const to = Math.min(Math.max(from === -1 ? (step > 0 ? 0 : rows.length - 1) : from + step, 0), rows.length - 1);
    if (!rows[to]) return;
    onOpen(rowKey(rows[to]));
    virtual.scrollToIndex(to);
  };
  useShortcuts({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    PageDown: () => scroller.current?.scrollBy({ top: scroller.current.clientHeight - rowPx }),
    PageUp: () => scroller.current?.scrollBy({ top: rowPx - scroller.current.clientHeight }),
    Home: () => virtual.scrollToIndex(0),
    End: () => virtual.scrollToIndex(rows.length - 1),
    Escape: () => onOpen(null),
  });
  const { columns } = texts.logsPage;
  return (
    <div className="logs-table" role="table" aria-label={texts.logsPage.title} aria-rowcount={hasOlder ? -1 : rows.length + 1} data-stale={isStale || undefined}>
      <div className="logs-row head" role="row">
        <span role="columnheader">{columns.time}</span>
        <span role="columnheader">{columns.severity}</span>
        <span role="columnheader">{columns.service}</span>
        <span role="columnheader">{columns.body}</span>
      </div>
      <div className="logs-scroller" ref={scroller} role="rowgroup" tabIndex={0} aria-label={texts.logsPage.title} onScroll={(scroll) => onTopChange(scroll.currentTarget.scrollTop < rowPx)}>
        <div className="logs-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) =>
            item.index === rows.length ? (
              <div key="end" className="logs-end" style={{ transform: `translateY(${item.start}px)` }}>
                <ListEnd hasOlder={hasOlder} older={older} />
              </div>
            ) : (
              <LogListRow key={item.key} row={rows[item.index]} index={item.index} top={item.start} isOpen={openKey !== null && rowKey(rows[item.index]) === openKey} onOpen={onOpen} />
            ),
          )}
        </div>
      </div>
    </div>
  );
}

function ListEnd({ hasOlder, older }: { hasOlder: boolean; older: LogListProps["older"] }) {
  if (!hasOlder) return <span className="muted small">{texts.logsPage.end}</span>;
  return (
    <>
      {older.error && <span className="field-error small">{older.error.message}</span>}
      <button type="button" className="button small-button" disabled={older.isLoading} onClick={older.load}>
        {older.isLoading ? texts.logsPage.loadingMore : texts.logsPage.more}
      </button>
    </>
  );
}

interface LogListRowProps {
  row: LogRow;
  index: number;
  top: number;
  isOpen: boolean;
  onOpen: (key: string | null) => void;
}

function LogListRow({ row, index, top, isOpen, onOpen }: LogListRowProps) {
  const level = severityLevel(row.severityNumber);
  const at = millisecondsOf(row.timeNs);
  const isToday = calendarDay(at) === calendarDay(Date.now());
  return (
    <div className="logs-row" role="row" aria-rowindex={index + 2} data-level={level ?? undefined} data-open={isOpen || undefined} style={{ transform: `translateY(${top}px)` }}>
      <span role="cell" className="logs-time" title={`${calendarDay(at)} ${clockTime(at)}`}>
        {!isToday && <span className="muted">{calendarDay(at).slice(5)} </span>}
        {clockTime(at)}
      </span>
      <span role="cell" className="severity" data-level={level ?? undefined}>{row.severityText || level?.toUpperCase() || "–"}</span>
      <span role="cell" className="logs-service">
        <ServiceDot name={row.service} />
        <span>{row.service || texts.trace.noService}</span>
      </span>
      <span role="cell" className="logs-body">
        <button type="button" className="logs-open" aria-expanded={isOpen} onClick={() => onOpen(isOpen ? null : rowKey(row))}>
          {row.body || row.eventName || " "}
        </button>
      </span>
      {row.traceId !== "" && (
        <span role="cell" className="logs-trace">
          <Link className="icon-button" href={traceAddress(row.traceId, row.spanId)} title={texts.logsPage.toTrace} aria-label={texts.logsPage.toTrace}>
            <Icon name="link" size={14} />
          </Link>
        </span>
      )}
    </div>
  );
}
