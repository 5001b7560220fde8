// Guarantees: every value is in exactly one bin, borders are round, histograms keep their buckets, shares are of all.
import { expect, it } from "vitest";
import { binsOfHistogram, binsOfValues, bordersOf } from "./valueHistogram";

it("makes round bins", () => {
  const bins = binsOfValues([0.1, 0.12, 0.19, 0.5, NaN, Infinity], 5);
  expect(bins.map(({ low, high }) => [low, high].map((one) => Number(one.toFixed(3))))).toEqual([[0.1, 0.2], [0.2, 0.3], [0.3, 0.4], [0.4, 0.5], [0.5, 0.6]]);
  expect(bins.map(({ share }) => share)).toEqual([0.75, 0, 0, 0, 0.25]);
});

it("takes negative values, one value, none", () => {
  expect(binsOfValues([-5, 5], 10).reduce((sum, bin) => sum + bin.share, 0)).toBe(1);
  expect(binsOfValues([7, 7])).toEqual([{ low: 7, high: 7, share: 1 }]);
  expect(binsOfValues([NaN])).toEqual([]);
});

it("adds the steps of a histogram", () => {
  const step = (count: number) => [{ low: 0, high: 1, count }, { low: 1, high: 5, count: 1 }, { low: 5, high: Infinity, count: 0 }];
  expect(binsOfHistogram({ labels: {}, buckets: [step(2), null, step(4)] })).toEqual([{ low: 0, high: 1, share: 0.75 }, { low: 1, high: 5, share: 0.25 }]);
  expect(binsOfHistogram({ labels: {}, buckets: [null] })).toEqual([]);
});

it("writes the borders that fit", () => {
  const bins = [0, 1, 2, 3].map((low) => ({ low, high: low === 3 ? Infinity : low + 1, share: 0.25 }));
  expect(bordersOf(bins, 500)).toEqual([{ at: 0, value: 0 }, { at: 0.25, value: 1 }, { at: 0.5, value: 2 }, { at: 0.75, value: 3 }]);
  expect(bordersOf(bins, 130).map(({ value }) => value)).toEqual([0, 2]);
  expect(bordersOf([], 100)).toEqual([]);
});
