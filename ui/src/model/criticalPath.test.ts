// Guarantees: the segments cover the root from start to end, once, and name what was waited for.
import { expect, it } from "vitest";
import { criticalPath } from "./criticalPath";
import { selfTimeOf } from "./selfTime";
import { skeletonFromRows } from "./skeleton";
import { buildTraceTree } from "./traceTree";

type Line = [id: string, parent: string, start: number, end: number];

const treeOf = (lines: Line[]) =>
  buildTraceTree(skeletonFromRows("t", lines.map(([spanId, parentSpanId, start, end]) => ({ spanId, parentSpanId, startNs: BigInt(start), durationNs: end - start }))));

function check(lines: Line[], expected: string): void {
  const tree = treeOf(lines);
  const segments = criticalPath(tree).reverse();
  expect(segments.map((one) => `${tree.spans.spanIds.at(one.node)}${one.startNs}-${one.endNs}`).join(" ")).toBe(expected);
}

it("is the root alone without children", () => check([["a", "", 0, 10]], "a0-10"));
it("goes through children one after the other", () => check([["a", "", 0, 10], ["b", "a", 1, 4], ["c", "a", 5, 9]], "a0-1 b1-4 a4-5 c5-9 a9-10"));
it("leaves out what ran beside the one that ended last", () => check([["a", "", 0, 10], ["b", "a", 1, 8], ["c", "a", 2, 9]], "a0-2 c2-9 a9-10"));
it("cuts a child that outlives its parent", () => check([["a", "", 0, 10], ["b", "a", 6, 15]], "a0-6 b6-10"));
it("cuts a child that starts before its parent", () => check([["a", "", 5, 10], ["b", "a", 0, 8]], "b5-8 a8-10"));
it("is empty for an empty trace", () => check([], ""));
it("survives a cycle", () => check([["a", "b", 0, 10], ["b", "a", 2, 4]], "a0-2 b2-4 a4-10"));

it("takes away from self time what children cover, once", () => {
  const tree = treeOf([["a", "", 0, 100], ["b", "a", 10, 40], ["c", "a", 30, 50], ["d", "a", 90, 120]]);
  expect(selfTimeOf(tree, 0)).toBe(50);
  expect(selfTimeOf(tree, 1)).toBe(30);
});
