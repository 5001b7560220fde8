// Guarantees: repeated siblings take one row, what failed stays in sight, and whatever is looked for can be shown.
import { describe, expect, it } from "vitest";
import { placeFoldBars } from "../layout/foldBars";
import { findFolds, foldFigures, isFoldRow, unfoldedFor } from "./siblingFolds";
import { skeletonFromRows, type SkeletonRow } from "./skeleton";
import { buildTraceTree } from "./traceTree";
import { visibleNodes } from "./visibleRows";

const row = (spanId: string, parentSpanId: string, start: number, more: Partial<SkeletonRow> = {}): SkeletonRow => ({ spanId, parentSpanId, startNs: BigInt(start), durationNs: 10, service: "s", name: "get", ...more });
const items = (count: number, more: (index: number) => Partial<SkeletonRow> = () => ({})): SkeletonRow[] => Array.from({ length: count }, (_, index) => row(`c${index}`, "root", 10 + index * 20, more(index)));
const treeOf = (rows: SkeletonRow[]) => buildTraceTree(skeletonFromRows("t", [row("root", "", 0, { name: "root", durationNs: 1000 }), ...rows]));

describe("folds", () => {
  it("take five or more alike, in one row", () => {
    const tree = treeOf([...items(6), row("below", "c2", 51)]);
    const folds = findFolds(tree);
    expect([...folds.members.values()].map((group) => group.length)).toEqual([6]);
    expect(folds.saved).toBe(6);
    expect(visibleNodes(tree, new Set(), { folds, unfolded: new Set() }).length).toBe(2);
    expect(visibleNodes(tree, new Set(), { folds, unfolded: new Set([1]) }).length).toBe(8);
    expect(findFolds(treeOf(items(4))).members.size).toBe(0);
  });
  it("never take what failed or hides a failure", () => {
    const tree = treeOf([...items(7, (index) => ({ error: index === 3 })), row("below", "c2", 51, { error: true })]);
    const [group] = findFolds(tree).members.values();
    expect(group.map((node) => tree.spans.spanIds.at(node))).toEqual(["c0", "c1", "c4", "c5", "c6"]);
  });
  it("tell services, names and kinds apart", () => {
    expect(findFolds(treeOf(items(8, (index) => (index % 2 === 0 ? { service: "a" } : { kind: "client" })))).members.size).toBe(0);
  });
  it("open for whatever they hide, but not for their own row", () => {
    const tree = treeOf([...items(5), row("below", "c3", 72)]);
    const state = { folds: findFolds(tree), unfolded: new Set<number>() };
    const node = (id: string): number => tree.nodeBySpanId.get(id) ?? -1;
    expect(isFoldRow(state, node("c0"))).toBe(true);
    expect(unfoldedFor(tree, state, node("c0"))).toBe(state.unfolded);
    expect([...unfoldedFor(tree, state, node("below"))]).toEqual([node("c0")]);
    expect([...unfoldedFor(tree, state, node("c4"))]).toEqual([node("c0")]);
  });
  it("are summed", () => {
    const tree = treeOf(items(5, (index) => ({ durationNs: index + 1 })));
    expect(foldFigures(tree, [...findFolds(tree).members.values()][0])).toEqual({ count: 5, totalNs: 15, medianNs: 3, longestNs: 5 });
  });
});

it("merges bars that touch and drops those out of sight", () => {
  const window = { startNs: 0, endNs: 1000 };
  expect(placeFoldBars([0, 100, 500, 2000], [100, 200, 600, 2100], window)).toEqual([{ left: 0, width: 20 }, { left: 50, width: 10 }]);
  expect(placeFoldBars(Array.from({ length: 10_000 }, (_, index) => index / 10), Array.from({ length: 10_000 }, (_, index) => index / 10 + 0.01), window)).toHaveLength(1);
});
