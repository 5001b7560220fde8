// Owns what the list of traces shows: reading it from the address, and what the server is asked for it. Every part of
// the page (list, picture, facets, comparison) asks with the same parameters. Never sends anything.
import type { Parameters } from "../api/client";
import { durationForServer, parseDuration } from "./duration";
import { nanosecondsText, readRange } from "./instant";

export interface TraceFilter {
  service: string;
  operation: string;
  status: string;
  minDuration: string;
  maxDuration: string;
  range: string;
  limit: number;
  internal: boolean;
  /** TraceQL, or the language of filters. */
  query: string;
}

export const TRACE_LIMITS = [50, 100, 200, 500];
export const DEFAULT_TRACE_RANGE = "1h";

export function readTraceFilter(search: string): TraceFilter {
  const parameters = new URLSearchParams(search);
  const get = (name: string): string => parameters.get(name) ?? "";
  const duration = (name: string): string => (parseDuration(get(name)) === null ? "" : get(name));
  return {
    service: get("service"),
    operation: get("operation"),
    status: get("status"),
    minDuration: duration("min"),
    maxDuration: duration("max"),
    range: get("range") || DEFAULT_TRACE_RANGE,
    limit: TRACE_LIMITS.includes(Number(get("limit"))) ? Number(get("limit")) : TRACE_LIMITS[0],
    internal: get("internal") === "true",
    query: get("filter"),
  };
}

/** In the address, what takes every filter away. */
export const NO_TRACE_FILTER = { service: null, operation: null, status: null, min: null, max: null, filter: null, was: null };

export function isTraceFilterSet(filter: TraceFilter): boolean {
  return Boolean(filter.service || filter.operation || filter.status || filter.minDuration || filter.maxDuration || filter.query);
}

/** Whether single spans are asked for; otherwise the picture counts roots. */
export function hasSpanCondition(filter: TraceFilter): boolean {
  return Boolean(filter.service || filter.operation || filter.status || filter.query);
}

/** A range up to now moves on; one between two moments stays as it is. */
export function isMoving(range: string): boolean {
  return !range.includes("-");
}

export interface AskedWindow {
  /** Nanoseconds as text. */
  start: string | undefined;
  /** Missing where a list goes on to whatever has arrived, also from clocks that are ahead. */
  end: string | undefined;
}

export function windowOf(range: string, now: number): AskedWindow {
  const asked = readRange(range, now);
  return { start: asked ? nanosecondsText(asked.startMs) : undefined, end: asked && !isMoving(range) ? nanosecondsText(asked.endMs) : undefined };
}

/** The parameters of `GET /api/traces` but for its window and its page. */
export function conditionsOf(filter: TraceFilter): Parameters {
  return {
    service: filter.service,
    operation: filter.operation,
    status: filter.status,
    min_duration: durationForServer(filter.minDuration),
    max_duration: durationForServer(filter.maxDuration),
    internal: filter.internal,
    filter: filter.query,
  };
}
