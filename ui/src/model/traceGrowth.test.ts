// Guarantees: a trace is asked for again only while more of it may come, and an answer without news changes nothing.
import { expect, it } from "vitest";
import { skeletonFromRows, type SkeletonRow } from "./skeleton";
import { isSameTrace, isStillArriving } from "./traceGrowth";
import { buildTraceTree } from "./traceTree";

const END_MS = 1_000_000;
const row = (spanId: string, parentSpanId = "", more: Partial<SkeletonRow> = {}): SkeletonRow => ({ spanId, parentSpanId, startNs: BigInt(END_MS - 5) * 1_000_000n, durationNs: 5e6, ...more });
const treeOf = (...rows: SkeletonRow[]) => buildTraceTree(skeletonFromRows("t", rows));

it("waits a while for more, and longer for a parent that was named", () => {
  const whole = treeOf(row("a"), row("b", "a"));
  const torn = treeOf(row("b", "a"));
  expect([1, 29_000, 31_000, -30_000, -90_000].map((since) => isStillArriving(whole, END_MS + since))).toEqual([true, true, false, true, false]);
  expect([31_000, 290_000, 310_000].map((since) => isStillArriving(torn, END_MS + since))).toEqual([true, true, false]);
  expect(isStillArriving(treeOf(), END_MS)).toBe(false);
  expect(isStillArriving(treeOf(...Array.from({ length: 20_001 }, (_, index) => row(String(index)))), END_MS)).toBe(false);
});

it("knows news from none", () => {
  const before = treeOf(row("a"));
  expect(isSameTrace(before, treeOf(row("a")))).toBe(true);
  expect(isSameTrace(before, treeOf(row("a"), row("b", "a")))).toBe(false);
  expect(isSameTrace(before, treeOf(row("a", "", { logCount: 1 })))).toBe(false);
});
