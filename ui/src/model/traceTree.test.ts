// Guarantees: whatever a trace looks like, every span gets exactly one row, in linear time, and what is wrong is counted.
import { describe, expect, it } from "vitest";
import { skeletonFromRows, type SkeletonRow } from "./skeleton";
import { buildTraceTree, isMissing, spanIdOf, type TraceTree } from "./traceTree";

const row = (spanId: string, parentSpanId = "", at = 0, durationNs = 10, more: Partial<SkeletonRow> = {}): SkeletonRow => ({
  spanId, parentSpanId, startNs: BigInt(at), durationNs, ...more,
});
const treeOf = (...rows: SkeletonRow[]): TraceTree => buildTraceTree(skeletonFromRows("t", rows));

/** One line a row: indent, id, marks. */
function drawn(tree: TraceTree): string[] {
  return Array.from(tree.order, (node) => {
    const marks = `${isMissing(tree, node) ? "?" : ""}${tree.cycleHeads.has(node) ? "@" : ""}${tree.repeatedNodes.has(node) ? "=" : ""}`;
    return `${" ".repeat(tree.depthOf[node])}${spanIdOf(tree, node)}${marks}`;
  });
}

function check(tree: TraceTree, expected: string[]): void {
  expect(drawn(tree)).toEqual(expected);
  expect([...tree.order].sort((a, b) => a - b)).toEqual(Array.from({ length: tree.nodeCount }, (_, node) => node));
}

describe("buildTraceTree", () => {
  it("puts children under their parents by start time", () => {
    check(treeOf(row("a"), row("b", "a", 2), row("c", "b", 3), row("d", "a", 5)), ["a", " b", "  c", " d"]);
  });

  it("does not need its input in order", () => {
    check(treeOf(row("d", "a", 5), row("c", "b", 3), row("b", "a", 2), row("a")), ["a", " b", "  c", " d"]);
  });

  it("gathers children of one missing parent under one marker that spans them", () => {
    const tree = treeOf(row("b", "gone", 4, 10), row("c", "gone", 20, 5), row("d", "other", 30));
    check(tree, ["gone?", " b", " c", "other?", " d"]);
    expect(tree.warnings).toMatchObject({ missingParents: 2, roots: 2 });
    // The trace begins with its earliest span.
    expect([tree.startOf[3], tree.endOf[3]]).toEqual([0, 21]);
  });

  it("opens a cycle at its earliest span and keeps what hangs on it", () => {
    const tree = treeOf(row("a", "c", 1), row("b", "a", 2), row("c", "b", 3), row("tail", "b", 9));
    check(tree, ["a@", " b", "  c", "  tail"]);
    expect(tree.warnings.cycles).toBe(1);
  });

  it("opens a cycle even if the first node seen only leads into it", () => {
    check(treeOf(row("tail", "a", 0), row("a", "b", 5), row("b", "a", 3)), ["b@", " a", "  tail"]);
  });

  it("survives a span that is its own parent", () => {
    check(treeOf(row("a", "a")), ["a@"]);
  });

  it("shows every root, by start", () => {
    const tree = treeOf(row("late", "", 9), row("early", "", 1));
    check(tree, ["early", "late"]);
    expect(tree.warnings.roots).toBe(2);
  });

  it("keeps spans that reuse an id, with the first one owning the children", () => {
    const tree = treeOf(row("a"), row("x", "a", 1), row("x", "a", 2), row("c", "x", 3));
    check(tree, ["a", " x", "  c", " x="]);
    expect(tree.warnings.repeatedIds).toBe(1);
  });

  it("draws a span that ends before it starts as a moment", () => {
    const tree = treeOf(row("a", "", 0, 50), row("b", "a", 20, -7));
    expect([tree.startOf[1], tree.endOf[1], tree.totalNs]).toEqual([20, 20, 50]);
    expect(tree.warnings.negativeDurations).toBe(1);
  });

  it("counts descendants and errors of every subtree", () => {
    const tree = treeOf(row("a"), row("b", "a", 1), row("c", "b", 2, 1, { error: true }), row("d", "b", 3, 1, { error: true }));
    expect([...tree.descendantsOf]).toEqual([3, 2, 0, 0]);
    expect([...tree.errorsBelow]).toEqual([2, 2, 0, 0]);
  });

  it("is empty for an empty trace", () => {
    check(treeOf(), []);
  });

  it("takes a chain 5,000 deep", () => {
    const tree = treeOf(...Array.from({ length: 5000 }, (_, depth) => row(`s${depth}`, depth === 0 ? "" : `s${depth - 1}`, depth)));
    expect(tree.deepest).toBe(4999);
    expect(tree.descendantsOf[0]).toBe(4999);
  });

  it("takes 200,000 spans, and a cycle of 100,000", { timeout: 60_000 }, () => {
    const wide = Array.from({ length: 200_000 }, (_, index) => row(`s${index}`, index === 0 ? "" : `s${Math.floor((index - 1) / 7)}`, index));
    expect(buildTraceTree(skeletonFromRows("t", wide)).order.length).toBe(200_000);
    const ring = Array.from({ length: 100_000 }, (_, index) => row(`s${index}`, `s${(index + 99_999) % 100_000}`, index));
    expect(buildTraceTree(skeletonFromRows("t", ring)).warnings.cycles).toBe(1);
  });
});
