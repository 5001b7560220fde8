// Guarantees: the Arrow stream that docs/api.md describes is read without losing a nanosecond.
import { expect, it } from "vitest";
// @ts-expect-error the mock is plain JavaScript
import { skeletonBytes } from "../../mock/skeleton.mjs";
import type { SpanIds } from "../model/spanIds";
import { readSkeleton, SkeletonReader } from "./skeletonArrow";

const span = (span_id: string, parent_span_id: string | null, start_time: string, duration: string, more: object = {}) => ({
  span_id, parent_span_id, start_time, duration, service_name: "cart", name: "GET", kind: "server", status: { code: "unset" }, events: [], ...more,
});

it("reads every column", () => {
  const skeleton = readSkeleton("t", skeletonBytes({
    spans: [
      span("00000000000000a1", null, "1732165200123456789", "153000001"),
      span("ffffffffffffffff", "00000000000000a1", "1732165200123456790", "-5", { service_name: "übung", status: { code: "error" }, events: [1, 2] }),
      span("00000000000000b2", "0000000000000000", "1732165200123456791", "0"),
    ],
    logs: [{ span_id: "ffffffffffffffff" }],
  }));
  expect(skeleton).toMatchObject({
    count: 3,
    originNs: 1732165200123456789n,
    services: ["cart", "übung"],
    names: ["GET", "GET", "GET"],
  });
  const texts = (ids: SpanIds): string[] => Array.from({ length: ids.count }, (_, index) => (ids.isNone(index) ? "" : ids.at(index)));
  expect(texts(skeleton.spanIds)).toEqual(["00000000000000a1", "ffffffffffffffff", "00000000000000b2"]);
  expect(texts(skeleton.parentSpanIds)).toEqual(["", "00000000000000a1", ""]);
  expect([...skeleton.starts]).toEqual([0, 1, 2]);
  expect([...skeleton.durations]).toEqual([153000001, -5, 0]);
  expect([...skeleton.errors]).toEqual([0, 1, 0]);
  expect([...skeleton.eventCounts]).toEqual([0, 2, 0]);
  expect([...skeleton.logCounts]).toEqual([0, 1, 0]);
});

it("reads an empty trace", () => {
  expect(readSkeleton("t", skeletonBytes({ spans: [], logs: [] })).count).toBe(0);
});

it("tells apart texts that only look alike, however many there are", () => {
  const names = Array.from({ length: 3000 }, (_, index) => (index % 3 === 0 ? "same" : `name ${index % 1000}`));
  const spans = names.map((name, index) => span(index.toString(16).padStart(16, "0"), null, String(1000 + index), "1", { name }));
  expect(readSkeleton("t", skeletonBytes({ spans, logs: [] })).names).toEqual(names);
});

it("reads a stream that comes byte by byte, and says what came first before the rest is there", () => {
  const spans = Array.from({ length: 40 }, (_, index) => span((index + 1).toString(16).padStart(16, "0"), index === 0 ? null : "0000000000000001", String(5000 - index), "1", { name: `n${index}` }));
  const bytes: Uint8Array = skeletonBytes({ spans, logs: [] });
  const reader = new SkeletonReader("t");
  for (const byte of bytes) reader.add(Uint8Array.of(byte));
  while (reader.readNext());
  const few = reader.skeleton(3);
  expect([few.count, few.names, [...few.starts], few.originNs]).toEqual([3, ["n0", "n1", "n2"], [2, 1, 0], 4998n]);
  expect(reader.skeleton()).toEqual(readSkeleton("t", bytes));
});
