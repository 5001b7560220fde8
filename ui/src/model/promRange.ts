// Owns the steps of a query over time and the variables that depend on them. Never asks the server.
import { roundStepMs } from "../layout/timeSteps";
import type { TimeRange } from "./instant";

const POINTS_MOST = 360;
const LEAST_STEP_MS = 1000;
/** SDKs send metrics each minute unless told otherwise: a rate needs two points. */
const LEAST_RATE_WINDOW_MS = 120_000;
const SEND_INTERVAL_MS = 60_000;
const LONG_STEP_MS = 300_000;
const ROLLUP_MS = 300_000;

export interface Steps {
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** Begins and ends at whole steps, so that points keep their place while time goes on. */
export function stepsOf(range: TimeRange, pointsMost = POINTS_MOST): Steps {
  const stepMs = Math.max(roundStepMs(range.startMs, range.endMs, pointsMost), LEAST_STEP_MS);
  return { stepMs, startMs: Math.ceil(range.startMs / stepMs) * stepMs, endMs: Math.max(Math.floor(range.endMs / stepMs), Math.ceil(range.startMs / stepMs)) * stepMs };
}

/** More than without live mode: the last quarter of an hour has a step a second. */
const LIVE_POINTS_MOST = 900;

/** Ends with the step that is still open, so that what has just come is in it; always as many steps, so that time moves on evenly. */
export function liveStepsOf(range: TimeRange, pointsMost = LIVE_POINTS_MOST): Steps {
  const stepMs = Math.max(roundStepMs(range.startMs, range.endMs, pointsMost), LEAST_STEP_MS);
  const endMs = Math.ceil(range.endMs / stepMs) * stepMs;
  return { stepMs, endMs, startMs: endMs - Math.max(Math.round((range.endMs - range.startMs) / stepMs), 1) * stepMs };
}

/** A duration as PromQL writes it. */
export function promDuration(milliseconds: number): string {
  for (const [unit, size] of [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const) {
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${Math.max(1, Math.round(milliseconds))}ms`;
}

/** A step, and as much more as lies between two samples; of long steps whole five minutes, for which the server has rollups. */
export function rateWindowMs(stepMs: number): number {
  const more = stepMs >= LONG_STEP_MS ? ROLLUP_MS : SEND_INTERVAL_MS;
  return Math.max(LEAST_RATE_WINDOW_MS, stepMs + more);
}

/** `$__rate_interval`, `$__interval`, `$__range` and their spelling with braces, as durations. */
export function withSteps(text: string, steps: Steps): string {
  const values: Record<string, string> = {
    __rate_interval: promDuration(rateWindowMs(steps.stepMs)),
    __interval: promDuration(steps.stepMs),
    __interval_ms: String(steps.stepMs),
    __range: promDuration(Math.max(1000, Math.round((steps.endMs - steps.startMs) / 1000) * 1000)),
    __range_s: String(Math.round((steps.endMs - steps.startMs) / 1000)),
  };
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, bare: string | undefined) => values[braced ?? bare ?? ""] ?? whole);
}
