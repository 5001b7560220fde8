// Guarantees: a row says its service only where that is news, what is below it once it is closed, and what is wrong with it;
// most rows say nothing but their operation.
import { expect, it } from "vitest";
import { operationOf, rowName } from "./rowName";
import { skeletonFromRows } from "./skeleton";
import { buildTraceTree } from "./traceTree";

// front: a( b( c! ) d( e ) ), of which d and e are another service's; f's parent never came.
const tree = buildTraceTree(
  skeletonFromRows("t", [
    { spanId: "a", startNs: 0n, durationNs: 90, service: "front", name: "GET /" },
    { spanId: "b", parentSpanId: "a", startNs: 1n, durationNs: 10, service: "front", name: "auth" },
    { spanId: "c", parentSpanId: "b", startNs: 2n, durationNs: 1, service: "front", name: "", error: true },
    { spanId: "d", parentSpanId: "a", startNs: 30_000_000n, durationNs: 10, service: "cart", name: "read" },
    { spanId: "e", parentSpanId: "d", startNs: 1n, durationNs: 1, service: "", name: "GET" },
    { spanId: "f", parentSpanId: "99", startNs: 8n, durationNs: 1, service: "cart", name: "late" },
  ]),
);
const node = (spanId: string): number => tree.nodeBySpanId.get(spanId) ?? -1;
const named = (spanId: string, isClosed = false) => rowName(tree, null, node(spanId), isClosed);

it("says a service where it is another than the parent's", () => {
  expect(["a", "b", "d", "f"].map((spanId) => named(spanId).service)).toEqual(["front", null, "cart", "cart"]);
  expect(named("e").service).toMatch(/no service/);
});

it("says what is below a row that is closed, and an error there", () => {
  expect(named("b")).toMatchObject({ closedCount: null, signs: [], tone: "plain" });
  expect(named("b", true)).toMatchObject({ closedCount: "1", signs: [{ icon: "errorBelow" }] });
  expect(named("c", true)).toMatchObject({ closedCount: null, signs: [{ icon: "error" }], tone: "error" });
});

it("has words for what has no name, and for what never came", () => {
  expect(named("c").operation).toMatch(/no name/);
  const missing = tree.spans.count;
  expect(rowName(tree, null, missing, false)).toMatchObject({ service: null, tone: "missing", events: 0 });
  expect(operationOf(tree, missing)).toMatch(/99$/);
});

it("marks a span that begins before its parent", () => expect(named("e").signs).toEqual([{ icon: "clock" }]));
