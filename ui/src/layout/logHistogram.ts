// Owns the bars of the picture over the logs: one stack a step of time, the gravest level at the bottom, where each
// part lies in pixels, and which time a brushed part means. Pure; the canvas is filled by paint/histogramCanvas.
import { stepStarts } from "./timeSteps";

export const LEVEL_COUNT = 7;

export interface LevelCount {
  bucketMs: number;
  /** 0 no severity, 1 trace to 6 fatal. */
  level: number;
  count: number;
}

export interface LogHistogram {
  startMs: number;
  endMs: number;
  stepMs: number;
  /** Beginning of each step. */
  steps: number[];
  /** Counts by step and level: `counts[step * LEVEL_COUNT + level]`. */
  counts: Float64Array;
  totals: number[];
  most: number;
}

export function histogramOf(answer: readonly LevelCount[], startMs: number, endMs: number, stepMs: number): LogHistogram {
  const steps = stepStarts(startMs, endMs, stepMs);
  const counts = new Float64Array(steps.length * LEVEL_COUNT);
  const totals = new Array<number>(LEVEL_COUNT).fill(0);
  const heights = new Float64Array(steps.length);
  for (const { bucketMs, level, count } of answer) {
    const step = Math.round((bucketMs - steps[0]) / stepMs);
    const place = Math.min(Math.max(Math.floor(level), 0), LEVEL_COUNT - 1);
    if (!(step >= 0 && step < steps.length) || !Number.isFinite(count)) continue;
    counts[step * LEVEL_COUNT + place] += count;
    totals[place] += count;
    heights[step] += count;
  }
  return { startMs, endMs, stepMs, steps, counts, totals, most: heights.reduce((most, height) => Math.max(most, height), 0) };
}

export interface HistogramBar {
  level: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

const GAP_PX = 1;
/** One record among a million is still seen. */
const LEAST_HEIGHT_PX = 1.5;

export function placeHistogram(histogram: LogHistogram, width: number, height: number): HistogramBar[] {
  const { startMs, endMs, stepMs, steps, counts, most } = histogram;
  const perMs = width / Math.max(endMs - startMs, 1);
  const bars: HistogramBar[] = [];
  if (most === 0) return bars;
  steps.forEach((step, index) => {
    const x = Math.max(0, (step - startMs) * perMs);
    const right = Math.min(width, (step + stepMs - startMs) * perMs);
    let base = height;
    for (let level = LEVEL_COUNT - 1; level >= 0; level--) {
      const count = counts[index * LEVEL_COUNT + level];
      if (count === 0) continue;
      const part = Math.max(LEAST_HEIGHT_PX, (count / most) * height);
      const top = Math.max(0, base - part);
      bars.push({ level, x, y: top, width: Math.max(1, right - x - GAP_PX), height: base - top });
      base = top;
    }
  });
  return bars;
}

/** The time of a brushed part, 0..1 of the width, widened to whole steps. */
export function brushedRange(histogram: LogHistogram, from: number, to: number): { startMs: number; endMs: number } {
  const { startMs, endMs, stepMs } = histogram;
  const width = endMs - startMs;
  const first = Math.floor((startMs + from * width) / stepMs) * stepMs;
  const last = Math.ceil((startMs + to * width) / stepMs) * stepMs;
  return { startMs: first, endMs: Math.max(last, first + stepMs) };
}

export function stepAt(histogram: LogHistogram, share: number): number {
  const at = histogram.startMs + share * (histogram.endMs - histogram.startMs);
  return Math.min(Math.max(Math.floor((at - histogram.steps[0]) / histogram.stepMs), 0), histogram.steps.length - 1);
}
