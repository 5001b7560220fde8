// Owns making the shape of a trace from its whole spans, for traces that did not come from the server. Pure.
import type { TraceDetail } from "../api/types";
import { skeletonFromRows, type Skeleton } from "./skeleton";

export function skeletonFromSpans(traceId: string, { spans, logs }: TraceDetail): Skeleton {
  const logCounts = new Map<string, number>();
  for (const log of logs) logCounts.set(log.span_id, (logCounts.get(log.span_id) ?? 0) + 1);
  return skeletonFromRows(traceId, spans.map((span) => ({
    spanId: span.span_id,
    parentSpanId: span.parent_span_id ?? "",
    startNs: BigInt(span.start_time),
    durationNs: Number(span.duration),
    service: span.service_name,
    name: span.name,
    kind: span.kind,
    error: span.status?.code === "error",
    eventCount: span.events.length,
    logCount: logCounts.get(span.span_id) ?? 0,
  })));
}
