// Guarantees: answers come onto the grid that was asked, gaps stay gaps, and errors keep their place.
import { expect, it } from "vitest";
import { fromClassicBuckets, readExemplars, readGrid } from "./promAnswer";
import { readMistake } from "./promMistake";

const steps = { startMs: 10_000, endMs: 40_000, stepMs: 10_000 };

it("puts values on the grid", () => {
  const grid = readGrid({ resultType: "matrix", result: [{ metric: { a: "b" }, values: [[10, "1"], [30, "NaN"], [40, "+Inf"], [99, "5"]] }] }, steps);
  expect(grid.seconds).toEqual([10, 20, 30, 40]);
  expect(grid.series).toEqual([{ labels: { a: "b" }, values: [1, null, null, null] }]);
});

it("brings another day under this one", () => {
  expect(readGrid({ resultType: "matrix", result: [{ metric: {}, values: [[10 - 86_400, "7"]] }] }, steps, 86_400_000).series[0].values[0]).toBe(7);
});

it("reads native histograms", () => {
  const grid = readGrid({ resultType: "matrix", result: [{ metric: {}, histograms: [[20, { count: "3", sum: "1", buckets: [[3, "-Inf", "0.005", "2"], [0, "0.005", "0.01", "1"]] }]] }] }, steps);
  expect(grid.histograms[0].buckets[1]).toEqual([{ low: -Infinity, high: 0.005, count: 2 }, { low: 0.005, high: 0.01, count: 1 }]);
  expect(grid.histograms[0].buckets[0]).toBeNull();
});

it("makes a histogram of classic buckets", () => {
  const of = (le: string, values: (number | null)[]) => ({ labels: { le }, values });
  expect(fromClassicBuckets([of("+Inf", [5, null]), of("0.1", [2, null]), of("1", [4, null])])?.buckets).toEqual([[{ low: 0, high: 0.1, count: 2 }, { low: 0.1, high: 1, count: 2 }, { low: 1, high: Infinity, count: 1 }], null]);
  expect(fromClassicBuckets([of("1", [1]), { labels: {}, values: [1] }])).toBeNull();
});

it("keeps exemplars that lead to a trace, and the slowest of many", () => {
  expect(readExemplars([{ seriesLabels: {}, exemplars: [{ labels: {}, value: "1", timestamp: 1 }, { labels: { trace_id: "ab", span_id: "c" }, value: "0.5", timestamp: 2 }] }])).toEqual([{ seconds: 2, value: 0.5, traceId: "ab", spanId: "c", labels: {} }]);
  const many = Array.from({ length: 2000 }, (_, index) => ({ labels: { trace_id: String(index) }, value: String(index === 777 ? 99 : 1), timestamp: index }));
  const kept = readExemplars([{ seriesLabels: {}, exemplars: many }]);
  expect(kept.length).toBeLessThanOrEqual(120);
  expect(kept.some((one) => one.value === 99)).toBe(true);
});

it("takes errors apart", () => {
  expect(readMistake('invalid parameter "query": 2:19: parse error: unexpected <by> in aggregation')).toEqual({ message: "unexpected <by> in aggregation", line: 2, column: 19 });
  expect(readMistake("vector cannot contain metrics with the same labelset")).toEqual({ message: "vector cannot contain metrics with the same labelset", line: null, column: null });
});
