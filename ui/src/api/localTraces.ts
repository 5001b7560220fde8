// Owns the traces that were opened from files: in this page's memory, gone when it is left. Never sends them anywhere.
import type { TraceDetail } from "./types";

/** No id of a server begins so. */
const PREFIX = "file:";
const traces = new Map<string, TraceDetail>();

export function isLocalTraceId(traceId: string): boolean {
  return traceId.startsWith(PREFIX);
}

/** The id without the sign that it came from a file. */
export function plainTraceId(traceId: string): string {
  return isLocalTraceId(traceId) ? traceId.slice(PREFIX.length) : traceId;
}

export function keepLocalTrace(trace: TraceDetail): string {
  const id = PREFIX + trace.trace_id;
  traces.set(id, trace);
  return id;
}

export function localTrace(traceId: string): TraceDetail | undefined {
  return traces.get(traceId);
}
