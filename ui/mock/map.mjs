// Owns the map of services made from the mock's spans, and a large one for tests of size.
import { randomFrom } from "./random.mjs";

const STATS = { elapsed_ms: 11.3, files_read: 2, files_total: 9, exact: true };
const quantile = (durations, q) => String(durations.length === 0 ? 0 : durations[Math.min(durations.length - 1, Math.floor(durations.length * q))]);

export function serviceMap(store, search) {
  const [start, end] = [BigInt(search.get("start") ?? 0), BigInt(search.get("end") ?? BigInt(Date.now()) * 1_000_000n)];
  const seconds = Number((end - start) / 1_000_000_000n) || 1;
  const nodes = new Map();
  const edges = new Map();
  const add = (map, id, fields, span) => {
    const known = map.get(id) ?? { ...fields, durations: [], errors: 0 };
    known.durations.push(Number(span.duration));
    if (span.status.code === "error") known.errors++;
    map.set(id, known);
  };
  for (const { spans } of store) {
    if (spans.length > 1000) continue;
    const byId = new Map(spans.map((span) => [span.span_id, span]));
    const parents = new Set(spans.map((span) => span.parent_span_id));
    for (const span of spans) {
      if (BigInt(span.start_time) < start || BigInt(span.start_time) > end) continue;
      const parent = byId.get(span.parent_span_id);
      if (["server", "consumer"].includes(span.kind) || !parent) add(nodes, span.service_name, { id: span.service_name, name: span.service_name, kind: "service" }, span);
      if (parent && parent.service_name !== span.service_name && ["server", "consumer"].includes(span.kind)) {
        add(edges, `${parent.service_name}\u0000${span.service_name}`, { source: parent.service_name, target: span.service_name, kind: span.kind === "consumer" ? "messaging" : "call" }, parent.kind === "client" ? parent : span);
      }
      const system = span.attributes["db.system.name"];
      const outside = system ?? (/\./.test(span.attributes["server.address"] ?? "") ? span.attributes["server.address"] : null);
      if (span.kind === "client" && !parents.has(span.span_id) && outside) {
        const kind = system ? "database" : "external";
        add(nodes, `${kind}:${outside}`, { id: `${kind}:${outside}`, name: outside, kind }, span);
        add(edges, `${span.service_name}\u0000${kind}:${outside}`, { source: span.service_name, target: `${kind}:${outside}`, kind }, span);
      }
    }
  }
  const figures = ({ durations, ...rest }) => {
    durations.sort((a, b) => a - b);
    return { ...rest, requests: durations.length, p50: quantile(durations, 0.5), p95: quantile(durations, 0.95), rate: durations.length / seconds };
  };
  return { nodes: [...nodes.values()].map(figures), edges: [...edges.values()].map(figures), start: String(start), end: String(end), stats: STATS };
}

/** Layers of services that call two or three of the next layer, with databases below. */
export function largeMap(count) {
  const random = randomFrom(5);
  const figures = () => {
    const requests = Math.round(10 ** random.between(1, 5));
    return { requests, errors: random.chance(0.2) ? Math.round(requests * random.between(0, 0.2)) : 0, p50: String(Math.round(10 ** random.between(5.5, 7.5))), p95: String(Math.round(10 ** random.between(7, 9))), rate: requests / 3600 };
  };
  const width = Math.ceil(count / 8);
  const nodes = Array.from({ length: count }, (_, index) => ({ id: `svc-${index}`, name: `service-${String(index).padStart(3, "0")}`, kind: index >= count - width ? "database" : "service", ...figures() }));
  const edges = nodes.flatMap((node, index) => Array.from({ length: random.whole(1, 2) }, () => {
    const target = (Math.floor(index / width) + 1) * width + random.whole(0, width - 1);
    return target < count ? { source: node.id, target: `svc-${target}`, kind: target >= count - width ? "database" : "call", ...figures() } : null;
  })).filter((edge, index, all) => edge && all.findIndex((other) => other?.source === edge.source && other.target === edge.target) === index);
  const now = BigInt(Date.now()) * 1_000_000n;
  return { nodes, edges, start: String(now - 3_600_000_000_000n), end: String(now), stats: STATS };
}
