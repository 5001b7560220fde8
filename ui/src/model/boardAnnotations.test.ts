// Guarantees: rows and series become moments with words, those that are none mark nothing, and values are written as mapped.
import { expect, it } from "vitest";
import { marksOfGrid, marksOfRows } from "./boardAnnotations";
import { mappedText, mappedWriter } from "./boardMappings";

const stats = { rows: 0, truncated: false, elapsed_ms: 1 };

it("marks rows at their time with their texts", () => {
  const columns = [{ name: "service_name", type: "Utf8" }, { name: "at", type: "Timestamp(ns, UTC)" }, { name: "version", type: "Utf8" }, { name: "n", type: "Int64" }];
  const rows = [["cart", "2026-11-21T10:00:00.5Z", "2.1", 4], ["cart", "never", "2.2", 1], [null, "2026-11-21T09:00:00Z", "", 2]];
  expect(marksOfRows({ columns, rows, stats }, "deployed")).toEqual([{ seconds: Date.parse("2026-11-21T09:00:00Z") / 1000, label: "deployed" }, { seconds: Date.parse("2026-11-21T10:00:00.5Z") / 1000, label: "cart 2.1" }]);
  expect(marksOfRows({ columns: [columns[0]], rows: [["x"]], stats }, "t")).toEqual([]);
});

it("marks where a series becomes something", () => {
  const series = [{ labels: { job: "a" }, values: [null, 1, 1, 0, 2] }, { labels: {}, values: [1, 1, null, 3, 3] }];
  expect(marksOfGrid({ seconds: [10, 20, 30, 40, 50], series: series as never, histograms: [] }, "t")).toEqual([{ seconds: 20, label: "a" }, { seconds: 40, label: "t" }, { seconds: 50, label: "a" }]);
});

it("writes values as words where one fits", () => {
  const mappings = [{ from: 1, to: 1, text: "up" }, { from: 500, text: "failing" }];
  expect([1, 500, 9e9, 2, null, NaN].map((value) => mappedText(value, mappings))).toEqual(["up", "failing", "failing", null, null, null]);
  expect(mappedWriter((value) => `${value} s`, mappings)(2)).toBe("2 s");
});
