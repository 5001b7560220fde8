// Owns reading Jaeger's JSON (as its page downloads traces) into spans. Times are microseconds there. Pure.
import type { Span } from "../api/types";
import type { Attributes, AttributeValue } from "./attributes";
import { attributesFrom, looseId, looseInteger, looseList, looseObject, looseText, type Loose } from "./fileValues";
import type { Records } from "./traceFile";

export function isJaeger(value: unknown): boolean {
  const document = looseObject(value);
  const traces = Array.isArray(document.data) ? looseList(document.data) : [document];
  return traces.length > 0 && traces.every((trace) => Array.isArray(trace.spans) && typeof trace.processes === "object");
}

export function jaegerSpans(value: unknown): Records {
  const document = looseObject(value);
  const records: Records = { spans: [], logs: [], refused: 0 };
  for (const trace of Array.isArray(document.data) ? looseList(document.data) : [document]) {
    const processes = looseObject(trace.processes);
    for (const loose of looseList(trace.spans)) {
      const span = spanOf(loose, looseObject(loose.process ?? processes[looseText(loose.processID)]));
      if (span) records.spans.push(span);
      else records.refused++;
    }
  }
  return records;
}

function spanOf(loose: Loose, process: Loose): Span | null {
  const [traceId, spanId] = [looseId(loose.traceID, 16), looseId(loose.spanID, 8)];
  const startMicros = looseInteger(loose.startTime);
  if (traceId === "" || spanId === "" || startMicros === null) return null;
  const [start, duration] = [startMicros * 1000n, (looseInteger(loose.duration) ?? 0n) * 1000n];
  const tags = tagsOf(loose.tags);
  const service = looseText(process.serviceName);
  const references = looseList(loose.references);
  const parent = references.find((reference) => reference.refType === "CHILD_OF" && looseId(reference.traceID, 16) === traceId) ?? references.find((reference) => looseId(reference.traceID, 16) === traceId);
  const isError = tags.error === true || tags.error === "true" || tags["otel.status_code"] === "ERROR";
  return {
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: looseId(parent?.spanID ?? loose.parentSpanID, 8) || null,
    trace_state: looseText(tags["w3c.tracestate"] as unknown),
    flags: Number(looseInteger(loose.flags) ?? 0n),
    name: looseText(loose.operationName),
    kind: looseText(tags["span.kind"]) || "internal",
    start_time: String(start),
    end_time: String(start + duration),
    duration: String(duration),
    status: { code: isError ? "error" : tags["otel.status_code"] === "OK" ? "ok" : "unset", message: looseText(tags["otel.status_description"]) },
    service_name: service,
    attributes: tags,
    resource_attributes: attributesFrom([["service.name", service], ...Object.entries(tagsOf(process.tags))]),
    scope_name: looseText(tags["otel.scope.name"] ?? tags["otel.library.name"]),
    scope_version: looseText(tags["otel.scope.version"] ?? tags["otel.library.version"]),
    scope_attributes: {},
    events: looseList(loose.logs).map((log) => {
      const { event, ...rest } = tagsOf(log.fields);
      return { time: String((looseInteger(log.timestamp) ?? startMicros) * 1000n), name: looseText(event) || "log", attributes: attributesFrom(Object.entries(rest)), dropped_attributes_count: 0 };
    }),
    links: references.filter((reference) => reference !== parent).map((reference) => ({ trace_id: looseId(reference.traceID, 16), span_id: looseId(reference.spanID, 8), trace_state: "", flags: 0, attributes: {}, dropped_attributes_count: 0 })),
    dropped_attributes_count: 0,
    dropped_events_count: 0,
    dropped_links_count: 0,
  };
}

function tagsOf(list: unknown): Attributes {
  return attributesFrom(looseList(list).filter((tag) => typeof tag.key === "string").map((tag): [string, AttributeValue] => [tag.key as string, tagValue(tag)]));
}

function tagValue({ type, value }: Loose): AttributeValue {
  if (type === "binary") return { bytesValue: looseText(value) };
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : value === null || value === undefined ? null : JSON.stringify(value);
}
