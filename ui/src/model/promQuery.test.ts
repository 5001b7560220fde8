// Guarantees: every kind of metric begins with the picture that suits it, and what is put together by clicking is written
// as PromQL that reads back as the same.
import { expect, it } from "vitest";
import { defaultQuery, readQuery, readSelector, chosenValues, plainAlternatives, toggleValue, unitOfQuery, writeQuery, type BuiltQuery } from "./promQuery";

const metric = (name: string, type: string, unit: string, isMonotonic: boolean | null = null, series = 3) => ({ name, type, unit, is_monotonic: isMonotonic, series });
const written = (...given: Parameters<typeof metric>): string => writeQuery(defaultQuery(metric(...given)));

it("begins with what suits the kind", () => {
  expect(written("shop.orders", "sum", "{order}", true)).toBe("sum(rate(shop_orders_total[$__rate_interval]))");
  expect(written("http.server.request.duration", "histogram", "s")).toBe('histogram_quantiles(sum(rate(http_server_request_duration_seconds[$__rate_interval])), "quantile", 0.5, 0.95, 0.99)');
  expect(written("shop.stock", "gauge", "{item}")).toBe("shop_stock");
  expect(written("shop.stock", "gauge", "{item}", null, 500)).toBe("avg(shop_stock)");
  expect(written("queue", "sum", "1", false, 500)).toBe("sum(queue)");
});

const base: BuiltQuery = { metric: "x_seconds", shape: "rate", matchers: [{ label: "job", sign: "=", value: 'a "quoted\\" one' }, { label: "route", sign: "!~", value: "/a|/b" }], aggregation: "sum", by: ["job", "route"], quantiles: [0.5, 0.95, 0.99], window: "5m" };

it.each<[string, Partial<BuiltQuery>]>([
  ["rate", {}], ["increase", { shape: "increase", aggregation: "max" }], ["value", { shape: "value", window: "$__rate_interval" }], ["no aggregation", { aggregation: "none", by: [] }],
  ["quantiles", { shape: "quantiles" }], ["one quantile", { shape: "quantiles", quantiles: [0.9] }], ["mean", { shape: "mean" }], ["count", { shape: "count", by: [] }],
  ["a name that needs quotes", { metric: "http.server.duration", matchers: [] }], ["no matchers", { matchers: [] }],
])("reads back %s", (_, change) => {
  const query = { ...base, ...change };
  expect(readQuery(writeQuery(query))).toEqual(query);
});

it("reads buckets only of histograms", () => {
  const query: BuiltQuery = { ...base, shape: "buckets", window: "$__rate_interval" };
  expect(readQuery(writeQuery(query), "histogram")).toEqual(query);
});

it("takes the grouping behind as well, and refuses what it did not write", () => {
  expect(readQuery("sum(rate(a[5m])) by (x)")?.by).toEqual(["x"]);
  for (const text of ["a / b", "sum(a) + sum(b)", "topk(5, a)", "rate(a[5m]) > 1", "sum(", "histogram_quantile(0.9, sum(a))", "a offset 5m", ""]) expect(readQuery(text), text).toBeNull();
});

it("reads selectors", () => {
  expect(readSelector('{"a.b", c="d"}')).toEqual({ metric: "a.b", matchers: [{ label: "c", sign: "=", value: "d" }] });
  expect(readSelector('{c="d"}')).toBeNull();
});

it("knows the unit of what comes out", () => {
  const unit = (shape: BuiltQuery["shape"], of: string, name = "m", type = "gauge"): string => unitOfQuery({ ...base, shape }, { name, unit: of, type });
  expect([unit("rate", "By"), unit("rate", ""), unit("quantiles", "s"), unit("count", "s"), unit("value", "1", "process.cpu.utilization"), unit("value", "1")]).toEqual(["By/s", "1/s", "s", "1/s", "ratio", "1"]);
});

it("adds values to a filter and takes them away", () => {
  const one = toggleValue([], "route", "/a.b");
  expect(one).toEqual([{ label: "route", sign: "=", value: "/a.b" }]);
  const two = toggleValue(one, "route", "/c");
  expect(two).toEqual([{ label: "route", sign: "=~", value: "/a\\.b|/c" }]);
  expect(chosenValues(two, "route")).toEqual(["/a.b", "/c"]);
  expect(toggleValue(two, "route", "/a.b")).toEqual([{ label: "route", sign: "=", value: "/c" }]);
  expect(toggleValue(toggleValue(two, "route", "/a.b"), "route", "/c")).toEqual([]);
  expect(toggleValue(one, "route", "/x", true)).toEqual([{ label: "route", sign: "!=", value: "/x" }]);
  expect(plainAlternatives("a.*|b")).toBeNull();
});
