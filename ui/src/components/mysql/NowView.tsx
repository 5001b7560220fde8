// Owns the view of running statements: the table, or why there is none.
import { useMemo } from "react";
import type { MysqlLockWait, MysqlServer, MysqlStatement } from "../../api/mysqlTypes";
import { texts } from "../../texts";
import { StatementTable } from "./StatementTable";
import { unseenStatements } from "./unseen";

const said = texts.mysqlPage.now;

interface NowViewProps {
  server: MysqlServer;
  statements: readonly MysqlStatement[];
  locks: readonly MysqlLockWait[];
  nowMs: number;
  isStale: boolean;
  wasSeen: boolean;
  shortTo?: number;
}

export function NowView({ server, statements, locks, nowMs, isStale, wasSeen, shortTo }: NowViewProps) {
  const waiting = useMemo(() => new Set(locks.map((wait) => wait.waiting.thread)), [locks]);
  if (statements.length === 0) return <p className="quiet muted">{unseenStatements(server, wasSeen) ?? said.none}</p>;
  return <StatementTable server={server.name} statements={statements} waiting={waiting} nowMs={nowMs} isStale={isStale} shortTo={shortTo} />;
}
