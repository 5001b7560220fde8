// Guarantees: OTLP and Jaeger files are read as their exporters write them, and nothing in a file can break the page.
import { describe, expect, it } from "vitest";
import { buildTraceTree } from "./traceTree";
import { skeletonFromSpans } from "./skeletonFromSpans";
import { readTraceFile } from "./traceFile";

const TRACE = "5b8efff798038103d269b633813fc60c";
const otlpSpan = { traceId: TRACE.toUpperCase(), spanId: "eee19b7ec3c1b174", parentSpanId: "", name: "GET /", kind: 2, startTimeUnixNano: "1732165200000000001", endTimeUnixNano: "1732165200153000001", status: { code: 2, message: "boom" }, attributes: [{ key: "big", value: { intValue: "9007199254740993" } }, { key: "small", value: { intValue: 7 } }, { key: "__proto__", value: { stringValue: "x" } }, { key: "list", value: { arrayValue: { values: [{ boolValue: true }, {}] } } }], events: [{ timeUnixNano: "1732165200000000002", name: "e" }] };
const otlp = (spans: unknown[]) => ({ resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "front" } }] }, scopeSpans: [{ scope: { name: "lib", version: "1" }, spans }] }] });

describe("OTLP", () => {
  it("keeps nanoseconds, large integers, kinds and status", () => {
    const file = readTraceFile(JSON.stringify(otlp([otlpSpan])));
    expect(file?.format).toBe("otlp");
    const [span] = file?.traces[0].spans ?? [];
    expect(span).toMatchObject({ trace_id: TRACE, span_id: "eee19b7ec3c1b174", parent_span_id: null, kind: "server", start_time: "1732165200000000001", duration: "153000000", status: { code: "error", message: "boom" }, service_name: "front", scope_name: "lib" });
    expect([span.attributes.big, span.attributes.small, span.attributes.list, Object.keys(span.attributes).includes("__proto__")]).toEqual(["9007199254740993", 7, [true, null], true]);
    expect(span.events).toHaveLength(1);
  });
  it("reads a line a request, enum names, base64 ids, protobuf's field names, and logs", () => {
    const second = { traceId: "W47/95gDgQPSabYzgT/GDA==", spanId: "7uGbfsPBtHU=", parent_span_id: "eee19b7ec3c1b174", kind: "SPAN_KIND_CLIENT", status: { code: "STATUS_CODE_OK" }, start_time_unix_nano: 1732165200000000000, name: "child" };
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: "5", body: { stringValue: "said" }, traceId: TRACE, spanId: "eee19b7ec3c1b174" }] }] }] };
    const file = readTraceFile([otlp([otlpSpan]), otlp([second]), logs].map((one) => JSON.stringify(one)).join("\n"));
    expect(file?.traces).toHaveLength(1);
    const trace = file?.traces[0];
    expect(trace?.spans.map((span) => [span.name, span.kind, span.status.code, span.parent_span_id])).toEqual([["child", "client", "ok", "eee19b7ec3c1b174"], ["GET /", "server", "error", null]]);
    expect(trace?.logs[0].body).toBe("said");
    const tree = buildTraceTree(skeletonFromSpans("t", trace ?? { trace_id: "", spans: [], logs: [] }));
    expect([tree.deepest, tree.spans.logCounts[1], tree.warnings.missingParents]).toEqual([1, 1, 0]);
  });
  it("leaves out what is no span, and counts it", () => {
    expect(readTraceFile(JSON.stringify(otlp([otlpSpan, {}, null, "x", { ...otlpSpan, spanId: "0000000000000000" }])))).toMatchObject({ refused: 4 });
  });
});

describe("Jaeger", () => {
  const jaeger = { data: [{ traceID: "d269b633813fc60c", processes: { p1: { serviceName: "cart", tags: [{ key: "host.name", type: "string", value: "h" }] } }, spans: [
    { traceID: "d269b633813fc60c", spanID: "1", operationName: "root", processID: "p1", startTime: 1732165200000000, duration: 1500, tags: [{ key: "span.kind", type: "string", value: "server" }, { key: "error", type: "bool", value: true }], logs: [{ timestamp: 1732165200000100, fields: [{ key: "event", value: "exception" }, { key: "exception.type", value: "E" }] }], references: [] },
    { traceID: "d269b633813fc60c", spanID: "2", operationName: "child", processID: "p1", startTime: 1732165200000500, duration: 10, references: [{ refType: "CHILD_OF", traceID: "d269b633813fc60c", spanID: "1" }, { refType: "FOLLOWS_FROM", traceID: "aa", spanID: "bb" }] },
    { spanID: "3" },
  ] }] };
  it("reads microseconds, parents, tags, logs and links", () => {
    const file = readTraceFile(JSON.stringify(jaeger));
    expect(file).toMatchObject({ format: "jaeger", refused: 1 });
    const [root, child] = file?.traces[0].spans ?? [];
    expect(root).toMatchObject({ trace_id: "0000000000000000d269b633813fc60c", span_id: "0000000000000001", kind: "server", status: { code: "error" }, duration: "1500000", service_name: "cart" });
    expect(root.events[0]).toMatchObject({ name: "exception", time: "1732165200000100000" });
    expect([child.parent_span_id, child.links.length, child.resource_attributes["host.name"]]).toEqual(["0000000000000001", 1, "h"]);
  });
});

it("reads what we let people download", () => {
  const own = readTraceFile(JSON.stringify(otlp([otlpSpan])))?.traces[0];
  expect(readTraceFile(JSON.stringify(own))).toMatchObject({ format: "spanlake", traces: [{ trace_id: TRACE }] });
});

it.each(["", "{}", "[]", "null", "not json", '{"data":[]}', '{"resourceSpans":5}', '{"trace_id":"x","spans":[{}],"logs":[]}', "[1,2]"])("refuses %s", (text) => expect(readTraceFile(text)).toBeNull());
