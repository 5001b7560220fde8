// Guarantees: collapsing hides exactly the subtree, and every way back to a hidden span opens what hides it.
import { expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { buildTraceTree } from "./traceTree";
import { collapseAll, collapseFromDepth, hidesError, openDepth, revealed, rowOfNode, toggled, visibleNodes } from "./visibleRows";

// a( b( c! ) d( e ) ) f
const tree = buildTraceTree(
  skeletonFromRows("t", [
    { spanId: "a", startNs: 0n, durationNs: 9 },
    { spanId: "b", parentSpanId: "a", startNs: 1n, durationNs: 1 },
    { spanId: "c", parentSpanId: "b", startNs: 2n, durationNs: 1, error: true },
    { spanId: "d", parentSpanId: "a", startNs: 3n, durationNs: 1 },
    { spanId: "e", parentSpanId: "d", startNs: 4n, durationNs: 1 },
    { spanId: "f", startNs: 8n, durationNs: 1 },
  ]),
);
const ids = (collapsed: ReadonlySet<number>): string => Array.from(visibleNodes(tree, collapsed), (node) => tree.spans.spanIds.at(node)).join("");

it("shows everything, one branch less, or only roots", () => {
  expect(ids(new Set())).toBe("abcdef");
  expect(ids(new Set([1]))).toBe("abdef");
  expect(ids(collapseAll(tree))).toBe("af");
  expect(ids(collapseFromDepth(tree, 1))).toBe("abdf");
});

it("knows the level and toggles", () => {
  expect(openDepth(tree, new Set())).toBe(2);
  expect(openDepth(tree, collapseAll(tree))).toBe(0);
  expect([...toggled(new Set([1]), 1)]).toEqual([]);
});

it("reveals a hidden span by opening its ancestors only", () => {
  const opened = revealed(tree, collapseAll(tree), 2);
  expect(ids(opened)).toBe("abcdf");
  expect(revealed(tree, opened, 2)).toBe(opened);
});

it("bubbles errors up to what hides them, and only there", () => {
  expect(hidesError(tree, new Set([1]), 1)).toBe(true);
  expect(hidesError(tree, new Set(), 1)).toBe(false);
  expect(hidesError(tree, new Set([3]), 3)).toBe(false);
});

it("maps nodes to rows", () => {
  const rows = visibleNodes(tree, new Set([1]));
  expect([...rowOfNode(rows, tree.nodeCount)]).toEqual([0, 1, -1, 2, 3, 4]);
});
