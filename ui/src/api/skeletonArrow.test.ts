// Guarantees: the Arrow stream that docs/api.md describes is read without losing a nanosecond.
import { expect, it } from "vitest";
// @ts-expect-error the mock is plain JavaScript
import { skeletonBytes } from "../../mock/skeleton.mjs";
import { readSkeleton } from "./skeletonArrow";

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
    spanIds: ["00000000000000a1", "ffffffffffffffff", "00000000000000b2"],
    parentSpanIds: ["", "00000000000000a1", ""],
    services: ["cart", "übung"],
    names: ["GET", "GET", "GET"],
  });
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
