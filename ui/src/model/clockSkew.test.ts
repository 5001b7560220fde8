// Guarantees: what cannot be is said with its amount, and what is usual (rounding, messages, work after the answer within
// one service) is not.
import { expect, it } from "vitest";
import { clockSkew } from "./clockSkew";
import { skeletonFromRows, type SkeletonRow } from "./skeleton";
import { buildTraceTree } from "./traceTree";

const MS = 1e6;
const parent = { spanId: "p", service: "front", kind: "client" };

/** A parent from 100 to 200 ms and one child of it. */
function skewOf(child: Partial<SkeletonRow> & { fromMs: number; toMs: number }, parentKind = "client") {
  const { fromMs, toMs, ...more } = child;
  const row: SkeletonRow = { spanId: "c", parentSpanId: "p", service: "back", kind: "server", startNs: BigInt(Math.round(fromMs * MS)), durationNs: (toMs - fromMs) * MS, ...more };
  return clockSkew(buildTraceTree(skeletonFromRows("t", [{ ...parent, kind: parentKind, startNs: BigInt(100 * MS), durationNs: 100 * MS }, row])), 1);
}

it("is none for a child inside its parent", () => expect(skewOf({ fromMs: 101, toMs: 199 })).toBeNull());

it("says by how much a child starts early", () => {
  expect(skewOf({ fromMs: 88, toMs: 150 })).toEqual({ startsBeforeNs: 12 * MS, endsAfterNs: 0 });
  expect(skewOf({ fromMs: 88, toMs: 150, service: "front" })?.startsBeforeNs).toBe(12 * MS);
});

it("takes less than a millisecond for rounding only within one service", () => {
  expect(skewOf({ fromMs: 99.5, toMs: 150, service: "front" })).toBeNull();
  expect(skewOf({ fromMs: 99.5, toMs: 150 })?.startsBeforeNs).toBe(0.5 * MS);
});

it.each(["client", "server"])("says by how much another service's child outlives a %s span", (kind) => {
  expect(skewOf({ fromMs: 110, toMs: 260 }, kind)).toEqual({ startsBeforeNs: 0, endsAfterNs: 60 * MS });
});

it("lets a child end a little late", () => expect(skewOf({ fromMs: 110, toMs: 209 })).toBeNull());
it("lets work go on within one service", () => expect(skewOf({ fromMs: 110, toMs: 900, service: "front" })).toBeNull());
it("lets messages be taken later", () => {
  expect(skewOf({ fromMs: 300, toMs: 900, kind: "consumer" })).toBeNull();
  expect(skewOf({ fromMs: 300, toMs: 900 }, "producer")).toBeNull();
});

it("is none without a parent that was received, and changes no time", () => {
  const tree = buildTraceTree(skeletonFromRows("t", [
    { spanId: "a", startNs: 50n, durationNs: 10 },
    { spanId: "b", parentSpanId: "gone", startNs: 0n, durationNs: 10 },
  ]));
  expect([0, 1, 2].map((node) => clockSkew(tree, node))).toEqual([null, null, null]);
  expect([...tree.startOf.subarray(0, 2)]).toEqual([50, 0]);
});
