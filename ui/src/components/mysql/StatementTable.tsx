// Owns the table of statements that run now: sorted by any column (in the address), one opened at a time. It kills nothing.
import { useMemo, useState } from "react";
import type { MysqlStatement } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { isIdleInTransaction } from "../../model/lockTree";
import { shortNumber } from "../../model/mysqlCharts";
import { nextStatementSort, openFor, readStatementSort, sortStatements, STATEMENT_COLUMNS } from "../../model/mysqlStatements";
import { digestAddress, traceAddress, useParameter } from "../../router";
import { texts } from "../../texts";
import { CopyButton } from "../CopyButton";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { SqlText } from "./SqlText";

const said = texts.mysqlPage.now;

interface StatementTableProps {
  server: string;
  statements: readonly MysqlStatement[];
  /** Threads that wait for a lock, which their state does not say. */
  waiting: ReadonlySet<number>;
  /** When the picture was taken, in milliseconds. */
  nowMs: number;
  isStale: boolean;
  /** Only the first, without sorting: for the overview. */
  shortTo?: number;
}

export function StatementTable({ server, statements, waiting, nowMs, isStale, shortTo }: StatementTableProps) {
  const [sortText, setSortText] = useParameter("by");
  const sort = readStatementSort(sortText);
  const [opened, setOpened] = useState<number | null>(null);
  const sorted = useMemo(() => sortStatements(statements, readStatementSort(sortText)), [statements, sortText]);
  const shown = shortTo === undefined ? sorted : sorted.slice(0, shortTo);
  const slowest = statements.reduce((most, one) => Math.max(most, one.duration_ns), 1);
  return (
    <div className="statements" role="table" aria-label={said.title} aria-rowcount={sorted.length + 1} data-stale={isStale || undefined}>
      <div className="statement-row head" role="row">
        {STATEMENT_COLUMNS.map((column) => (
          <span key={column} role="columnheader" data-column={column} aria-sort={sort.column !== column ? "none" : sort.descending ? "descending" : "ascending"}>
            <button type="button" title={said.sortBy(said.columns[column])} onClick={() => setSortText(nextStatementSort(sort, column))}>
              {said.columns[column]}
              {sort.column === column && <Icon name={sort.descending ? "down" : "up"} size={12} />}
            </button>
          </span>
        ))}
        <span role="columnheader" data-column="trace">{said.columns.trace}</span>
      </div>
      {shown.map((one) => (
        <StatementRow key={one.thread} server={server} statement={one} isWaiting={waiting.has(one.thread)} share={one.duration_ns / slowest} nowMs={nowMs} isOpen={opened === one.thread} onOpen={() => setOpened(opened === one.thread ? null : one.thread)} />
      ))}
    </div>
  );
}

interface StatementRowProps {
  server: string;
  statement: MysqlStatement;
  isWaiting: boolean;
  share: number;
  nowMs: number;
  isOpen: boolean;
  onOpen: () => void;
}

function StatementRow({ server, statement, isWaiting, share, nowMs, isOpen, onOpen }: StatementRowProps) {
  const isIdle = isIdleInTransaction(statement);
  return (
    <div className="statement" role="rowgroup" data-open={isOpen || undefined}>
      <div className="statement-row" role="row" data-row onClick={(click) => !(click.target as HTMLElement).closest("a, button") && onOpen()}>
        <span role="cell" data-column="thread">{statement.thread}</span>
        <span role="cell" data-column="who" title={`${statement.user}@${statement.host}`}><span className="cut">{statement.user}<span className="faint">@{statement.host}</span></span></span>
        <span role="cell" data-column="state" data-idle={isIdle || isWaiting || undefined} title={statement.state}><span className="cut">{isWaiting ? said.waiting : isIdle ? said.idle : statement.state || statement.command}</span></span>
        <span role="cell" data-column="time">
          <span className="share-bar" aria-hidden="true"><span style={{ width: `${share * 100}%` }} /></span>
          <span className="figure-duration">{formatDuration(statement.duration_ns)}</span>
        </span>
        <span role="cell" data-column="rows">{shortNumber(statement.rows_examined)}</span>
        <span role="cell" data-column="lock">{statement.lock_time_ns === 0 ? <span className="faint">–</span> : formatDuration(statement.lock_time_ns)}</span>
        <span role="cell" data-column="text">
          <button type="button" className="statement-open" aria-expanded={isOpen} onClick={onOpen}>
            <Icon name="chevron" size={12} />
            {statement.text === "" ? <span className="faint">{said.nothing}</span> : <SqlText text={statement.text} />}
          </button>
        </span>
        <span role="cell" data-column="trace">{statement.trace_id === null ? <span className="faint">–</span> : <TraceLink traceId={statement.trace_id} spanId={statement.span_id} />}</span>
      </div>
      {isOpen && (
        <div className="statement-detail" role="row">
          <div role="cell">
            {statement.text !== "" && <SqlText text={statement.text} isBroken />}
            <p className="statement-facts muted small">
              <span>{statement.schema}</span>
              <span>{said.sent(shortNumber(statement.rows_sent))}</span>
              {statement.transaction_started !== null && <span>{said.open(openFor(statement.transaction_started, nowMs))}</span>}
              {statement.digest !== "" && <Link href={digestAddress(server, statement.digest, statement.schema)}>{said.toDigest}</Link>}
              {statement.text !== "" && <CopyButton text={statement.text} label={texts.mysqlPage.top.copy} caption={texts.common.copy} />}
            </p>
          </div>
        </div>
      )}
    </div>
  );
}

const SHORT_ID = 6;

export function TraceLink({ traceId, spanId, label = texts.mysqlPage.now.openTrace }: { traceId: string; spanId: string | null; label?: string }) {
  return (
    <Link className="trace-link" href={traceAddress(traceId, spanId ?? undefined)} title={label} aria-label={`${said.trace} ${traceId.slice(0, SHORT_ID)}: ${label}`}>
      <Icon name="link" size={12} />
      {said.trace} <span className="mono">{traceId.slice(0, SHORT_ID)}</span>
    </Link>
  );
}
