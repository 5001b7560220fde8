// Owns how values spread: bins of equal width for series of numbers, the buckets themselves for histograms, and which of
// their borders are written below. Pure; never knows elements or colours.
import type { HistogramSeries } from "../model/promAnswer";
import { layHeatmap } from "./histogramHeatmap";
import { niceStep } from "./ruler";

export interface Bin {
  low: number;
  high: number;
  /** 0 to 1, of all that was counted. */
  share: number;
}

const BINS_MOST = 30;

/** Borders are multiples of a round number. One value alone is one bin; no values are none. */
export function binsOfValues(values: readonly number[], binsMost = BINS_MOST): Bin[] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [];
  const [least, most] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
  if (least === most) return [{ low: least, high: most, share: 1 }];
  const step = niceStep(most - least, binsMost - 1);
  const first = Math.floor(least / step);
  const bins = Array.from({ length: Math.floor(most / step) - first + 1 }, (_, index): Bin => ({ low: (first + index) * step, high: (first + index + 1) * step, share: 0 }));
  for (const value of finite) bins[Math.min(Math.max(Math.floor(value / step) - first, 0), bins.length - 1)].share += 1 / finite.length;
  return bins;
}

/** All steps of a histogram together. */
export function binsOfHistogram({ buckets }: HistogramSeries, binsMost = BINS_MOST): Bin[] {
  const { rows, counts, steps } = layHeatmap(buckets, binsMost);
  const sums = rows.map((_, row) => counts.subarray(row * steps, (row + 1) * steps).reduce((sum, count) => sum + count, 0));
  const total = sums.reduce((sum, count) => sum + count, 0);
  return rows.map(({ low, high }, row) => ({ low, high, share: total > 0 ? sums[row] / total : 0 }));
}

export interface BinBorder {
  /** 0 to 1 of the width. */
  at: number;
  value: number;
}

const BORDER_PX = 64;

/** As many borders as can be written beside each other, evenly; infinite ones are left out. */
export function bordersOf(bins: readonly Bin[], widthPx: number): BinBorder[] {
  if (bins.length === 0) return [];
  const values = [bins[0].low, ...bins.map((bin) => bin.high)];
  const every = Math.max(1, Math.ceil(bins.length / Math.max(Math.floor(widthPx / BORDER_PX), 1)));
  return values.flatMap((value, index) => (index % every === 0 && Number.isFinite(value) ? [{ at: index / bins.length, value }] : []));
}
