// Guarantees: every record of a span of the trace is under it once, in order, and an address finds it again.
import { describe, expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { findLog, logKey, logsByNode, sinceOrigin } from "./spanLogs";
import { buildTraceTree } from "./traceTree";

const tree = buildTraceTree(skeletonFromRows("t", [
  { spanId: "a", startNs: 1000n, durationNs: 100 },
  { spanId: "b", parentSpanId: "a", startNs: 1010n, durationNs: 20 },
]));
const log = (span_id: string, time: number, body = "") => ({ span_id, time: String(time), body });

describe("logsByNode", () => {
  it("sorts by time and leaves out what belongs to no span here", () => {
    const byNode = logsByNode(tree, [log("a", 1050, "late"), log("gone", 1001), log("a", 990, "early"), log("", 1002)]);
    expect([...byNode.keys()]).toEqual([0]);
    expect(byNode.get(0)?.map((one) => one.body)).toEqual(["early", "late"]);
  });

  it("says when, also before the trace began", () => expect(sinceOrigin(tree, log("a", 990))).toBe(-10));
});

describe("the spelling in the address", () => {
  const logs = [log("b", 1011, "one"), log("b", 1011, "two"), log("b", 1012, "three")];
  const byNode = logsByNode(tree, logs);

  it("tells records of one moment apart", () => {
    expect(logs.map((one) => logKey(one, logs))).toEqual(["b.1011", "b.1011.1", "b.1012"]);
  });

  it("finds each again", () => {
    for (const one of logs) expect(findLog(tree, byNode, logKey(one, logs))).toEqual({ node: 1, log: one });
  });

  it.each(["", "b", "x.1011", "b.1", "b.1011.9", "b.1011.x"])("finds nothing for %j", (key) => expect(findLog(tree, byNode, key)).toBeNull());
});
