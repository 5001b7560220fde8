// Guarantees: any address makes a filter that the server understands, and a window between two moments stays as it is.
import { expect, it } from "vitest";
import { conditionsOf, hasSpanCondition, isTraceFilterSet, readTraceFilter, windowOf } from "./traceFilter";

it("reads the address, and leaves out what makes no sense", () => {
  const filter = readTraceFilter("?service=cart&min=1.5s&max=soon&limit=7&range=6h&filter=a%20%3D%201");
  expect(filter).toMatchObject({ service: "cart", minDuration: "1.5s", maxDuration: "", limit: 50, range: "6h", query: "a = 1", internal: false });
  expect(conditionsOf(filter)).toMatchObject({ service: "cart", min_duration: "1500ms", max_duration: "", filter: "a = 1" });
  expect([isTraceFilterSet(filter), hasSpanCondition(filter), hasSpanCondition(readTraceFilter("?min=1s")), isTraceFilterSet(readTraceFilter("?range=6h"))]).toEqual([true, true, false, false]);
});

it("asks for a range up to now without an end, and for one between two moments with it", () => {
  expect(windowOf("5m", 1_000_000)).toEqual({ start: "700000000000", end: undefined });
  expect(windowOf("1000-2000", 5)).toEqual({ start: "1000000000", end: "2000000000" });
  expect(windowOf("nonsense", 5)).toEqual({ start: undefined, end: undefined });
});
