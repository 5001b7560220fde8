// Owns the traces the mock knows and the lists made from them.
import { compileFilter } from "./filter.mjs";
import { ODD, oddTraces } from "./odd.mjs";
import { randomFrom } from "./random.mjs";
import { resourceOf } from "./spans.mjs";
import { checkoutTrace, smallTrace } from "./shop.mjs";
import { traffic } from "./traffic.mjs";

export const FAILING = "5b8efff798038103d269b633813fc60c";
export const HEALTHY = "7f3a09c2d15e4b6880aa1c9e5d27f401";

export function createStore() {
  const random = randomFrom(42);
  const now = BigInt(Date.now()) * 1_000_000n;
  const ago = (seconds) => now - BigInt(Math.round(seconds * 1e9));
  const traces = [
    checkoutTrace(random, FAILING, ago(9), { fails: true, linkTo: HEALTHY }),
    checkoutTrace(random, HEALTHY, ago(31), { fails: false, linkTo: FAILING }),
    ...oddTraces(ago(1500)),
  ];
  nameLinkedSpans(traces);
  for (let index = 0; index < 150; index++) {
    const start = ago(index * 14 + random.between(2, 14));
    const isCheckout = random.chance(0.14);
    traces.push(isCheckout ? checkoutTrace(random, random.hex(16), start, { fails: random.chance(0.3) }) : smallTrace(random, random.hex(16), start));
  }
  traces.push(...traffic(now));
  deploy(traces, "checkout", "2.9.0", ago(900));
  return traces.map((trace) => ({ ...trace, summary: summaryOf(trace) }));
}

/** Links go to the root of the trace that they name. */
function nameLinkedSpans(traces) {
  const rootOf = new Map(traces.map(({ trace_id, spans }) => [trace_id, spans[0].span_id]));
  for (const { spans } of traces) for (const span of spans) for (const link of span.links) if (link.span_id === "") link.span_id = rootOf.get(link.trace_id) ?? "";
}

/** From a moment on, a service's spans carry another version. */
function deploy(traces, service, version, from) {
  for (const { spans } of traces) for (const span of spans) {
    if (span.service_name === service && BigInt(span.start_time) >= from) span.resource_attributes = resourceOf(service, version);
  }
}

export function summaryOf(trace) {
  const services = new Map();
  let start = BigInt(trace.spans[0].start_time);
  let end = start;
  let errors = 0;
  for (const span of trace.spans) {
    const entry = services.get(span.service_name) ?? { name: span.service_name, spans: 0, errors: 0 };
    entry.spans++;
    if (span.status.code === "error") {
      entry.errors++;
      errors++;
    }
    services.set(span.service_name, entry);
    if (BigInt(span.start_time) < start) start = BigInt(span.start_time);
    if (BigInt(span.end_time) > end) end = BigInt(span.end_time);
  }
  const root = trace.spans.find((span) => span.parent_span_id === null);
  return { trace_id: trace.trace_id, root_service: root?.service_name ?? trace.spans[0].service_name, root_name: root?.name ?? "", start_time: String(start), duration: String(end - start), span_count: trace.spans.length, error_count: errors, services: [...services.values()] };
}

const UNITS = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const nanoseconds = (text) => {
  const match = /^([\d.]+)(\D+)?$/.exec(text);
  return match ? Number(match[1]) * (UNITS[match[2] ?? "ms"] ?? 1e6) : 0;
};

/** `bounded`: how many milliseconds back a first page looks, as a search that takes too long does; null for all. */
export function listTraces(store, search, bounded = null) {
  const limit = Number(search.get("limit") ?? 20);
  const [service, operation, status] = ["service", "operation", "status"].map((name) => search.get(name));
  const [start, end] = [BigInt(search.get("start") ?? 0), BigInt(search.get("end") ?? "9000000000000000000")];
  const [least, most] = [nanoseconds(search.get("min_duration") ?? "0"), nanoseconds(search.get("max_duration") ?? "999h")];
  const filter = compileFilter(search.get("filter") ?? "");
  const matching = store.filter(({ summary, spans }) =>
    BigInt(summary.start_time) >= start && BigInt(summary.start_time) <= end &&
    (!service || summary.services.some((entry) => entry.name === service)) &&
    (!operation || spans.some((span) => span.name === operation && (!service || span.service_name === service))) &&
    (status !== "error" || summary.error_count > 0) && (!filter || filter.trace(spans)) && Number(summary.duration) >= least && Number(summary.duration) <= most);
  const sorted = matching.map((trace) => trace.summary).sort(newestFirst);
  return page(sorted, search.get("cursor"), limit, bounded === null ? start : bigger(start, BigInt(Date.now() - bounded) * 1_000_000n), bounded !== null);
}

const newestFirst = (a, b) => (BigInt(a.start_time) !== BigInt(b.start_time) ? (BigInt(a.start_time) > BigInt(b.start_time) ? -1 : 1) : a.trace_id > b.trace_id ? -1 : 1);
const bigger = (a, b) => (a > b ? a : b);

/** One page behind the cursor, which says the last trace that was shown; a bounded search stops at `backTo` first. */
function page(sorted, cursor, limit, backTo, isBounded) {
  const after = cursor ? sorted.findIndex((one) => `${one.start_time}.${one.trace_id}` === cursor) + 1 : 0;
  const rest = cursor ? sorted.slice(after) : sorted.filter((one) => !isBounded || BigInt(one.start_time) >= backTo);
  const traces = rest.slice(0, limit);
  const isMore = rest.length > limit || (!cursor && traces.length < sorted.length);
  const last = traces.at(-1);
  return { traces, next_cursor: isMore ? (last ? `${last.start_time}.${last.trace_id}` : "from-the-bound") : null, searched_back_to: String(isMore && isBounded ? backTo : last && isMore ? last.start_time : backTo), too_large: 0, files_read: 2, files_total: 9 };
}

export function listServices(store) {
  const services = new Map();
  for (const { summary } of store) for (const entry of summary.services) {
    const known = services.get(entry.name) ?? { name: entry.name, spans: 0, errors: 0, last_seen: summary.start_time };
    known.spans += entry.spans;
    known.errors += entry.errors;
    services.set(entry.name, known);
  }
  return [...services.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function listOperations(store, service) {
  const names = new Map();
  for (const trace of store) if (trace.spans.length < 1000) for (const span of trace.spans) if (span.service_name === service) {
    const known = names.get(span.name) ?? { name: span.name, kind: span.kind, spans: 0, errors: 0, p50: "1200000", p95: "9800000" };
    known.spans++;
    names.set(span.name, known);
  }
  return [...names.values()];
}

export { ODD };
