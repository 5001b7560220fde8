// Owns the order of statements that run now. Pure.
import type { MysqlStatement } from "../api/mysqlTypes";
import { formatDuration } from "./duration";
import { momentMs } from "./mysqlRing";

export const STATEMENT_COLUMNS = ["thread", "who", "state", "time", "rows", "lock", "text"] as const;
export type StatementColumn = (typeof STATEMENT_COLUMNS)[number];

export interface StatementSort {
  column: StatementColumn;
  descending: boolean;
}

const NUMBERS: Partial<Record<StatementColumn, (statement: MysqlStatement) => number>> = {
  thread: (one) => one.thread, time: (one) => one.duration_ns, rows: (one) => one.rows_examined, lock: (one) => one.lock_time_ns,
};
const WORDS: Partial<Record<StatementColumn, (statement: MysqlStatement) => string>> = {
  who: (one) => `${one.user}@${one.host}`, state: (one) => one.state || one.command, text: (one) => one.text,
};

/** `time` or `-time`: the longest running first unless someone says otherwise. */
export function readStatementSort(text: string | null): StatementSort {
  const column = STATEMENT_COLUMNS.find((one) => one === text?.replace(/^-/, ""));
  return column ? { column, descending: text?.startsWith("-") === true } : { column: "time", descending: true };
}

/** A click on the same column turns the order; numbers begin with the largest, words with A. */
export function nextStatementSort(sort: StatementSort, column: StatementColumn): string | null {
  const descending = sort.column === column ? !sort.descending : NUMBERS[column] !== undefined;
  return column === "time" && descending ? null : `${descending ? "-" : ""}${column}`;
}

/** Equal ones keep the order of their threads, so that rows do not swap while figures move. */
export function sortStatements(statements: readonly MysqlStatement[], sort: StatementSort): MysqlStatement[] {
  const sign = sort.descending ? -1 : 1;
  const [number, word] = [NUMBERS[sort.column], WORDS[sort.column]];
  return [...statements].sort((a, b) => sign * (number ? number(a) - number(b) : (word?.(a) ?? "").localeCompare(word?.(b) ?? "")) || a.thread - b.thread);
}

/** How long a transaction is open; never negative where clocks differ. */
export function openFor(started: string, nowMs: number): string {
  return formatDuration(Math.max(0, Math.round(nowMs - momentMs(started))) * 1e6);
}
