// Guarantees: each known event is marked on its own span, in order, and exceptions are told apart.
import { expect, it } from "vitest";
import { eventMarksByNode } from "./eventMarks";
import { skeletonFromRows } from "./skeleton";
import { buildTraceTree } from "./traceTree";

const tree = buildTraceTree(skeletonFromRows("t", [
  { spanId: "a", startNs: 1000n, durationNs: 100 },
  { spanId: "b", startNs: 1010n, durationNs: 20 },
  { spanId: "b", startNs: 1050n, durationNs: 20 },
]));
const retry = (time: number) => ({ time: String(time), name: "retry", attributes: {} });
const span = (span_id: string, start: number, ...events: ReturnType<typeof retry>[]) => ({ span_id, start_time: String(start), events });

it("orders marks, and knows an exception by name or attribute", () => {
  const thrown = { time: "1020", name: "exception", attributes: {} };
  const typed = { time: "1030", name: "crash", attributes: { "exception.type": "E" } };
  const marks = eventMarksByNode(tree, [span("a", 1000, retry(1090), typed, thrown)]).get(0);
  expect(marks).toEqual([
    { atNs: 20, name: "exception", isException: true },
    { atNs: 30, name: "crash", isException: true },
    { atNs: 90, name: "retry", isException: false },
  ]);
});

it("tells spans of one id apart by their start", () => {
  const marks = eventMarksByNode(tree, [span("b", 1050, retry(1051)), span("b", 1010, retry(1011))]);
  expect([marks.get(1)?.[0].atNs, marks.get(2)?.[0].atNs]).toEqual([11, 51]);
});

it("leaves out spans without events and spans of elsewhere", () => {
  expect(eventMarksByNode(tree, [span("a", 1000), span("gone", 1, retry(2))]).size).toBe(0);
});
