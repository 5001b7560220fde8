// Guarantees: Tempo's series lie on the grid that was asked for, whatever type their labels have; what is no number is a gap.
import { expect, it } from "vitest";
import { frameFromTraceql, vectorFromTraceql, type TraceqlAnswer } from "./traceqlSeries";

const steps = { startMs: 10_000, endMs: 40_000, stepMs: 10_000 };
const answer: TraceqlAnswer = {
  series: [
    { labels: [{ key: "resource.service.name", value: { stringValue: "cart" } }, { key: "span.http.status", value: { intValue: "500" } }], samples: [{ timestampMs: "20000", value: 1.5 }, { timestampMs: "40000", value: "Infinity" }, { timestampMs: "90000", value: 3 }] },
    { labels: [{ key: "p", value: { doubleValue: 0.95 } }, { key: "ok", value: { boolValue: false } }], samples: [{ timestampMs: "10000", value: 2 }] },
    { labels: [] },
  ],
};

it("puts samples on the steps", () => {
  expect(frameFromTraceql(answer, steps)).toEqual({
    seconds: [10, 20, 30, 40],
    series: [
      { labels: { "resource.service.name": "cart", "span.http.status": "500" }, values: [null, 1.5, null, null] },
      { labels: { p: "0.95", ok: "false" }, values: [2, null, null, null] },
      { labels: {}, values: [null, null, null, null] },
    ],
  });
});

it("reads a moment as PromQL's", () => {
  const moment: TraceqlAnswer = { series: [{ labels: [{ key: "name", value: { stringValue: "GET /" } }], value: 4 }, { labels: [], value: "-Infinity" }, { labels: [] }] };
  expect(vectorFromTraceql(moment, 40_000)).toEqual({ resultType: "vector", result: [{ metric: { name: "GET /" }, value: [40, "4"] }, { metric: {}, value: [40, "-Infinity"] }] });
});
