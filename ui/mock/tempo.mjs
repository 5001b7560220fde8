// Owns Tempo's routes for names and values of tags, as the field for filters asks them, and for series.
import { compileFilter, FilterError } from "./filter.mjs";

const OPEN = { span: "attributes", resource: "resource_attributes" };
const small = (store) => store.filter((trace) => trace.spans.length < 1000).flatMap((trace) => trace.spans);

export function tagNames(store) {
  const names = (map) => [...new Set(small(store).flatMap((span) => Object.keys(span[map])))].sort();
  return { scopes: [{ name: "span", tags: names("attributes") }, { name: "resource", tags: names("resource_attributes") }, { name: "intrinsic", tags: ["duration", "kind", "name", "rootName", "rootServiceName", "status", "statusMessage", "traceDuration"] }] };
}

export function tagValues(store, tag) {
  const [, scope, key] = /^(?:(span|resource)?\.)?(.+)$/.exec(tag);
  const values = new Map();
  for (const span of small(store)) {
    const found = tag === "name" ? span.name : scope ? span[OPEN[scope]][key] : (span.attributes[key] ?? span.resource_attributes[key]);
    if (found !== undefined && found !== null && typeof found !== "object") values.set(String(found), { type: typeof found === "number" ? "int" : typeof found === "boolean" ? "bool" : "string", value: String(found) });
  }
  return { tagValues: [...values.values()].slice(0, 500) };
}

/** `{ … } | rate()`, with `by (resource.service.name)` or `by (name)`; other functions are answered as this one. */
export function traceqlSeries(store, search, isRange) {
  const [, filter, by] = /^\s*(\{[^}]*\})\s*\|\s*\w+\([^)]*\)(?:\s*by\s*\(([\w.]+)\))?\s*$/.exec(search.get("q") ?? "") ?? [];
  if (filter === undefined) throw new FilterError("q: a TraceQL query that makes series is needed", 1);
  const test = compileFilter(filter);
  const [start, end, step] = [Number(BigInt(search.get("start")) / 1_000_000n), Number(BigInt(search.get("end")) / 1_000_000n), Number(search.get("step") ?? 60) * 1000];
  const counts = new Map();
  for (const span of small(store)) {
    const at = Number(BigInt(span.start_time) / 1_000_000n);
    if (at < start || at >= end || (test && !test.span(span))) continue;
    const value = by === "name" ? span.name : by ? span.service_name : "";
    const of = counts.get(value) ?? counts.set(value, new Map()).get(value);
    const place = isRange ? Math.ceil(at / step) * step : 0;
    of.set(place, (of.get(place) ?? 0) + 1);
  }
  const seconds = isRange ? step / 1000 : (end - start) / 1000;
  const series = [...counts].map(([value, of]) => ({
    labels: by ? [{ key: by, value: { stringValue: value } }] : [{ key: "__name__", value: { stringValue: "rate" } }],
    ...(isRange ? { samples: [...of].map(([place, count]) => ({ timestampMs: String(place), value: count / seconds })) } : { value: of.get(0) / seconds }),
  }));
  return { series, metrics: { completedJobs: 1, totalJobs: 1 } };
}
