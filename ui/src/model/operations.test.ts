// Guarantees: every span is counted in exactly one operation, time under overlapping children is taken away once, and
// what a row leads to finds just its spans.
import { describe, expect, it } from "vitest";
import { nextSort, operationsOf, operationSearch, readSort, sortOperations, writeSort } from "./operations";
import { selfTimeOf } from "./selfTime";
import { skeletonFromRows } from "./skeleton";
import { searchTrace } from "./traceSearch";
import { buildTraceTree } from "./traceTree";

type Line = [id: string, parent: string, operation: string, start: number, end: number, error?: boolean];

/** Operations are written `service/name`. */
const treeOf = (...lines: Line[]) =>
  buildTraceTree(skeletonFromRows("t", lines.map(([spanId, parentSpanId, operation, start, end, error]) => {
    const [service, ...name] = operation.split("/");
    return { spanId, parentSpanId, service, name: name.join("/"), startNs: BigInt(start), durationNs: end - start, error };
  })));

const shop = treeOf(["r", "", "front/GET", 0, 100], ["a", "r", "db/read", 10, 40], ["b", "r", "db/read", 30, 60, true], ["c", "r", "db/write", 70, 80], ["d", "c", "front/GET", 72, 75]);

describe("self time", () => {
  it("counts overlapping children once", () => expect(selfTimeOf(shop, 0)).toBe(100 - 50 - 10));
  it("counts only what of a child lies inside", () => expect(selfTimeOf(treeOf(["r", "", "x/y", 20, 50], ["a", "r", "x/y", 0, 25], ["b", "r", "x/y", 45, 90]), 0)).toBe(20));
  it("counts a child inside its sibling not again", () => expect(selfTimeOf(treeOf(["r", "", "x/y", 0, 50], ["a", "r", "x/y", 10, 40], ["b", "r", "x/y", 20, 30]), 0)).toBe(20));
  it("is nothing for a span that ends before it starts", () => expect(selfTimeOf(treeOf(["r", "", "x/y", 50, 40]), 0)).toBe(0));
});

describe("operationsOf", () => {
  it("sums by service and name", () => {
    expect(operationsOf(shop).map((one) => [one.service, one.name, one.count, one.errors, one.totalNs, one.selfNs])).toEqual([
      ["front", "GET", 2, 0, 103, 43],
      ["db", "read", 2, 1, 60, 60],
      ["db", "write", 1, 0, 10, 7],
    ]);
    expect(operationsOf(shop).reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1);
    expect(operationsOf(shop)[0].longestNode).toBe(0);
  });

  it("leaves out parents that were not received, and has finite shares", () => {
    const operations = operationsOf(treeOf(["a", "gone", "x/y", 5, 5]));
    expect(operations).toMatchObject([{ service: "x", name: "y", count: 1, share: 0 }]);
    expect(operationsOf(treeOf())).toEqual([]);
  });

  it("takes 100,000 spans", { timeout: 60_000 }, () => {
    const lines = Array.from({ length: 100_000 }, (_, index): Line => [`s${index}`, index === 0 ? "" : `s${Math.floor((index - 1) / 9)}`, `x/${index % 5000}`, index, index + 50]);
    const tree = treeOf(...lines);
    expect(operationsOf(tree).length).toBe(5000);
  });
});

describe("sorting", () => {
  const names = (text: string | null) => sortOperations(operationsOf(shop), readSort(text)).map((one) => one.name).join(" ");
  it.each([[null, "read GET write"], ["junk", "read GET write"], ["name", "GET read write"], ["-name", "write read GET"], ["-total", "GET read write"], ["-errors", "read GET write"], ["count", "write read GET"], ["service", "read write GET"]])("by %s", (text, expected) => expect(names(text)).toBe(expected));
  it("survives the address", () => {
    for (const text of ["name", "-count", "self", "-share"]) expect(writeSort(readSort(text))).toBe(text);
    expect(writeSort(readSort("-self"))).toBeNull();
  });
  it("starts numbers with the most, names with A, and turns round", () => {
    expect([nextSort(readSort(null), "count"), nextSort(readSort(null), "name"), nextSort(readSort("-count"), "count")].map(writeSort)).toEqual(["-count", "name", "count"]);
  });
});

describe("the search of a row", () => {
  const tree = treeOf(["a", "", "db/read", 0, 9], ["b", "a", "db/read all", 1, 2], ["c", "a", "db2/read", 1, 2], ["d", "a", '/say "hi" now', 1, 2], ["e", "a", '/""', 1, 2]);
  it.each([[0, [0]], [1, [1]], [2, [2]]])("finds just its spans (%d)", (node, found) => {
    const { spans } = tree;
    const operation = operationsOf(tree).find((one) => one.name === spans.names[node] && one.service === spans.services[spans.serviceOf[node]]);
    expect(operation && [...searchTrace(tree, operationSearch(operation))]).toEqual(found);
  });
  it("does what it can with quotes in a name", () => {
    expect(operationsOf(tree).slice(3).map(operationSearch)).toEqual(['service=="" name="say "', 'service==""']);
  });
});
