// Owns the tree of lock waits: blockers on top, who waits below, each with how long and for what, and its trace. Rows keep
// their key while the tree moves. The shape is model/lockTree's.
import { useMemo, type KeyboardEvent } from "react";
import type { MysqlLockWait } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { isIdleInTransaction, lockForest, type LockRow } from "../../model/lockTree";
import { openFor } from "../../model/mysqlStatements";
import { digestAddress, navigate, traceAddress } from "../../router";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { SqlText } from "./SqlText";
import { TraceLink } from "./StatementTable";

const said = texts.mysqlPage.locks;

interface LockTreeProps {
  server: string;
  locks: readonly MysqlLockWait[];
  nowMs: number;
  isStale: boolean;
  /** Why nothing can be said where no wait is known; null where nobody waits. */
  unseen: string | null;
}

export function LockTree({ server, locks, nowMs, isStale, unseen }: LockTreeProps) {
  const forest = useMemo(() => lockForest(locks), [locks]);
  if (forest.rows.length === 0 && unseen !== null) return <p className="quiet muted">{unseen}</p>;
  if (forest.rows.length === 0) {
    return (
      <div className="quiet">
        <Icon name="check" />
        <p><strong>{said.none}</strong> <span className="muted">{said.noneHint}</span></p>
      </div>
    );
  }
  return (
    <div className="locks" data-stale={isStale || undefined}>
      <p className="locks-summary">{said.summary(forest.waiting, forest.roots, formatDuration(forest.longestNs))}</p>
      <ul className="lock-rows" role="tree" aria-label={said.tree}>
        {forest.rows.map((row) => <LockItem key={row.key} server={server} row={row} longestNs={forest.longestNs} nowMs={nowMs} />)}
      </ul>
    </div>
  );
}

function LockItem({ server, row, longestNs, nowMs }: { server: string; row: LockRow; longestNs: number; nowMs: number }) {
  const { statement, wait, depth } = row;
  const isIdle = isIdleInTransaction(statement);
  const openTrace = (press: KeyboardEvent<HTMLLIElement>): void => {
    if (press.key === "Enter" && press.target === press.currentTarget && statement.trace_id !== null) navigate(traceAddress(statement.trace_id, statement.span_id ?? undefined));
  };
  return (
    <li className="lock-row" role="treeitem" aria-level={depth + 1} aria-selected="false" tabIndex={0} data-row data-root={depth === 0 || undefined} onKeyDown={openTrace}>
      <span className="lock-guides" aria-hidden="true">{row.lastAt.map((isLast, level) => <span key={level} data-last={isLast || undefined} data-own={level === row.lastAt.length - 1 || undefined} />)}</span>
      <div className="lock-body">
        <p className="lock-line">
          <strong className="lock-thread">{statement.thread}</strong>
          <span className="muted">{statement.user}@{statement.host}</span>
          {isIdle && <span className="warn-pill">{texts.mysqlPage.now.idle}</span>}
          {row.blocked > 0 && !row.isCycle && <span className="block-pill">{said.blocks(row.blocked)}</span>}
          {row.isCycle && <span className="block-pill">{said.cycle}</span>}
          {row.alsoElsewhere && <span className="muted small">{said.elsewhere}</span>}
          {statement.transaction_started !== null && depth === 0 && <span className="muted small">{texts.mysqlPage.now.open(openFor(statement.transaction_started, nowMs))}</span>}
          <span className="toolbar-gap" />
          {statement.trace_id !== null && <TraceLink traceId={statement.trace_id} spanId={statement.span_id} />}
        </p>
        {statement.text !== "" && <p className="lock-text">{statement.digest === "" ? <SqlText text={statement.text} /> : <Link href={digestAddress(server, statement.digest, statement.schema)}><SqlText text={statement.text} /></Link>}</p>}
        {wait && (
          <p className="lock-wait small">
            <span className="wait-bar" aria-hidden="true"><span style={{ width: `${(wait.wait_ns / Math.max(longestNs, 1)) * 100}%` }} /></span>
            <strong className="wait-time">{said.waits(formatDuration(wait.wait_ns))}</strong>
            <span className="muted cut">{said.on(wait.object, wait.index)}</span>
            <span className="mode-pill">{wait.kind === "metadata" ? said.metadata : wait.mode}</span>
          </p>
        )}
        {depth === 0 && <p className="muted small">{said.advice(String(statement.thread))}</p>}
      </div>
    </li>
  );
}
