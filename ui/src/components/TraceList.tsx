// Owns the rows of the list of traces and moving among them by key. Never fetches.
import { useRef, useState, type ReactNode } from "react";
import type { TraceSummary } from "../api/types";
import { formatDuration } from "../model/duration";
import { calendarDay, clockTime, millisecondsOf } from "../model/instant";
import { formatCount } from "../model/numbers";
import { navigate, traceAddress } from "../router";
import { texts } from "../texts";
import { Link } from "./Link";
import { ServiceDot, ServicePill } from "./ServicePill";
import { useShortcuts } from "./useShortcuts";

const PILLS = 5;

interface TraceListProps {
  traces: TraceSummary[];
  more: ReactNode;
  onTopChange: (atTop: boolean) => void;
}

export function TraceList({ traces, more, onTopChange }: TraceListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const move = (step: number): void => {
    const from = traces.findIndex((trace) => trace.trace_id === current);
    const to = Math.min(Math.max(from === -1 ? (step > 0 ? 0 : traces.length - 1) : from + step, 0), traces.length - 1);
    setCurrent(traces[to]?.trace_id ?? null);
    scroller.current?.querySelector(`[data-row="${to}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: () => current !== null && navigate(traceAddress(current)),
  });
  const longest = traces.reduce((most, trace) => Math.max(most, Number(trace.duration)), 1);
  const { columns } = texts.traces;
  return (
    <div className="trace-list" role="table" aria-label={texts.traces.title} aria-rowcount={traces.length + 1}>
      <div className="trace-row head" role="row">
        <span role="columnheader">{columns.start}</span>
        <span role="columnheader">{columns.root}</span>
        <span role="columnheader">{columns.duration}</span>
        <span role="columnheader" className="number">{columns.spans}</span>
        <span role="columnheader" className="number">{columns.errors}</span>
        <span role="columnheader">{columns.services}</span>
      </div>
      <div className="trace-rows" ref={scroller} role="rowgroup" onScroll={(scroll) => onTopChange(scroll.currentTarget.scrollTop < 60)}>
        {traces.map((trace, row) => (
          <TraceRow key={trace.trace_id} trace={trace} row={row} longest={longest} isCurrent={trace.trace_id === current} />
        ))}
        {more && <div className="list-more">{more}</div>}
      </div>
    </div>
  );
}

interface TraceRowProps {
  trace: TraceSummary;
  row: number;
  longest: number;
  isCurrent: boolean;
}

function TraceRow({ trace, row, longest, isCurrent }: TraceRowProps) {
  const startMs = millisecondsOf(trace.start_time);
  const isToday = calendarDay(startMs) === calendarDay(Date.now());
  const duration = Number(trace.duration);
  const address = traceAddress(trace.trace_id);
  const services = [...trace.services].sort((a, b) => b.spans - a.spans);
  return (
    <div
      className="trace-row"
      role="row"
      data-row={row}
      data-error={trace.error_count > 0 || undefined}
      data-current={isCurrent || undefined}
      onClick={(click) => {
        if (!click.defaultPrevented && !(click.target as HTMLElement).closest("a")) navigate(address);
      }}
    >
      <span role="cell" className="cell-start" title={`${calendarDay(startMs)} ${clockTime(startMs)}`}>
        {!isToday && <span className="muted">{calendarDay(startMs).slice(5)} </span>}
        {clockTime(startMs)}
      </span>
      <span role="cell" className="cell-root">
        <ServiceDot name={trace.root_service} />
        <Link href={address} className="root-link">
          <span className="root-service">{trace.root_service || texts.trace.noService}</span>
          <span className="root-name">{trace.root_name || texts.traces.noRoot}</span>
        </Link>
      </span>
      <span role="cell" className="cell-duration">
        <span className="duration-text">{formatDuration(duration)}</span>
        <span className="duration-track" aria-hidden="true">
          <span className="duration-bar" style={{ width: `${Math.max(0.5, (duration / longest) * 100)}%` }} />
        </span>
      </span>
      <span role="cell" className="cell-spans number">{formatCount(trace.span_count)}</span>
      <span role="cell" className="cell-errors number">
        {trace.error_count > 0 ? <span className="error-count">{formatCount(trace.error_count)}</span> : <span className="faint">–</span>}
      </span>
      <span role="cell" className="cell-services">
        {services.slice(0, PILLS).map((service) => (
          <ServicePill key={service.name} name={service.name} spans={service.spans} errors={service.errors} />
        ))}
        {services.length > PILLS && (
          <span className="service-pill" title={services.slice(PILLS).map((service) => service.name).join(", ")}>
            +{services.length - PILLS}
          </span>
        )}
      </span>
    </div>
  );
}
