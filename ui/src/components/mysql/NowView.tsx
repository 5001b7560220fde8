// Owns the view of running statements: the table, or why there is none.
import type { MysqlServer, MysqlStatement } from "../../api/mysqlTypes";
import { texts } from "../../texts";
import { StatementTable } from "./StatementTable";
import { unseenStatements } from "./unseen";

const said = texts.mysqlPage.now;

export function NowView({ server, statements, nowMs, isStale, wasSeen, shortTo }: { server: MysqlServer; statements: readonly MysqlStatement[]; nowMs: number; isStale: boolean; wasSeen: boolean; shortTo?: number }) {
  if (statements.length === 0) return <p className="quiet muted">{unseenStatements(server, wasSeen) ?? said.none}</p>;
  return <StatementTable server={server.name} statements={statements} nowMs={nowMs} isStale={isStale} shortTo={shortTo} />;
}
