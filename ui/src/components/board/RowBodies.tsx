// Owns panels made of rows: tables, bars by name, log records, traces, and text.
import { useMemo } from "react";
import { readText, type Inline } from "../../layout/boardText";
import type { TraceSummary } from "../../api/types";
import type { Panel, Threshold } from "../../model/board";
import { withColumns } from "../../model/boardColumns";
import { barsOf, COLOUR_TOKENS, thresholdOf } from "../../model/boardData";
import { isSafeAddress } from "../../model/boardReading";
import { formatDuration } from "../../model/duration";
import { clockTime, dayAndTime, millisecondsOf } from "../../model/instant";
import { cellText, type SqlAnswer } from "../../model/sqlResult";
import { severityLevel } from "../../model/severity";
import type { Writer } from "../../model/unitFormat";
import { traceAddress } from "../../router";
import { texts } from "../../texts";
import { Link } from "../Link";
import { ServiceDot } from "../ServicePill";
import { SqlGrid } from "../SqlGrid";

const BARS_MOST = 50;

export function BarBody({ answer, write, thresholds }: { answer: SqlAnswer; write: Writer; thresholds?: readonly Threshold[] }) {
  const bars = barsOf(answer).slice(0, BARS_MOST);
  const most = bars.reduce((largest, bar) => Math.max(largest, Math.abs(bar.value)), 0) || 1;
  return (
    <div className="bar-panel">
      {bars.map((bar, place) => {
        const colour = thresholdOf(bar.value, thresholds);
        return (
          <div key={place} className="bar-line">
            <span className="bar-fill" style={{ width: `${(Math.abs(bar.value) / most) * 100}%`, background: colour ? COLOUR_TOKENS[colour] : undefined }} />
            <span className="bar-text" title={bar.name}>{bar.name}</span>
            <span className="number">{write(bar.value)}</span>
          </div>
        );
      })}
    </div>
  );
}

export function TableBody({ panel, table }: { panel: Panel; table: SqlAnswer }) {
  const { answer, units } = useMemo(() => withColumns(table, panel.columns ?? [], panel.sort), [table, panel.columns, panel.sort]);
  return <SqlGrid answer={answer} unit={panel.unit} units={units} missing="–" />;
}

/** Columns are taken by name, wherever they stand. */
export function LogBody({ answer }: { answer: SqlAnswer }) {
  const place = (name: string): number => answer.columns.findIndex((column) => column.name === name);
  const [time, severity, number, service, body, trace] = ["time", "severity_text", "severity_number", "service_name", "body", "trace_id"].map(place);
  return (
    <ol className="log-panel-rows">
      {answer.rows.map((row, index) => {
        const level = number === -1 ? null : severityLevel(Number(row[number]));
        const words = severity === -1 ? "" : cellText(row[severity]);
        const text = body === -1 ? row.map(cellText).join(" · ") : cellText(row[body]);
        const id = trace === -1 || row[trace] === null ? "" : cellText(row[trace]);
        return (
          <li key={index} data-level={level ?? words.toLowerCase()}>
            {time !== -1 && <span className="row-time">{clockTime(Date.parse(String(row[time]))).slice(0, 8)}</span>}
            <span className="severity" data-level={level ?? (words.toLowerCase() || undefined)}>{words}</span>
            {service !== -1 && <span className="log-service">{cellText(row[service])}</span>}
            <span className="log-text" title={text.slice(0, 2000)}>{id === "" ? text.slice(0, 500) : <Link href={traceAddress(id)}>{text.slice(0, 500)}</Link>}</span>
          </li>
        );
      })}
    </ol>
  );
}

export function TraceBody({ traces }: { traces: readonly TraceSummary[] }) {
  if (traces.length === 0) return <p className="panel-note muted">{texts.boards.noData}</p>;
  const most = traces.reduce((longest, trace) => Math.max(longest, Number(trace.duration)), 0) || 1;
  return (
    <ol className="trace-panel-rows">
      {traces.map((trace) => (
        <li key={trace.trace_id}>
          <Link href={traceAddress(trace.trace_id)}>
            <span className="row-time" title={dayAndTime(millisecondsOf(trace.start_time))}>{clockTime(millisecondsOf(trace.start_time)).slice(0, 8)}</span>
            <span className="trace-panel-name"><ServiceDot name={trace.root_service} /> {trace.root_service} <strong>{trace.root_name}</strong></span>
            <span className="trace-panel-bar"><span data-error={trace.error_count > 0 || undefined} style={{ width: `${(Number(trace.duration) / most) * 100}%` }} /></span>
            <span className="number">{formatDuration(Number(trace.duration))}</span>
          </Link>
        </li>
      ))}
    </ol>
  );
}

function Parts({ parts }: { parts: readonly Inline[] }) {
  return parts.map((part, place) => {
    if (part.kind === "code") return <code key={place}>{part.text}</code>;
    if (part.kind === "bold") return <strong key={place}>{part.text}</strong>;
    if (part.kind === "link") return isSafeAddress(part.url) ? <BoardAnchor key={place} url={part.url} title={part.text} /> : <span key={place}>{part.text}</span>;
    return <span key={place}>{part.text}</span>;
  });
}

/** A way inside the page, or to another host in a tab of its own. */
export function BoardAnchor({ url, title }: { url: string; title: string }) {
  return url.startsWith("/") ? <Link href={url}>{title}</Link> : <a href={url} target="_blank" rel="noreferrer noopener">{title}</a>;
}

export function TextBody({ text }: { text: string }) {
  return (
    <div className="text-panel">
      {readText(text).map((block, place) => {
        if (block.kind === "code") return <pre key={place}>{block.text}</pre>;
        if (block.kind === "list") return <ul key={place}>{block.items.map((item, index) => <li key={index}><Parts parts={item} /></li>)}</ul>;
        if (block.kind === "heading") return <h3 key={place} data-level={block.level}><Parts parts={block.parts} /></h3>;
        return <p key={place}><Parts parts={block.parts} /></p>;
      })}
    </div>
  );
}
