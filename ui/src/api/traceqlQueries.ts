// Owns asking TraceQL for series: over time and at a moment, by Tempo's API. Never draws, and reads no answer: that is
// model/traceqlSeries.
import { nanosecondsText } from "../model/instant";
import type { Steps } from "../model/promRange";
import type { TraceqlAnswer } from "../model/traceqlSeries";
import { getJson } from "./client";

const API = "/tempo/api/metrics";
const rangeOf = ({ startMs, endMs }: Steps) => ({ start: nanosecondsText(startMs), end: nanosecondsText(endMs) });

export function askTraceqlRange(q: string, steps: Steps, signal: AbortSignal): Promise<TraceqlAnswer> {
  return getJson<TraceqlAnswer>(`${API}/query_range`, { q, ...rangeOf(steps), step: String(steps.stepMs / 1000) }, signal);
}

/** One value a series over the whole range. */
export function askTraceqlInstant(q: string, steps: Steps, signal: AbortSignal): Promise<TraceqlAnswer> {
  return getJson<TraceqlAnswer>(`${API}/query`, { q, ...rangeOf(steps) }, signal);
}
