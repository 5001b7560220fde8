// Guarantees: what two traces share stands in one row whatever the order it came in, and what only one has is said.
import { describe, expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { compareTraces, onlyDifferences, verdictOf } from "./traceCompare";
import { buildTraceTree } from "./traceTree";

type Line = [id: string, parent: string, operation: string, start: number, end: number, error?: boolean];
const treeOf = (...lines: Line[]) =>
  buildTraceTree(skeletonFromRows("t", lines.map(([spanId, parentSpanId, operation, start, end, error]) => {
    const [service, name] = operation.split("/");
    return { spanId, parentSpanId, service, name, startNs: BigInt(start * 1e6), durationNs: (end - start) * 1e6, error };
  })));

const before = treeOf(["r", "", "front/GET", 0, 100], ["a", "r", "db/read", 10, 20], ["b", "r", "db/read", 20, 30], ["c", "r", "cache/get", 40, 45]);
const after = treeOf(["1", "", "front/GET", 0, 200], ["2", "1", "db/read", 10, 100], ["3", "2", "disk/seek", 20, 90], ["4", "1", "mail/send", 150, 160, true]);

describe("two traces", () => {
  const rows = compareTraces(before, after);
  it("are laid on each other by path", () => {
    expect(rows.map((row) => `${"  ".repeat(row.depth)}${row.service}/${row.name} ${row.a.count}:${row.b.count} ${verdictOf(row)}`)).toEqual([
      "front/GET 1:1 slower", "  db/read 2:1 slower", "    disk/seek 0:1 onlyB", "  cache/get 1:0 onlyA", "  mail/send 0:1 onlyB",
    ]);
    expect(rows[1].a).toMatchObject({ totalNs: 20e6, startNs: 10e6, endNs: 30e6 });
    expect(rows[4].b.errors).toBe(1);
  });
  it("are the same as themselves", () => {
    const same = compareTraces(before, before);
    expect(same.every((row) => verdictOf(row) === "same")).toBe(true);
    expect(onlyDifferences(same)).toEqual([]);
  });
  it("show only what differs with what is above it", () => {
    const quick = treeOf(["r", "", "front/GET", 0, 100], ["a", "r", "db/read", 10, 20], ["b", "r", "db/read", 20, 30], ["x", "b", "disk/seek", 21, 22], ["c", "r", "cache/get", 40, 45]);
    expect(onlyDifferences(compareTraces(before, quick)).map((row) => row.name)).toEqual(["GET", "read", "seek"]);
  });
  it("may be five thousand deep and not overflow", () => {
    const deep = treeOf(...Array.from({ length: 5000 }, (_, index): Line => [String(index), index === 0 ? "" : String(index - 1), "s/n", 0, 10]));
    expect(compareTraces(deep, deep)).toHaveLength(5000);
  });
  it("may have parents that never came", () => expect(compareTraces(treeOf(["a", "gone", "s/n", 0, 5]), before).find((row) => row.name === "")).toMatchObject({ service: "", a: { count: 1 }, b: { count: 0 } }));
});
