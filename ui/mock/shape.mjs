// Owns the mock's answers on how a trace and a span compare with others like them: `/shape` and `/peers` of docs/api.md.
// A span's critical time is its self time here.
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const small = (store) => store.filter((trace) => trace.spans.length < 1000);

/** The names from the root down, told apart where siblings repeat one; null for a trace that is no tree. */
function pathsOf({ spans }) {
  const byId = new Map(spans.map((span) => [span.span_id, span]));
  const seen = new Map();
  return spans.map((span) => {
    const names = [];
    for (let at = span, steps = 0; at && steps < 100; at = byId.get(at.parent_span_id), steps++) names.unshift(`${at.service_name} ${at.name}`);
    const path = names.join(" > ");
    seen.set(path, (seen.get(path) ?? 0) + 1);
    return `${path} #${seen.get(path)}`;
  });
}

function selfTimes({ spans }) {
  const taken = new Map();
  for (const span of spans) taken.set(span.parent_span_id, (taken.get(span.parent_span_id) ?? 0) + Number(span.duration));
  return spans.map((span) => Math.max(Number(span.duration) - (taken.get(span.span_id) ?? 0), 0));
}

export function traceShape(store, id) {
  const trace = store.find((one) => one.trace_id === id);
  if (!trace) return null;
  const paths = pathsOf(trace);
  const rootOf = (one) => one.spans.find((span) => span.parent_span_id === null);
  const root = rootOf(trace);
  const roots = small(store).filter((one) => rootOf(one)?.name === root?.name && rootOf(one)?.service_name === root?.service_name);
  const key = [...paths].sort().join("|");
  const alike = roots.filter((one) => [...pathsOf(one)].sort().join("|") === key);
  const figures = alike.map((one) => new Map(pathsOf(one).map((path, place) => [path, { duration: Number(one.spans[place].duration), self: selfTimes(one)[place] }])));
  const own = selfTimes(trace);
  const whole = (one) => Number(rootOf(one)?.duration ?? 0);
  const middle = [...alike].sort((a, b) => whole(a) - whole(b))[Math.floor(alike.length / 2)];
  const spans = trace.spans.map((span, place) => {
    const self = String(median(figures.map((one) => one.get(paths[place])?.self ?? 0)));
    return { span_id: span.span_id, service_name: span.service_name, name: span.name, depth: 0, duration: span.duration, median_duration: String(median(figures.map((one) => one.get(paths[place])?.duration ?? 0))), self_time: String(own[place]), median_self_time: self, critical_time: String(own[place]), median_critical_time: self };
  });
  return { trace_id: id, shape: "5d1f", traces: alike.length, looked_at: roots.length, duration: String(whole(trace)), median_duration: String(median(alike.map(whole))), median_trace_id: middle?.trace_id ?? null, spans };
}

export function spanPeers(store, id, spanId) {
  const span = store.find((one) => one.trace_id === id)?.spans.find((one) => one.span_id === spanId);
  if (!span) return null;
  const peers = small(store).flatMap((trace) => trace.spans).filter((one) => one.service_name === span.service_name && one.name === span.name && one.kind === span.kind);
  const sorted = peers.map((one) => Number(one.duration)).sort((a, b) => a - b);
  const at = (q) => String(sorted[Math.min(Math.ceil(q * sorted.length), sorted.length) - 1] ?? 0);
  const others = sorted.length - 1;
  const faster = sorted.filter((duration) => duration < Number(span.duration)).length;
  return { service: span.service_name, operation: span.name, kind: span.kind, duration: span.duration, spans: sorted.length, errors: peers.filter((one) => one.status.code === "error").length, percentile: others > 0 ? faster / others : null, p50: at(0.5), p95: at(0.95), p99: at(0.99), stats: {} };
}
