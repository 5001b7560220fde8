// Owns reading events: grouping by day, and what their details hold. Details come from another program: nothing is taken for
// granted. Pure.
import type { DeadlockTransaction, MysqlEvent } from "../api/mysqlTypes";
import { momentMs } from "./mysqlRing";

export function detailText(detail: Record<string, unknown>, key: string): string | null {
  const value = detail[key];
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Newest first, each day once. */
export function eventsByDay(events: readonly MysqlEvent[], dayOf: (event: MysqlEvent) => string): [string, MysqlEvent[]][] {
  const days = new Map<string, MysqlEvent[]>();
  for (const event of [...events].sort((a, b) => momentMs(b.time) - momentMs(a.time))) days.set(dayOf(event), [...(days.get(dayOf(event)) ?? []), event]);
  return [...days];
}

export interface Deadlock {
  transactions: DeadlockTransaction[];
  /** Counted from one; null where InnoDB did not say. */
  victim: number | null;
  text: string;
}

export function readDeadlock(detail: Record<string, unknown>): Deadlock {
  const list = Array.isArray(detail.transactions) ? detail.transactions : [];
  const transactions = list.filter((one): one is Record<string, unknown> => typeof one === "object" && one !== null).map((one) => ({
    thread: Number(one.thread ?? 0),
    statement: String(one.statement ?? ""),
    holds: String(one.holds ?? ""),
    waits_for: String(one.waits_for ?? ""),
    trace_id: typeof one.trace_id === "string" && one.trace_id !== "" ? one.trace_id : null,
  }));
  return { transactions, victim: typeof detail.victim === "number" ? detail.victim : null, text: typeof detail.text === "string" ? detail.text : "" };
}

export const EVENT_KINDS = ["deadlock", "plan_change", "lock_wait", "variable_change", "restart", "error_log"] as const;

/** How many of each kind, for the buttons that choose. */
export function countKinds(events: readonly MysqlEvent[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
  return counts;
}

const BAD = new Set(["deadlock", "restart"]);
const MARKED = new Set(["deadlock", "restart", "plan_change", "variable_change"]);

/** Events as marks on charts, in order of time; lines of a log are too many for that. */
export function eventMarks(events: readonly MysqlEvent[], wordOf: (event: MysqlEvent) => string): { seconds: number; label: string; isBad: boolean }[] {
  return events
    .filter((event) => MARKED.has(event.kind))
    .map((event) => ({ seconds: momentMs(event.time) / 1000, label: wordOf(event), isBad: BAD.has(event.kind) }))
    .filter((mark) => Number.isFinite(mark.seconds))
    .sort((a, b) => a.seconds - b.seconds);
}
