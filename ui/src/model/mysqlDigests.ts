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

/** Rates a second, and the time of a call, null where nothing was called. */
export function digestColumns(points: readonly MysqlDigestPoint[]): DigestColumns {
  const at = points.map((point) => momentMs(point.time) / 1000);
  const gaps = at.slice(1).map((second, place) => second - at[place]).filter((gap) => gap > 0).sort((a, b) => a - b);
  const step = gaps[Math.floor(gaps.length / 2)] ?? 1;
  return {
    seconds: at,
    calls: points.map((point) => point.calls / step),
    avg: points.map((point) => (point.calls > 0 ? point.total_time_ns / point.calls : null)),
    rows: points.map((point) => point.rows_examined / step),
    errors: points.map((point) => point.errors / step),
  };
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
