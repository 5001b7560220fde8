// Guarantees: no span of the flame view hides another, none is lost, and deep or wide traces cost no more than they have spans.
import { describe, expect, it } from "vitest";
import { skeletonFromRows, type SkeletonRow } from "../model/skeleton";
import { buildTraceTree } from "../model/traceTree";
import { FLAME_ROW_PX, layOutFlame, nodeAt, visibleBoxes } from "./flame";

const row = (spanId: string, parentSpanId: string, start: number, duration: number): SkeletonRow => ({ spanId, parentSpanId, startNs: BigInt(start), durationNs: duration });
const treeOf = (rows: SkeletonRow[]) => buildTraceTree(skeletonFromRows("t", rows));
const whole = (end: number) => ({ startNs: 0, endNs: end });

describe("rows", () => {
  it("are one a depth where nothing runs at once, and more where something does", () => {
    const tree = treeOf([row("r", "", 0, 100), row("a", "r", 0, 40), row("a1", "a", 5, 10), row("b", "r", 30, 40), row("c", "r", 80, 10)]);
    const { rowOf, rowCount } = layOutFlame(tree);
    const of = (id: string): number => rowOf[tree.nodeBySpanId.get(id) ?? -1];
    expect(["r", "a", "a1", "b", "c"].map(of)).toEqual([0, 1, 2, 2, 1]);
    expect(rowCount).toBe(3);
  });
  it("never overlap", () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const rows = [row("0", "", 0, 1000)];
    for (let index = 1; index < 400; index++) rows.push(row(String(index), String(Math.floor(random() * index)), Math.floor(random() * 900), Math.floor(random() * 100) + 1));
    const tree = treeOf(rows.sort((a, b) => Number(a.startNs - b.startNs)));
    const layout = layOutFlame(tree);
    expect(layout.overlapping).toBe(0);
    for (let line = 0; line < layout.rowCount; line++) {
      for (let index = layout.from[line] + 1; index < layout.from[line + 1]; index++) expect(tree.startOf[layout.order[index]]).toBeGreaterThanOrEqual(tree.endOf[layout.order[index - 1]]);
    }
  });
  it("are found quickly for fifty thousand spans at once, which lie on each other and are counted", () => {
    const layout = layOutFlame(treeOf([row("r", "", 0, 10), ...Array.from({ length: 50_000 }, (_, index) => row(`c${index}`, "r", 0, 10))]));
    expect(layout.rowCount).toBeLessThan(300);
    expect(layout.overlapping).toBeGreaterThan(40_000);
  });
});

it("gives what is in sight, tiny spans once a pixel, and finds what is pointed at", () => {
  const tree = treeOf([row("r", "", 0, 100_000), ...Array.from({ length: 5000 }, (_, index) => row(`c${index}`, "r", index * 20, 10))]);
  const layout = layOutFlame(tree);
  const boxes = visibleBoxes(tree, layout, whole(100_000), 200, 0, 100);
  expect(boxes.length).toBeLessThan(260);
  expect(visibleBoxes(tree, layout, whole(100_000), 200, FLAME_ROW_PX, 100).every((box) => tree.spans.spanIds.at(box.node) !== "r")).toBe(true);
  expect(tree.spans.spanIds.at(nodeAt(tree, layout, whole(100_000), 200, 100, 5))).toBe("r");
  expect(tree.spans.spanIds.at(nodeAt(tree, layout, { startNs: 1000, endNs: 1100 }, 100, 25, FLAME_ROW_PX + 3))).toBe("c51");
  expect(nodeAt(tree, layout, whole(100_000), 200, 100, 9999)).toBe(-1);
});

it("is empty for a trace without spans", () => expect(layOutFlame(treeOf([])).rowCount).toBe(0));
