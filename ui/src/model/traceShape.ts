// Owns what a trace's figures say beside those of traces of the same shape (docs/api.md, `/shape`) and a span's beside those of
// its operation (`/peers`): how far off, and where the difference comes from. Never asks and never draws.
import type { TraceTree } from "./traceTree";

/** Durations are nanoseconds as texts. */
export interface PeerFigures {
  spans: number;
  errors: number;
  /** Share that was faster, 0 to 1; null where there are no others. */
  percentile: number | null;
  p50: string;
  p95: string;
  p99: string;
}

export interface ShapeSpan {
  span_id: string;
  duration: string;
  median_duration: string;
  self_time: string;
  median_self_time: string;
  critical_time: string;
  median_critical_time: string;
}

export interface TraceShape {
  /** Of the same shape, this one among them. */
  traces: number;
  looked_at: number;
  duration: string;
  median_duration: string;
  median_trace_id: string | null;
  spans: ShapeSpan[];
}

/** A median of fewer says nothing. */
const TRACES_LEAST = 5;
/** Less is as usual. */
const NOTABLE = 0.05;

export interface ShapeVerdict {
  traces: number;
  durationNs: number;
  medianNs: number;
  /** 0.08: eight percent longer; 0 where that is as usual. */
  off: number;
  medianTraceId: string | null;
}

export function shapeVerdict(shape: TraceShape): ShapeVerdict | null {
  const [durationNs, medianNs] = [Number(shape.duration), Number(shape.median_duration)];
  if (shape.traces < TRACES_LEAST || !(medianNs > 0)) return null;
  const off = durationNs / medianNs - 1;
  return { traces: shape.traces, durationNs, medianNs, off: Math.abs(off) < NOTABLE ? 0 : off, medianTraceId: shape.median_trace_id };
}

export interface ShapeRow {
  node: number;
  durationNs: number;
  medianNs: number;
  /** Of the time that the span itself took, without its children. */
  selfOffNs: number;
  /** Of the time that the end of the trace waited for the span itself: these add up to the difference of the whole. */
  criticalOffNs: number;
}

/** The span that explains most of the difference first; spans that are not in the tree are left out. */
export function shapeRows(shape: TraceShape, tree: TraceTree): ShapeRow[] {
  const rows = shape.spans.flatMap((span): ShapeRow[] => {
    const node = tree.nodeBySpanId.get(span.span_id);
    if (node === undefined) return [];
    return [{
      node,
      durationNs: Number(span.duration),
      medianNs: Number(span.median_duration),
      selfOffNs: Number(span.self_time) - Number(span.median_self_time),
      criticalOffNs: Number(span.critical_time) - Number(span.median_critical_time),
    }];
  });
  return rows.sort((a, b) => Math.abs(b.criticalOffNs) - Math.abs(a.criticalOffNs) || Math.abs(b.selfOffNs) - Math.abs(a.selfOffNs) || tree.positionOf[a.node] - tree.positionOf[b.node]);
}

/** What spans at its place in the shape usually take; null where that is not known. */
export function usualOf(shape: TraceShape | undefined, spanId: string): number | null {
  if (!shape || shape.traces < TRACES_LEAST) return null;
  const span = shape.spans.find((one) => one.span_id === spanId);
  return span ? Number(span.median_duration) : null;
}
