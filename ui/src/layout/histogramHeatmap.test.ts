// Guarantees: every bucket finds its row, gaps of exponential histograms are filled, many rows are joined, lines stack.
import { expect, it } from "vitest";
import { heatOf, layHeatmap } from "./histogramHeatmap";
import { gapSparkline } from "./sparkline";
import { stackedValues } from "./stack";

const bucket = (low: number, high: number, count = 1) => ({ low, high, count });

it("lays buckets into rows", () => {
  const map = layHeatmap([[bucket(-Infinity, 0.1, 2), bucket(0.1, 0.5, 3)], null, [bucket(0.5, Infinity, 4), bucket(9, 10, 0)]]);
  expect(map.rows).toEqual([{ low: -Infinity, high: 0.1 }, { low: 0.1, high: 0.5 }, { low: 0.5, high: Infinity }]);
  expect([...map.counts]).toEqual([2, 0, 0, 3, 0, 0, 0, 0, 4]);
  expect(map.most).toBe(4);
});

it("fills the gaps of exponential buckets", () => {
  const map = layHeatmap([[bucket(1, 2), bucket(8, 16)]]);
  expect(map.rows.map((row) => Math.round(row.high))).toEqual([2, 4, 8, 16]);
  expect([...map.counts]).toEqual([1, 0, 0, 1]);
});

it("joins rows that are too many, and keeps every count", () => {
  const buckets = Array.from({ length: 160 }, (_, index) => bucket(1.1 ** index, 1.1 ** (index + 1)));
  const map = layHeatmap([buckets], 40);
  expect(map.rows.length).toBe(40);
  expect([...map.counts].reduce((sum, count) => sum + count, 0)).toBe(160);
});

it("is empty where nothing is", () => expect(layHeatmap([null, []])).toMatchObject({ rows: [], most: 0 }));

it("shows few beside many", () => {
  expect(heatOf(0, 10)).toBe(0);
  expect(heatOf(1, 100)).toBeGreaterThan(0.15);
  expect(heatOf(10, 10)).toBe(1);
});

it("stacks lines, hidden ones left out, gaps kept", () => {
  expect(stackedValues([[1, null, null], [2, 3, null], [4, 4, null]], new Set([1]))).toEqual([[1, 0, null], [1, 0, null], [5, 4, null]]);
});

it("draws small lines with gaps", () => {
  expect(gapSparkline([null, 0, 10, null, 5], 40, 11).line).toBe("M10 11L20 1M40 6h1.5");
  expect(gapSparkline([null], 40, 11).line).toBe("");
});
