// Owns what is read off digests: which sorts there are, the share that each has of what is sorted by, figures a call, points
// of a chart, and what a change of plan did to a call. Pure.
import type { MysqlDigest, MysqlDigestPoint, MysqlPlan } from "../api/mysqlTypes";
import { momentMs } from "./mysqlRing";
import { averageDuring } from "./planTree";

export const DIGEST_SORTS = ["total_time", "p95", "calls", "rows_examined", "errors"] as const;
export type DigestSort = (typeof DIGEST_SORTS)[number];

export function readDigestSort(text: string | null): DigestSort {
  return DIGEST_SORTS.find((sort) => sort === text) ?? "total_time";
}

const MEASURES: Record<DigestSort, (digest: MysqlDigest) => number> = {
  total_time: (one) => one.total_time_ns, p95: (one) => one.p95_ns ?? 0, calls: (one) => one.calls, rows_examined: (one) => one.rows_examined, errors: (one) => one.errors,
};

/** Of the sum where sums make sense, of the largest for p95. */
export function sharesOf(digests: readonly MysqlDigest[], sort: DigestSort): number[] {
  const values = digests.map(MEASURES[sort]);
  const whole = sort === "p95" ? Math.max(...values, 0) : values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => (whole <= 0 ? 0 : value / whole));
}

export function perCall(sum: number, digest: Pick<MysqlDigest, "calls">): number | null {
  return digest.calls > 0 ? sum / digest.calls : null;
}

/** Share of calls that used no index; a statement that now and then scans a small table is no news. */
export function noIndexShare(digest: MysqlDigest): number {
  return digest.calls > 0 ? Math.min(1, digest.no_index_used / digest.calls) : 0;
}

export interface DigestColumns {
  seconds: number[];
  calls: (number | null)[];
  avg: (number | null)[];
  rows: (number | null)[];
  errors: (number | null)[];
}

/** However long the range, more points than this are on no screen. */
const POINTS_MOST = 2000;

/**
 * Rates a second, and the time of a call, null where nothing was called. A part of the range without calls may be left out
 * by the server: it is nought, not a line from one point to the next.
 */
export function digestColumns(points: readonly MysqlDigestPoint[]): DigestColumns {
  const known = points.map((point) => ({ point, ms: momentMs(point.time) })).filter(({ ms }) => Number.isFinite(ms)).sort((a, b) => a.ms - b.ms);
  const gaps = known.slice(1).map(({ ms }, place) => ms - known[place].ms).filter((gap) => gap > 0);
  const stepMs = gaps.length === 0 ? 1000 : Math.min(...gaps);
  const columns: DigestColumns = { seconds: [], calls: [], avg: [], rows: [], errors: [] };
  const push = (ms: number, calls: number, totalNs: number, rows: number, errors: number): void => {
    const step = stepMs / 1000;
    columns.seconds.push(ms / 1000);
    columns.calls.push(calls / step);
    columns.avg.push(calls > 0 ? totalNs / calls : null);
    columns.rows.push(rows / step);
    columns.errors.push(errors / step);
  };
  known.forEach(({ point, ms }, place) => {
    const before = known[place - 1]?.ms ?? ms;
    for (let at = before + stepMs; at < ms - stepMs / 2 && columns.seconds.length < POINTS_MOST; at += stepMs) push(at, 0, 0, 0, 0);
    push(ms, point.calls, point.total_time_ns, point.rows_examined, point.errors);
  });
  return columns;
}

/** Newest first, by when they were last seen and then by when they came. */
export function plansByTime(plans: readonly MysqlPlan[]): MysqlPlan[] {
  return [...plans].sort((a, b) => momentMs(b.last_seen) - momentMs(a.last_seen) || momentMs(b.first_seen) - momentMs(a.first_seen));
}

export interface PlanSpeed {
  beforeNs: number | null;
  afterNs: number | null;
  /** After by before. */
  factor: number | null;
}

/** What a call took under the older plan and under the newer, as far as the points reach. */
export function planSpeed(older: MysqlPlan, newer: MysqlPlan, points: readonly MysqlDigestPoint[]): PlanSpeed {
  const rows = points.map((point) => ({ ms: momentMs(point.time), calls: point.calls, totalNs: point.total_time_ns }));
  const change = momentMs(newer.first_seen);
  const beforeNs = averageDuring(rows, momentMs(older.first_seen), change - 1);
  const afterNs = averageDuring(rows, change, Infinity);
  return { beforeNs, afterNs, factor: beforeNs !== null && afterNs !== null && beforeNs > 0 ? afterNs / beforeNs : null };
}
