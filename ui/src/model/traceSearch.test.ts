// Guarantees: each form of the search finds what it says, and next and previous wrap round in the order of rows.
import { expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { nextMatch, searchTrace } from "./traceSearch";
import { buildTraceTree } from "./traceTree";

const tree = buildTraceTree(
  skeletonFromRows("t", [
    { spanId: "a1", startNs: 0n, durationNs: 90e6, service: "cart", name: "GET /cart", kind: "server" },
    { spanId: "b2", parentSpanId: "a1", startNs: 1n, durationNs: 5e6, service: "redis", name: "HGETALL", kind: "client", error: true },
    { spanId: "c3", parentSpanId: "a1", startNs: 2n, durationNs: 20e6, service: "cart", name: "render the page", eventCount: 2 },
  ]),
);

const CASES: [string, string][] = [
  ["", ""],
  ["cart", "a1 c3"],
  ["CART", "a1 c3"],
  ["cart -render", "a1"],
  ['"the page"', "c3"],
  ["service=cart", "a1 c3"],
  ["service:redis", "b2"],
  ["status=error", "b2"],
  ["-status=error", "a1 c3"],
  ["kind=server", "a1"],
  ["id=b2", "b2"],
  ["duration>10ms", "a1 c3"],
  ["duration<=5ms", "b2"],
  ["events=1", "c3"],
  ['name="render the"', "c3"],
  ['name=="render the"', ""],
  ["nothing-like-this", ""],
  ["-", ""],
];

it.each(CASES)("%s", (text, expected) => {
  expect(Array.from(searchTrace(tree, text), (node) => tree.spans.spanIds.at(node)).join(" ")).toBe(expected);
});

it("goes to the next and the previous match, round the ends", () => {
  const matches = searchTrace(tree, "cart");
  expect(nextMatch(tree, matches, null, 1)).toBe(0);
  expect(nextMatch(tree, matches, 0, 1)).toBe(1);
  expect(nextMatch(tree, matches, 2, 1)).toBe(0);
  expect(nextMatch(tree, matches, 1, 1)).toBe(1);
  expect(nextMatch(tree, matches, 1, -1)).toBe(0);
  expect(nextMatch(tree, matches, 0, -1)).toBe(1);
  expect(nextMatch(tree, new Int32Array(0), 0, 1)).toBe(-1);
});
