// Owns reading OTLP JSON (TracesData, and LogsData beside it) into spans and log records. Pure.
import type { LogRecord, Span } from "../api/types";
import type { Attributes, AttributeValue } from "./attributes";
import { attributesFrom, looseCount, looseId, looseInteger, looseList, looseObject, looseText, type Loose } from "./fileValues";
import type { Records } from "./traceFile";

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const STATUSES = ["unset", "ok", "error"];

export function isOtlp(value: unknown): boolean {
  const document = looseObject(value);
  return ["resourceSpans", "resource_spans", "resourceLogs", "resource_logs"].some((key) => Array.isArray(document[key]));
}

/** Field names in the JSON form's camelCase, or as protobuf has them, which some tools write. */
function field(of: Loose, name: string): unknown {
  return of[name] ?? of[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

export function otlpRecords(value: unknown): Records {
  const document = looseObject(value);
  const records: Records = { spans: [], logs: [], refused: 0 };
  for (const group of looseList(field(document, "resourceSpans"))) {
    const resource = keyValues(field(looseObject(group.resource), "attributes"));
    for (const scoped of [...looseList(field(group, "scopeSpans")), ...looseList(group.instrumentationLibrarySpans)]) {
      for (const loose of looseList(scoped.spans)) {
        const span = spanOf(loose, resource, looseObject(scoped.scope ?? scoped.instrumentationLibrary));
        if (span) records.spans.push(span);
        else records.refused++;
      }
    }
  }
  for (const group of looseList(field(document, "resourceLogs"))) {
    const resource = keyValues(field(looseObject(group.resource), "attributes"));
    for (const scoped of looseList(field(group, "scopeLogs"))) {
      for (const loose of looseList(field(scoped, "logRecords"))) records.logs.push(logOf(loose, resource, looseObject(scoped.scope)));
    }
  }
  return records;
}

function spanOf(loose: Loose, resource: Attributes, scope: Loose): Span | null {
  const [traceId, spanId] = [looseId(field(loose, "traceId"), 16), looseId(field(loose, "spanId"), 8)];
  const start = looseInteger(field(loose, "startTimeUnixNano"));
  if (traceId === "" || spanId === "" || start === null) return null;
  const end = looseInteger(field(loose, "endTimeUnixNano")) ?? start;
  const status = looseObject(loose.status);
  return {
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: looseId(field(loose, "parentSpanId"), 8) || null,
    trace_state: looseText(field(loose, "traceState")),
    flags: looseCount(loose.flags),
    name: looseText(loose.name),
    kind: enumName(loose.kind, KINDS, "SPAN_KIND_"),
    start_time: String(start),
    end_time: String(end),
    duration: String(end - start),
    status: { code: enumName(status.code, STATUSES, "STATUS_CODE_"), message: looseText(status.message) },
    service_name: looseText(resource["service.name"]),
    attributes: keyValues(loose.attributes),
    resource_attributes: resource,
    scope_name: looseText(scope.name),
    scope_version: looseText(scope.version),
    scope_attributes: keyValues(scope.attributes),
    events: looseList(loose.events).map((event) => ({ time: String(looseInteger(field(event, "timeUnixNano")) ?? start), name: looseText(event.name), attributes: keyValues(event.attributes), dropped_attributes_count: looseCount(field(event, "droppedAttributesCount")) })),
    links: looseList(loose.links).map((link) => ({ trace_id: looseId(field(link, "traceId"), 16), span_id: looseId(field(link, "spanId"), 8), trace_state: looseText(field(link, "traceState")), flags: looseCount(link.flags), attributes: keyValues(link.attributes), dropped_attributes_count: looseCount(field(link, "droppedAttributesCount")) })),
    dropped_attributes_count: looseCount(field(loose, "droppedAttributesCount")),
    dropped_events_count: looseCount(field(loose, "droppedEventsCount")),
    dropped_links_count: looseCount(field(loose, "droppedLinksCount")),
  };
}

function logOf(loose: Loose, resource: Attributes, scope: Loose): LogRecord {
  const observed = looseInteger(field(loose, "observedTimeUnixNano")) ?? 0n;
  return {
    time: String(looseInteger(field(loose, "timeUnixNano")) || observed),
    observed_time: String(observed),
    severity_number: looseCount(field(loose, "severityNumber")),
    severity_text: looseText(field(loose, "severityText")),
    event_name: looseText(field(loose, "eventName")),
    body: anyValue(loose.body),
    trace_id: looseId(field(loose, "traceId"), 16),
    span_id: looseId(field(loose, "spanId"), 8),
    service_name: looseText(resource["service.name"]),
    attributes: keyValues(loose.attributes),
    resource_attributes: resource,
    scope_name: looseText(scope.name),
  };
}

function enumName(value: unknown, names: readonly string[], prefix: string): string {
  if (typeof value === "string" && value.startsWith(prefix)) return value.slice(prefix.length).toLowerCase();
  return names[looseCount(value)] ?? names[0];
}

function keyValues(list: unknown): Attributes {
  return attributesFrom(looseList(list).filter((one) => typeof one.key === "string").map((one): [string, AttributeValue] => [one.key as string, anyValue(one.value)]));
}

const DEEPEST = 30;

/** Integers beyond what a double holds stay text, as the server writes them. */
export function anyValue(value: unknown, depth = 0): AttributeValue {
  const loose = looseObject(value);
  if (depth > DEEPEST) return null;
  if ("stringValue" in loose) return looseText(loose.stringValue);
  if ("boolValue" in loose) return loose.boolValue === true;
  if ("intValue" in loose) {
    const integer = looseInteger(loose.intValue) ?? 0n;
    return integer <= BigInt(Number.MAX_SAFE_INTEGER) && integer >= -BigInt(Number.MAX_SAFE_INTEGER) ? Number(integer) : String(integer);
  }
  if ("doubleValue" in loose) return typeof loose.doubleValue === "number" ? loose.doubleValue : looseText(loose.doubleValue);
  if ("bytesValue" in loose) return { bytesValue: looseText(loose.bytesValue) };
  if ("arrayValue" in loose) return looseList(looseObject(loose.arrayValue).values).map((one) => anyValue(one, depth + 1));
  if ("kvlistValue" in loose) return attributesFrom(looseList(looseObject(loose.kvlistValue).values).map((one): [string, AttributeValue] => [looseText(one.key), anyValue(one.value, depth + 1)]));
  return null;
}
