// Guarantees: the table of spans is in the order that its head says, whatever the column, and sums of services are whole.
import { expect, it } from "vitest";
import { operationsOf, operationSearch, servicesOf } from "./operations";
import { skeletonFromRows } from "./skeleton";
import { nextSpanSort, readSpanSort, selfTimes, sortedSpans, SPAN_COLUMNS } from "./spanRows";
import { buildTraceTree } from "./traceTree";

const tree = buildTraceTree(skeletonFromRows("t", [
  { spanId: "r", startNs: 0n, durationNs: 100, service: "b", name: "root", kind: "server" },
  { spanId: "x", parentSpanId: "r", startNs: 10n, durationNs: 60, service: "a", name: "read", kind: "client", error: true },
  { spanId: "y", parentSpanId: "x", startNs: 20n, durationNs: 10, service: "a", name: "write", kind: "client" },
  { spanId: "m", parentSpanId: "gone", startNs: 30n, durationNs: 5, service: "c", name: "lost" },
]));
const self = selfTimes(tree);
const ids = (text: string): string => [...sortedSpans(tree, self, readSpanSort(text))].map((node) => tree.spans.spanIds.at(node)).join("");

it("sorts by every column", () => {
  expect([...self].slice(0, 4)).toEqual([40, 50, 10, 5]);
  expect(Object.fromEntries(SPAN_COLUMNS.map((column) => [column, ids(column)]))).toEqual({ service: "xyrm", name: "mxry", kind: "xymr", start: "rxym", duration: "myxr", self: "myrx", depth: "rxmy" });
  expect(ids("-duration")).toBe("rxym");
  expect(ids("nonsense")).toBe("xrym");
});

it("turns round, starts with the most for numbers, and leaves the default out of the address", () => {
  expect(nextSpanSort({ column: "self", descending: true }, "duration")).toBe("-duration");
  expect(nextSpanSort({ column: "duration", descending: true }, "duration")).toBe("duration");
  expect(nextSpanSort({ column: "duration", descending: true }, "self")).toBeNull();
  expect(nextSpanSort({ column: "duration", descending: true }, "name")).toBe("name");
});

it("sums operations by service", () => {
  const services = servicesOf(operationsOf(tree), tree);
  expect(services.map((one) => [one.service, one.operationCount, one.count, one.errors, one.totalNs, one.selfNs])).toEqual([["b", 1, 1, 0, 100, 40], ["a", 2, 2, 1, 70, 60], ["c", 1, 1, 0, 5, 5]]);
  expect(services.reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1);
  expect(operationSearch(services[1])).toBe('service=="a"');
});
