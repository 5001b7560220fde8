// Owns where a histogram over time lies as a picture: its rows of buckets, one above the other, and how full each cell is.
// Pure; never knows canvases or colours.
import type { HistogramBucket } from "../model/promAnswer";

export interface HeatRow {
  low: number;
  high: number;
}

export interface Heatmap {
  rows: HeatRow[];
  /** Counts by row and step; the last place of a step is `(rows - 1) * steps + step`. */
  counts: Float64Array;
  steps: number;
  most: number;
}

/** More rows than this are thinner than a reader can tell apart: neighbours are put together. */
const ROWS_MOST = 48;

/** Rows from the lowest bucket that ever held anything to the highest, with empty ones where buckets leave a gap. */
export function layHeatmap(buckets: readonly (readonly HistogramBucket[] | null)[], rowsMost = ROWS_MOST): Heatmap {
  const filled = buckets.flatMap((step) => step ?? []).filter((bucket) => bucket.count > 0);
  const bounds = new Map<string, HeatRow>(filled.map(({ low, high }) => [`${low} ${high}`, { low, high }]));
  const seen = [...bounds.values()].sort((a, b) => a.high - b.high || a.low - b.low);
  const rows = joinRows(withGaps(seen), rowsMost);
  const counts = new Float64Array(rows.length * buckets.length);
  let most = 0;
  buckets.forEach((step, at) => {
    for (const { low, high, count } of step ?? []) {
      if (!(count > 0)) continue;
      const row = rowOf(rows, low, high);
      if (row === -1) continue;
      const place = row * buckets.length + at;
      counts[place] += count;
      most = Math.max(most, counts[place]);
    }
  });
  return { rows, counts, steps: buckets.length, most };
}

function rowOf(rows: readonly HeatRow[], low: number, high: number): number {
  const middle = high === Infinity ? Infinity : low === -Infinity ? -Infinity : (low + high) / 2;
  let [from, to] = [0, rows.length - 1];
  while (from < to) {
    const between = (from + to) >> 1;
    if (middle <= rows[between].high) to = between;
    else from = between + 1;
  }
  return rows.length === 0 ? -1 : from;
}

/** Exponential histograms leave empty buckets out: the rows between are given back in the ratio of their neighbour. */
function withGaps(seen: readonly HeatRow[]): HeatRow[] {
  const rows: HeatRow[] = [];
  for (const row of seen) {
    const before = rows.at(-1);
    if (before && row.low > before.high * (1 + 1e-9) && before.high > 0 && Number.isFinite(row.low)) {
      const ratio = Number.isFinite(row.high) && row.low > 0 ? row.high / row.low : 2;
      const missing = Math.min(Math.max(Math.round(Math.log(row.low / before.high) / Math.log(ratio)), 1), 400);
      const step = (row.low / before.high) ** (1 / missing);
      for (let index = 0; index < missing; index++) rows.push({ low: rows[rows.length - 1].high, high: index === missing - 1 ? row.low : rows[rows.length - 1].high * step });
    }
    rows.push(row);
  }
  return rows;
}

function joinRows(rows: readonly HeatRow[], most: number): HeatRow[] {
  const together = Math.ceil(rows.length / most);
  if (together <= 1) return [...rows];
  const joined: HeatRow[] = [];
  for (let from = 0; from < rows.length; from += together) joined.push({ low: rows[from].low, high: rows[Math.min(from + together, rows.length) - 1].high });
  return joined;
}

/** 0 to 1 by the root of the share, so that few beside many can still be seen. */
export function heatOf(count: number, most: number): number {
  return count <= 0 || most <= 0 ? 0 : Math.min(1, 0.08 + 0.92 * Math.sqrt(count / most));
}
