// Guarantees: a difference is told only where enough traces are alike and it is worth telling, and the span that explains
// most of it comes first.
import { expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { shapeRows, shapeVerdict, usualOf, type ShapeSpan, type TraceShape } from "./traceShape";
import { buildTraceTree } from "./traceTree";

const span = (span_id: string, duration: number, median: number, critical: number, medianCritical: number): ShapeSpan => ({ span_id, duration: String(duration), median_duration: String(median), self_time: String(critical), median_self_time: String(medianCritical), critical_time: String(critical), median_critical_time: String(medianCritical) });
const shape = (change: Partial<TraceShape> = {}): TraceShape => ({ traces: 9, looked_at: 10, duration: "110", median_duration: "100", median_trace_id: "m", spans: [span("a", 110, 100, 20, 20), span("b", 90, 50, 60, 30), span("c", 10, 40, 5, 25), span("gone", 1, 1, 1, 1)], ...change });
const tree = buildTraceTree(skeletonFromRows("t", [{ spanId: "a", startNs: 0n, durationNs: 110 }, { spanId: "b", parentSpanId: "a", startNs: 1n, durationNs: 90 }, { spanId: "c", parentSpanId: "a", startNs: 2n, durationNs: 10 }]));

it("tells a difference that is worth telling", () => {
  expect(shapeVerdict(shape())).toMatchObject({ traces: 9, durationNs: 110, medianNs: 100, medianTraceId: "m" });
  expect(shapeVerdict(shape())?.off).toBeCloseTo(0.1);
  expect(shapeVerdict(shape({ duration: "103" }))?.off).toBe(0);
  expect(shapeVerdict(shape({ traces: 4 }))).toBeNull();
  expect(shapeVerdict(shape({ median_duration: "0" }))).toBeNull();
});

it("puts first what explains most", () => {
  expect(shapeRows(shape(), tree).map(({ node, criticalOffNs }) => [tree.spans.durations[node], criticalOffNs])).toEqual([[90, 30], [10, -20], [110, 0]]);
});

it("knows what is usual at a span's place", () => expect([usualOf(shape(), "b"), usualOf(shape(), "x"), usualOf(shape({ traces: 2 }), "b"), usualOf(undefined, "b")]).toEqual([50, null, null, null]));
