// Guarantees: the shares of a label's values are asked without its own filter, and come back the largest first.
import { expect, it } from "vitest";
import { breakdownQuery, readBreakdown } from "./breakdown";

it("asks without the label's own filter", () => {
  const query = { metric: "x", matchers: [{ label: "a", sign: "=" as const, value: "1" }, { label: "b", sign: "=" as const, value: "2" }] };
  expect(breakdownQuery(query, "histogram", "a")).toBe('histogram_count(sum by (a) (rate(x{b="2"}[$__rate_interval])))');
  expect(breakdownQuery(query, "gauge", "c")).toBe('avg by (c) (x{a="1", b="2"})');
});

it("reads the largest first", () => {
  expect(readBreakdown({ resultType: "vector", result: [{ metric: { a: "x" }, value: [1, "2"] }, { metric: {}, value: [1, "5"] }, { metric: { a: "n" }, value: [1, "NaN"] }] }, "a")).toEqual([{ name: "", value: 5 }, { name: "x", value: 2 }]);
});
