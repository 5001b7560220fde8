// Owns one row of the list of traces: a click anywhere opens it, the root's name is the link.
import type { TraceSummary } from "../api/types";
import { formatDuration } from "../model/duration";
import { calendarDay, clockTime, millisecondsOf } from "../model/instant";
import { formatCount } from "../model/numbers";
import type { TraceColumn } from "../model/traceColumns";
import { shortTraceId } from "../model/traceId";
import { navigate, traceAddress } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { ServiceDot, ServicePill } from "./ServicePill";

const PILLS = 5;

interface TraceRowProps {
  trace: TraceSummary;
  row: number;
  /** Pixels from the top of the list. */
  top: number;
  columns: readonly TraceColumn[];
  longest: number;
  isCurrent: boolean;
  /** The first of two that are to be compared. */
  isCompared: boolean;
  onCompare: (traceId: string) => void;
  /** It is about to be opened. */
  onPress: (traceId: string) => void;
}

export function TraceRow({ trace, row, top, columns, longest, isCurrent, isCompared, onCompare, onPress }: TraceRowProps) {
  const address = traceAddress(trace.trace_id);
  return (
    <div
      className="trace-row"
      role="row"
      aria-rowindex={row + 2}
      data-row={row}
      data-error={trace.error_count > 0 || undefined}
      data-current={isCurrent || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onPointerDown={(press) => {
        if (press.button === 0 && !(press.target as HTMLElement).closest("button")) onPress(trace.trace_id);
      }}
      onClick={(click) => {
        if (!click.defaultPrevented && !(click.target as HTMLElement).closest("a, button")) navigate(address);
      }}
    >
      {columns.map((column) => (
        <Cell key={column} column={column} trace={trace} address={address} longest={longest} isCompared={isCompared} onCompare={onCompare} />
      ))}
    </div>
  );
}

interface CellProps extends Pick<TraceRowProps, "isCompared" | "onCompare"> {
  column: TraceColumn;
  trace: TraceSummary;
  address: string;
  longest: number;
}

function Cell({ column, trace, address, longest, isCompared, onCompare }: CellProps) {
  switch (column) {
    case "start":
      return <StartCell startMs={millisecondsOf(trace.start_time)} />;
    case "root":
      return (
        <span role="cell" className="cell-root">
          <ServiceDot name={trace.root_service} />
          <Link href={address} className="root-link">
            <span className="root-service">{trace.root_service || texts.trace.noService}</span>
            <span className="root-name">{trace.root_name || texts.traces.noRoot}</span>
          </Link>
          <button type="button" className="icon-button row-compare" aria-pressed={isCompared} title={texts.explore.list.compareRow} aria-label={texts.explore.list.compareRow} onClick={() => onCompare(trace.trace_id)}>
            <Icon name="compare" size={14} />
          </button>
        </span>
      );
    case "duration":
      return <DurationCell duration={Number(trace.duration)} longest={longest} />;
    case "spans":
      return <span role="cell" className="cell-spans number">{formatCount(trace.span_count)}</span>;
    case "errors":
      return (
        <span role="cell" className="cell-errors number">
          {trace.error_count > 0 ? <span className="error-count">{formatCount(trace.error_count)}</span> : <span className="faint">–</span>}
        </span>
      );
    case "services":
      return <ServicesCell trace={trace} />;
    case "traceId":
      return <span role="cell" className="cell-id mono" title={trace.trace_id}>{shortTraceId(trace.trace_id)}</span>;
  }
}

function StartCell({ startMs }: { startMs: number }) {
  const isToday = calendarDay(startMs) === calendarDay(Date.now());
  return (
    <span role="cell" className="cell-start" title={`${calendarDay(startMs)} ${clockTime(startMs)}`}>
      {!isToday && <span className="muted">{calendarDay(startMs).slice(5)} </span>}
      {clockTime(startMs)}
    </span>
  );
}

function DurationCell({ duration, longest }: { duration: number; longest: number }) {
  return (
    <span role="cell" className="cell-duration">
      <span className="duration-text">{formatDuration(duration)}</span>
      <span className="duration-track" aria-hidden="true">
        <span className="duration-bar" style={{ width: `${Math.max(0.5, (duration / longest) * 100)}%` }} />
      </span>
    </span>
  );
}

function ServicesCell({ trace }: { trace: TraceSummary }) {
  const services = [...trace.services].sort((a, b) => b.spans - a.spans);
  return (
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
  );
}
