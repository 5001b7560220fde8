// Owns what the list of traces asks beside its traces: counts by attribute, the heatmap of durations, and which
// attributes tell a selection from the rest. Shapes as docs/api.md has them.
import { compileFilter, valueOf } from "./filter.mjs";

const STATS = { elapsed_ms: 4.2, files_read: 2, files_total: 9, exact: true };
const KEYS = {
  service: ["service.name", "resource.service.name"], operation: ["name", "name"], status: ["status", "status"], kind: ["kind", "kind"],
  "http.route": ["http.route", "span.http.route"], "http.response.status_code": ["http.response.status_code", "span.http.response.status_code"],
};
const MORE = ["app.region", "app.flag.new_cart", "db.system.name", "deployment.environment.name", "http.request.method", "k8s.pod.name", "rpc.system", "server.address", "service.version", "telemetry.sdk.language", "user_agent.original"];
const OF_RESOURCE = new Set(["deployment.environment.name", "k8s.pod.name", "service.version", "telemetry.sdk.language"]);
const keyOf = (key) => KEYS[key] ?? [key, `${OF_RESOURCE.has(key) ? "resource" : "span"}.${key}`];
const UNITS = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const nanoseconds = (text) => {
  const match = /^([\d.]+)(\D+)?$/.exec(text ?? "");
  return match ? Number(match[1]) * (UNITS[match[2] ?? "ns"] ?? 1) : null;
};

/** Spans of the range that match, those of huge traces left out, as they would take the mock seconds. */
function matching(store, search) {
  const filter = compileFilter(search.get("filter") ?? "");
  const [service, operation, status] = ["service", "operation", "status"].map((name) => search.get(name));
  const [start, end] = [BigInt(search.get("start") ?? 0), BigInt(search.get("end") ?? "9000000000000000000")];
  const [least, most] = [nanoseconds(search.get("min_duration")) ?? -Infinity, nanoseconds(search.get("max_duration")) ?? Infinity];
  const hasCondition = Boolean(filter || service || operation || status);
  const spans = store.flatMap(({ spans: all, summary }) => {
    if (all.length > 1000 || Number(summary.duration) < least || Number(summary.duration) > most) return [];
    return all.filter((span) => BigInt(span.start_time) >= start && BigInt(span.start_time) <= end && (!service || span.service_name === service) && (!operation || span.name === operation) && (status !== "error" || span.status.code === "error") && (!filter || filter.span(span)));
  });
  return { spans, hasCondition, start, end };
}

const failed = (span) => span.status.code === "error";
const textOf = (span, key) => {
  const value = valueOf(span, keyOf(key)[1]);
  return value === undefined || value === null ? null : typeof value === "object" ? JSON.stringify(value) : String(value);
};

export function traceFacets(store, search) {
  const { spans } = matching(store, search);
  const limit = Number(search.get("limit") ?? 20);
  const asked = search.get("keys")?.split(",") ?? Object.keys(KEYS);
  const facets = asked.map((key) => {
    const values = new Map();
    for (const span of spans) {
      const value = textOf(span, key);
      if (value === null) continue;
      const known = values.get(value) ?? { value, spans: 0, traces: new Set(), errors: 0 };
      known.spans++;
      known.traces.add(span.trace_id);
      if (failed(span)) known.errors++;
      values.set(value, known);
    }
    const sorted = [...values.values()].sort((a, b) => b.spans - a.spans || (a.value < b.value ? -1 : 1)).map((one) => ({ ...one, traces: one.traces.size }));
    const rest = sorted.slice(limit);
    const [label, filter] = keyOf(key);
    return { key, label, values: sorted.slice(0, limit), other: { values: rest.length, spans: rest.reduce((sum, one) => sum + one.spans, 0) }, filter };
  });
  return { spans: spans.length, traces: new Set(spans.map((span) => span.trace_id)).size, errors: spans.filter(failed).length, facets, keys: [...Object.keys(KEYS), ...MORE].filter((key) => !asked.includes(key)), stats: STATS };
}

export function traceHeatmap(store, search) {
  const { spans, hasCondition, start, end } = matching(store, search);
  const counted = hasCondition ? spans : spans.filter((span) => span.parent_span_id === null);
  const [columns, rows] = [Number(search.get("columns") ?? 60), Number(search.get("rows") ?? 24)];
  const durations = counted.map((span) => Math.max(Number(span.duration), 1));
  const [low, high] = [Math.log10(Math.min(...durations, 1e9)), Math.log10(Math.max(...durations, 1e6) * 1.01)];
  const step = (end - start) / BigInt(columns) + 1n;
  const cells = new Map();
  for (const span of counted) {
    const column = Number((BigInt(span.start_time) - start) / step);
    const row = Math.min(Math.floor(((Math.log10(Math.max(Number(span.duration), 1)) - low) / (high - low)) * rows), rows - 1);
    const cell = cells.get(`${column} ${row}`) ?? [column, row, 0, 0];
    cell[2]++;
    if (failed(span)) cell[3]++;
    cells.set(`${column} ${row}`, cell);
  }
  const edges = Array.from({ length: rows + 1 }, (_, index) => String(Math.round(10 ** (low + ((high - low) * index) / rows))));
  return { start: String(start), step: String(step), columns, duration_edges: edges, cells: [...cells.values()], over: "spans", stats: STATS };
}

export function traceCompare(store, search) {
  const { spans, hasCondition } = matching(store, search);
  const counted = hasCondition ? spans : spans.filter((span) => span.parent_span_id === null);
  const bound = (name, otherwise) => Number(search.get(`selection_${name}`) ?? otherwise);
  const bySelection = search.get("selection") ? compileFilter(search.get("selection")).span : () => true;
  const [least, most] = [nanoseconds(search.get("selection_min_duration")) ?? -1, nanoseconds(search.get("selection_max_duration")) ?? Infinity];
  const isSelected = (span) => bySelection(span) && Number(span.start_time) >= bound("start", 0) && Number(span.start_time) <= bound("end", Infinity) && Number(span.duration) >= least && Number(span.duration) <= most && (search.get("selection_status") !== "error" || failed(span));
  const [selected, rest] = [counted.filter(isSelected), counted.filter((span) => !isSelected(span))];
  const attributes = [...Object.keys(KEYS), ...MORE].map((key) => compared(key, selected, rest)).filter((one) => one.values.length > 0).sort((a, b) => b.score - a.score);
  return { selected: selected.length, rest: rest.length, attributes, stats: STATS };
}

function compared(key, selected, rest) {
  const counts = new Map();
  const absent = { selected: 0, rest: 0 };
  for (const [side, spans] of [["selected", selected], ["rest", rest]]) {
    for (const span of spans) {
      const value = textOf(span, key);
      if (value === null) absent[side]++;
      else counts.set(value, { value, selected: 0, rest: 0, ...counts.get(value), [side]: (counts.get(value)?.[side] ?? 0) + 1 });
    }
  }
  const values = [...counts.values()];
  const share = (count, all) => count / Math.max(all, 1);
  const score = [...values, absent].reduce((sum, one) => sum + Math.abs(share(one.selected, selected.length) - share(one.rest, rest.length)), 0) / 2;
  values.sort((a, b) => share(b.selected, selected.length) + share(b.rest, rest.length) - share(a.selected, selected.length) - share(a.rest, rest.length));
  return { key, filter: keyOf(key)[1], score, values: values.slice(0, 10), absent };
}
