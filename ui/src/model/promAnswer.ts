// Owns reading the answers of Prometheus's API: series on one grid of times, histograms, exemplars.
// Never asks and never draws.
import type { Steps } from "./promRange";

export type Labels = Record<string, string>;

export interface MatrixAnswer {
  resultType: string;
  result: { metric: Labels; values?: [number, string][]; histograms?: [number, RawHistogram][]; value?: [number, string]; histogram?: [number, RawHistogram] }[];
}

export interface RawHistogram {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][];
}

export interface ChartSeries {
  labels: Labels;
  /** One value a step of the grid; null where there is none. */
  values: (number | null)[];
}

export interface HistogramSeries {
  labels: Labels;
  /** One a step of the grid. */
  buckets: (HistogramBucket[] | null)[];
}

export interface HistogramBucket {
  low: number;
  high: number;
  count: number;
}

export interface Grid {
  seconds: number[];
  series: ChartSeries[];
  histograms: HistogramSeries[];
}

export function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return Number(text);
}

export function secondsOf(steps: Steps): number[] {
  const count = Math.floor((steps.endMs - steps.startMs) / steps.stepMs) + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => (steps.startMs + index * steps.stepMs) / 1000);
}

/** Values on every step of what was asked; `shiftMs` brings an earlier time under the present one. */
export function readGrid(answer: MatrixAnswer, steps: Steps, shiftMs = 0): Grid {
  const seconds = secondsOf(steps);
  const placeOf = (at: number): number => Math.round((at * 1000 + shiftMs - steps.startMs) / steps.stepMs);
  const grid: Grid = { seconds, series: [], histograms: [] };
  if (answer.resultType === "scalar" || answer.resultType === "string") return grid;
  for (const one of answer.result) {
    if (one.values) {
      const values: (number | null)[] = new Array(seconds.length).fill(null);
      for (const [at, text] of one.values) {
        const place = placeOf(at);
        const value = numberOf(text);
        if (place >= 0 && place < values.length && Number.isFinite(value)) values[place] = value;
      }
      grid.series.push({ labels: one.metric, values });
    }
    if (one.histograms) {
      const buckets: (HistogramBucket[] | null)[] = new Array(seconds.length).fill(null);
      for (const [at, histogram] of one.histograms) {
        const place = placeOf(at);
        if (place >= 0 && place < buckets.length) buckets[place] = bucketsOf(histogram);
      }
      grid.histograms.push({ labels: one.metric, buckets });
    }
  }
  return grid;
}

export function bucketsOf(histogram: RawHistogram): HistogramBucket[] {
  return (histogram.buckets ?? []).map(([, low, high, count]) => ({ low: numberOf(low), high: numberOf(high), count: numberOf(count) }));
}

/** Series of classic buckets, told apart by `le`, as one histogram; null where they are none. */
export function fromClassicBuckets(series: readonly ChartSeries[]): HistogramSeries | null {
  const steps = series.filter((one) => one.labels.le !== undefined).map((one) => ({ bound: numberOf(one.labels.le), values: one.values }));
  if (steps.length < 2 || steps.length !== series.length) return null;
  const sums = new Map<number, (number | null)[]>();
  for (const { bound, values } of steps) {
    const known = sums.get(bound);
    sums.set(bound, known ? known.map((value, place) => (value === null && values[place] === null ? null : (value ?? 0) + (values[place] ?? 0))) : values);
  }
  const sorted = [...sums].sort(([a], [b]) => a - b);
  const buckets = sorted[0][1].map((_, place) => {
    if (sorted.every(([, values]) => values[place] === null)) return null;
    return sorted.map(([high, values], index) => ({
      low: index === 0 ? Math.min(0, high) : sorted[index - 1][0],
      high,
      count: Math.max((values[place] ?? 0) - (index === 0 ? 0 : (sorted[index - 1][1][place] ?? 0)), 0),
    }));
  });
  return { labels: {}, buckets };
}

export interface Exemplar {
  seconds: number;
  value: number;
  traceId: string;
  spanId: string;
  labels: Labels;
}

export interface ExemplarAnswer {
  seriesLabels: Labels;
  exemplars: { labels: Labels; value: string; timestamp: number }[];
}

const EXEMPLARS_MOST = 120;

/** Those that lead to a trace, each once; of many the slowest of each moment and one beside it. */
export function readExemplars(answer: readonly ExemplarAnswer[]): Exemplar[] {
  const found = new Map<string, Exemplar>();
  for (const { seriesLabels, exemplars } of answer) {
    for (const one of exemplars) {
      const traceId = one.labels.trace_id ?? one.labels.traceID ?? "";
      if (traceId === "") continue;
      found.set(`${traceId} ${one.timestamp} ${one.value}`, { seconds: one.timestamp, value: numberOf(one.value), traceId, spanId: one.labels.span_id ?? "", labels: seriesLabels });
    }
  }
  const all = [...found.values()];
  all.sort((a, b) => a.seconds - b.seconds);
  if (all.length <= EXEMPLARS_MOST || all.length === 0) return all;
  const [first, last] = [all[0].seconds, all[all.length - 1].seconds];
  const kept = new Set<Exemplar>();
  const bins = new Map<number, Exemplar[]>();
  for (const one of all) {
    const bin = Math.floor(((one.seconds - first) / Math.max(last - first, 1e-9)) * (EXEMPLARS_MOST / 2 - 1));
    bins.set(bin, [...(bins.get(bin) ?? []), one]);
  }
  for (const bin of bins.values()) {
    kept.add(bin.reduce((slowest, one) => (one.value > slowest.value ? one : slowest)));
    kept.add(bin[Math.floor(bin.length / 2)]);
  }
  return all.filter((one) => kept.has(one));
}
