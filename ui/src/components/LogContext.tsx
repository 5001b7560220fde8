// Owns the lines round one log record, of the same service: each leads to its own record. Never fetches.
import { clockTime, millisecondsOf } from "../model/instant";
import { rowKey, type LogRow } from "../model/logRows";
import { CONTEXT_HOURS } from "../model/logStatements";
import { severityLevel } from "../model/severity";
import { useParameter } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { CONTEXT_COUNTS } from "./LogRecordPanel";

interface LogContextProps {
  record: LogRow;
  context: { before: LogRow[]; after: LogRow[] } | undefined;
  error: Error | null;
  count: number;
  onOpen: (key: string) => void;
}

export function LogContext({ record, context, error, count, onOpen }: LogContextProps) {
  const [, setCount] = useParameter("context");
  const isAlone = context && context.before.length === 0 && context.after.length === 0;
  return (
    <div className="log-context">
      <div className="context-head">
        <span className="muted small">{texts.logsPage.contextHint(record.service || texts.trace.noService, CONTEXT_HOURS)}</span>
        <select aria-label={texts.logsPage.contextCount} value={count} onChange={(change) => setCount(change.target.value === String(CONTEXT_COUNTS[0]) ? null : change.target.value)}>
          {CONTEXT_COUNTS.map((one) => (
            <option key={one} value={one}>± {one}</option>
          ))}
        </select>
      </div>
      {error && !context && <ErrorNote error={error} />}
      {isAlone && <p className="muted small">{texts.logsPage.contextNone}</p>}
      <ol className="context-lines">
        {context?.before.map((row, index) => <ContextLine key={`b${index}`} row={row} onOpen={onOpen} />)}
        <li className="context-here" aria-label={texts.logsPage.here} aria-current="true">
          <LineText row={record} />
        </li>
        {context?.after.map((row, index) => <ContextLine key={`a${index}`} row={row} onOpen={onOpen} />)}
      </ol>
    </div>
  );
}

function ContextLine({ row, onOpen }: { row: LogRow; onOpen: (key: string) => void }) {
  return (
    <li>
      <button type="button" title={row.body} onClick={() => onOpen(rowKey(row))}>
        <LineText row={row} />
      </button>
    </li>
  );
}

function LineText({ row }: { row: LogRow }) {
  const level = severityLevel(row.severityNumber);
  return (
    <>
      <span className="context-time">{clockTime(millisecondsOf(row.timeNs))}</span>
      <span className="severity" data-level={level ?? undefined}>{row.severityText || level?.toUpperCase() || "–"}</span>
      <span className="log-body">{row.body.slice(0, 300) || row.eventName}</span>
    </>
  );
}
