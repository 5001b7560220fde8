// Guarantees: every record is in exactly one bar, bars stay in the picture, and a brushed part means whole steps.
import { expect, it } from "vitest";
import { brushedRange, histogramOf, placeHistogram, stepAt } from "./logHistogram";
import { roundStepMs, stepStarts } from "./timeSteps";

const histogram = histogramOf(
  [{ bucketMs: 1000, level: 3, count: 30 }, { bucketMs: 1000, level: 5, count: 1 }, { bucketMs: 3000, level: 99, count: 10 }, { bucketMs: 99_000, level: 3, count: 5 }, { bucketMs: NaN, level: 1, count: 1 }],
  1500, 4500, 1000,
);

it("chooses round steps", () => {
  expect([roundStepMs(0, 3_600_000, 100), roundStepMs(0, 900_000, 100), roundStepMs(0, 50, 100), roundStepMs(0, 86_400_000 * 365, 100)]).toEqual([60_000, 10_000, 1, 86_400_000 * 4]);
  expect(stepStarts(1500, 4500, 1000)).toEqual([1000, 2000, 3000, 4000]);
});

it("counts by level and leaves out what lies elsewhere", () => {
  expect(histogram.totals).toEqual([0, 0, 0, 30, 0, 1, 10]);
  expect(histogram.most).toBe(31);
});

it("stacks the gravest at the bottom and shows single records", () => {
  const bars = placeHistogram(histogram, 300, 60);
  expect(bars.map((bar) => bar.level)).toEqual([5, 3, 6]);
  expect(bars[0].y + bars[0].height).toBe(60);
  expect(bars[0].height).toBeGreaterThan(1);
  for (const bar of bars) expect(bar.x >= 0 && bar.y >= 0 && bar.x + bar.width <= 300).toBe(true);
});

it("widens a brush to whole steps", () => {
  expect(brushedRange(histogram, 0.2, 0.3)).toEqual({ startMs: 2000, endMs: 3000 });
  expect(brushedRange(histogram, 0.5, 0.5)).toEqual({ startMs: 3000, endMs: 4000 });
  expect([stepAt(histogram, -1), stepAt(histogram, 0.5), stepAt(histogram, 2)]).toEqual([0, 2, 3]);
});

it("has no bars where there is nothing", () => expect(placeHistogram(histogramOf([], 0, 1000, 10), 100, 50)).toEqual([]));
