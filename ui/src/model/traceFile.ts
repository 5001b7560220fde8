// Owns reading traces out of a file that someone opens: OTLP JSON (one request, or one a line, as the collector's file
// exporter writes), Jaeger's JSON, and our own download. Never sends anything anywhere and never trusts what it reads:
// whatever is no span is left out and counted.
import type { LogRecord, Span, TraceDetail } from "../api/types";
import { isJaeger, jaegerSpans } from "./jaegerJson";
import { isOtlp, otlpRecords } from "./otlpJson";

export interface TraceFile {
  format: "otlp" | "jaeger" | "spanlake";
  traces: TraceDetail[];
  /** Things in the place of spans that could not be read as one. */
  refused: number;
}

export interface Records {
  spans: Span[];
  logs: LogRecord[];
  refused: number;
}

/** Null where the text is none of what we read. */
export function readTraceFile(text: string): TraceFile | null {
  const documents = parseDocuments(text);
  if (documents === null || documents.length === 0) return null;
  const all: Records = { spans: [], logs: [], refused: 0 };
  const add = ({ spans, logs, refused }: Records): void => {
    for (const span of spans) all.spans.push(span);
    for (const log of logs) all.logs.push(log);
    all.refused += refused;
  };
  if (documents.every(isOtlp)) {
    for (const document of documents) add(otlpRecords(document));
    return { format: "otlp", ...grouped(all) };
  }
  if (documents.every(isJaeger)) {
    for (const document of documents) add(jaegerSpans(document));
    return { format: "jaeger", ...grouped(all) };
  }
  if (documents.length === 1 && isOwn(documents[0])) return { format: "spanlake", traces: [documents[0]], refused: 0 };
  return null;
}

/** One JSON value, or one a line. */
function parseDocuments(text: string): unknown[] | null {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  try {
    const one: unknown = JSON.parse(trimmed);
    return Array.isArray(one) ? one : [one];
  } catch {
    try {
      return trimmed.split("\n").filter((line) => line.trim() !== "").map((line): unknown => JSON.parse(line));
    } catch {
      return null;
    }
  }
}

function isOwn(value: unknown): value is TraceDetail {
  const own = value as Partial<TraceDetail> | null;
  return typeof own === "object" && own !== null && typeof own.trace_id === "string" && Array.isArray(own.spans) && Array.isArray(own.logs) && own.spans.every(isOwnSpan) && own.logs.every((log) => isObject(log) && /^-?\d+$/.test(log.time) && isObject(log.attributes));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isOwnSpan(span: Span): boolean {
  return typeof span?.span_id === "string" && /^-?\d+$/.test(span.start_time) && /^-?\d+$/.test(span.duration) && typeof span.name === "string" && Array.isArray(span.events) && Array.isArray(span.links) && [span.attributes, span.resource_attributes, span.scope_attributes, span.status].every(isObject);
}

/** Traces in order of their first span; spans and records in order of time. */
function grouped({ spans, logs, refused }: Records): { traces: TraceDetail[]; refused: number } {
  const traces = new Map<string, TraceDetail>();
  const traceOf = (traceId: string): TraceDetail => {
    let trace = traces.get(traceId);
    if (!trace) traces.set(traceId, (trace = { trace_id: traceId, spans: [], logs: [] }));
    return trace;
  };
  for (const span of spans) traceOf(span.trace_id).spans.push(span);
  for (const log of logs) if (log.trace_id !== "") traceOf(log.trace_id).logs.push(log);
  const byTime = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0);
  const withSpans = [...traces.values()].filter((trace) => trace.spans.length > 0);
  for (const trace of withSpans) {
    trace.spans.sort((a, b) => byTime(a.start_time, b.start_time) || (a.span_id < b.span_id ? -1 : 1));
    trace.logs.sort((a, b) => byTime(a.time, b.time));
  }
  return { traces: withSpans.sort((a, b) => byTime(a.spans[0].start_time, b.spans[0].start_time)), refused };
}
