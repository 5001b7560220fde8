// Owns the logs tab of a trace: every record in order of time, filtered here, each leading to its span.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useTraceLogs } from "../api/queries";
import type { LogRecord } from "../api/types";
import { formatDuration } from "../model/duration";
import { clockTime, millisecondsOf, safeBigInt } from "../model/instant";
import { leastNumber, type SeverityLevel } from "../model/severity";
import type { TraceTree } from "../model/traceTree";
import { setParameters } from "../router";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { ErrorNote } from "./ErrorNote";
import { Icon } from "./Icon";
import { LoadingNote } from "./LoadingNote";
import { logBody, SeverityMark } from "./LogLines";
import { ServiceDot } from "./ServicePill";

const LEVELS: SeverityLevel[] = ["debug", "info", "warn", "error"];

export function TraceLogs({ tree }: { tree: TraceTree }) {
  const query = useTraceLogs(tree.spans.traceId, tree.spans.count);
  const [filter, setFilter] = useState("");
  const [level, setLevel] = useState<SeverityLevel | "">("");
  const all = query.data;
  const shown = useMemo(() => {
    const wanted = filter.toLowerCase();
    const least = level === "" ? -1 : leastNumber(level);
    return (all ?? []).filter(
      (log) => log.severity_number >= least && (wanted === "" || `${logBody(log)} ${log.service_name}`.toLowerCase().includes(wanted)),
    );
  }, [all, filter, level]);
  if (query.error && !all) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!all) return <LoadingNote />;
  if (all.length === 0) return <div className="nothing"><strong>{texts.logs.none}</strong></div>;
  return (
    <div className="trace-logs">
      <div className="toolbar">
        <label className="search-field">
          <Icon name="search" size={14} />
          <input value={filter} placeholder={texts.logs.filter} aria-label={texts.logs.filter} onChange={(change) => setFilter(change.target.value)} />
        </label>
        <select aria-label={texts.logs.atLeast} value={level} onChange={(change) => setLevel(change.target.value as SeverityLevel | "")}>
          <option value="">{texts.common.all}</option>
          {LEVELS.map((name) => (
            <option key={name} value={name}>≥ {name}</option>
          ))}
        </select>
        <span className="muted">{texts.logs.shown(shown.length, all.length)}</span>
      </div>
      <LogRows tree={tree} logs={shown} />
    </div>
  );
}

function LogRows({ tree, logs }: { tree: TraceTree; logs: LogRecord[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<LogRecord | null>(null);
  const virtual = useVirtualizer({ count: logs.length, getScrollElement: () => scroller.current, estimateSize: () => 28, overscan: 20 });
  return (
    <div className="log-scroller" ref={scroller} tabIndex={0}>
      <div className="log-rows" role="list" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const log = logs[item.index];
          return (
            <div key={item.key} role="listitem" className="log-row" data-index={item.index} ref={virtual.measureElement} style={{ transform: `translateY(${item.start}px)` }}>
              <LogRow log={log} tree={tree} isOpen={open === log} toggle={() => setOpen(open === log ? null : log)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function LogRow({ log, tree, isOpen, toggle }: { log: LogRecord; tree: TraceTree; isOpen: boolean; toggle: () => void }) {
  const since = Number(safeBigInt(log.time) - tree.spans.originNs);
  const hasSpan = tree.nodeBySpanId.has(log.span_id);
  return (
    <>
      <div className="log-line">
        <button type="button" className="log-toggle" aria-expanded={isOpen} onClick={toggle}>
          <span className="log-time" title={clockTime(millisecondsOf(log.time))}>+{formatDuration(since)}</span>
          <SeverityMark log={log} />
          <span className="log-service">
            <ServiceDot name={log.service_name} />
            {log.service_name}
          </span>
          <span className="log-body">{logBody(log)}</span>
        </button>
        {hasSpan && (
          <button type="button" className="icon-button" title={texts.logs.toSpan} aria-label={texts.logs.toSpan} onClick={() => setParameters({ tab: null, span: log.span_id }, "push")}>
            <Icon name="link" size={14} />
          </button>
        )}
      </div>
      {isOpen && (
        <div className="log-detail">
          <pre className="log-full">{logBody(log)}</pre>
          <AttributeTable attributes={log.attributes} />
        </div>
      )}
    </>
  );
}
