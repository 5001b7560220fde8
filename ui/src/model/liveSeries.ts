// Owns the series of one live subscription: what was told so far, put together from changes, and read as a grid of any
// steps. After a break the server tells everything again from a moment on; what was known from there on gives way. Bounded by
// the length that is shown. Pure but for the state that it is given.
import { bucketsOf, numberOf, secondsOf, type Grid, type HistogramBucket, type Labels, type RawHistogram } from "./promAnswer";
import type { Steps } from "./promRange";

export interface LiveSeriesChange {
  n: number;
  /** The first time only. */
  metric?: Labels;
  values?: [number, string][];
  histograms?: [number, RawHistogram][];
  gone?: number[];
}

export interface LiveChange {
  id: number;
  to?: number;
  first?: boolean;
  total_series?: number;
  series?: LiveSeriesChange[];
  error?: string;
  errorType?: string;
}

interface KnownSeries {
  metric: Labels;
  /** By time in milliseconds. */
  values: Map<number, number>;
  buckets: Map<number, HistogramBucket[]>;
}

export interface LiveSeries {
  /** By the labels as text. */
  known: Map<string, KnownSeries>;
  /** What the numbers of the present connection stand for. */
  numbers: Map<number, string>;
  toMs: number | null;
  total: number;
  error: { kind: string; message: string } | null;
}

/** How long after its time the server may still change a step: with so much less a subscription is taken up again. */
export const REDONE_MS = 60_000;

export const noLiveSeries = (): LiveSeries => ({ known: new Map(), numbers: new Map(), toMs: null, total: 0, error: null });

/** The moment from which a subscription must be told again, having lost its connection. */
export function resumeMs(state: LiveSeries, startMs: number, stepMs: number): number {
  return state.toMs === null ? startMs : Math.max(startMs, state.toMs - Math.max(REDONE_MS, 2 * stepMs));
}

const keyOf = (metric: Labels): string => JSON.stringify(Object.entries(metric).sort());
const millis = (seconds: number): number => Math.round(seconds * 1000);

/** Takes a change in; `fromMs` is what was asked for last, `keepMs` how much is shown. */
export function applyChange(state: LiveSeries, change: LiveChange, fromMs: number, keepMs: number): void {
  if (change.error !== undefined) {
    state.error = { kind: change.errorType ?? "", message: change.error };
    return;
  }
  state.error = null;
  if (change.first) {
    state.numbers.clear();
    for (const series of state.known.values()) cutFrom(series, fromMs);
  }
  if (change.to !== undefined) state.toMs = millis(change.to);
  for (const one of change.series ?? []) applySeries(state, one);
  const oldest = (state.toMs ?? 0) - keepMs;
  for (const [key, series] of state.known) {
    cutBefore(series, oldest);
    if (series.values.size === 0 && series.buckets.size === 0 && change.first) state.known.delete(key);
  }
  state.total = change.total_series ?? state.known.size;
}

function applySeries(state: LiveSeries, change: LiveSeriesChange): void {
  if (change.metric) state.numbers.set(change.n, keyOf(change.metric));
  const key = state.numbers.get(change.n);
  if (key === undefined) return;
  let series = state.known.get(key);
  if (!series) {
    series = { metric: change.metric ?? {}, values: new Map(), buckets: new Map() };
    state.known.set(key, series);
  }
  for (const at of change.gone ?? []) {
    series.values.delete(millis(at));
    series.buckets.delete(millis(at));
  }
  for (const [at, text] of change.values ?? []) {
    const value = numberOf(text);
    if (Number.isFinite(value)) series.values.set(millis(at), value);
    else series.values.delete(millis(at));
  }
  for (const [at, histogram] of change.histograms ?? []) series.buckets.set(millis(at), bucketsOf(histogram));
}

function cutFrom(series: KnownSeries, fromMs: number): void {
  for (const map of [series.values, series.buckets]) for (const at of map.keys()) if (at >= fromMs) map.delete(at);
}

function cutBefore(series: KnownSeries, oldest: number): void {
  for (const map of [series.values, series.buckets]) {
    for (const at of map.keys()) {
      if (at >= oldest) break;
      map.delete(at);
    }
  }
}

/** Series that have something in these steps, in the order of their labels. */
export function liveGrid(state: LiveSeries, steps: Steps): Grid {
  const seconds = secondsOf(steps);
  const grid: Grid = { seconds, series: [], histograms: [] };
  const at = (map: Map<number, unknown>): boolean => {
    for (const time of map.keys()) if (time >= steps.startMs && time <= steps.endMs) return true;
    return false;
  };
  for (const [, { metric, values, buckets }] of [...state.known].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (at(values)) grid.series.push({ labels: metric, values: seconds.map((second) => values.get(millis(second)) ?? null) });
    if (at(buckets)) grid.histograms.push({ labels: metric, buckets: seconds.map((second) => buckets.get(millis(second)) ?? null) });
  }
  return grid;
}

/** The last values, as the answer of an instant query has them. */
export function liveVector(state: LiveSeries): { resultType: string; result: { metric: Labels; value: [number, string] }[] } {
  const seconds = (state.toMs ?? 0) / 1000;
  const result = [...state.known].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { metric, values }]) => [...values.values()].slice(-1).map((value) => ({ metric, value: [seconds, String(value)] as [number, string] })));
  return { resultType: "vector", result };
}
