// Owns the series behind the mock's Prometheus routes: each metric of metrics.mjs as waves that depend on the time alone,
// under its translated name. Counters and histograms are known by their rate, so that no history has to be kept.
import { hostMetrics } from "./hosts.mjs";
import { LIST, seriesOf } from "./metrics.mjs";
import { resourceOf } from "./spans.mjs";
import { FAILING, HEALTHY } from "./store.mjs";

const UNITS = { s: "seconds", ms: "milliseconds", By: "bytes", "%": "percent" };
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const plain = (name) => name.replace(/[^a-zA-Z0-9_]/g, "_");

export function promName(name, type, unit, isMonotonic) {
  const suffix = UNITS[unit] ?? (unit === "1" && type === "gauge" ? "ratio" : /^[A-Z]{3}$/.test(unit) ? unit : "");
  return plain(name) + (suffix ? `_${suffix}` : "") + (type === "sum" && isMonotonic ? "_total" : "");
}

/** Slower than the waves of single points: a rate over minutes shows no seconds. */
function waveOf(ms, index) {
  return 1 + 0.32 * Math.sin(ms / 300_000 + index) + 0.12 * Math.sin(ms / 71_000 + index * 2.1) + 0.05 * Math.sin(ms / 23_000 + index * 7) + 0.03 * Math.sin(ms / 9_000_000 + index);
}

function labelsOf(labels) {
  const { "service.name": service, ...rest } = labels;
  return { instance: `${service}-7d9f`, job: `shop/${service}`, ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [plain(key), value])) };
}

const OPERATIONS = ["select", "insert", "update", "delete"];
/** Of the server itself and of the MySQL poller, which only boards ask for: name, type, unit, label, its values, scale. */
const MORE = [
  ["spanlake_accepted_total", "counter", "{item}", "signal", ["traces", "metrics", "logs"], 900], ["spanlake_log_written_bytes_total", "counter", "By", null, [""], 240e3], ["spanlake_seal_written_bytes_total", "counter", "By", null, [""], 61e3],
  ["spanlake_seal_rows_total", "counter", "{row}", null, [""], 1400], ["spanlake_seal_failures_total", "counter", "{seal}", null, [""], 0], ["spanlake_unsealed_rows", "gauge", "{row}", null, [""], 42e3],
  ["spanlake_unsealed_size_bytes", "gauge", "By", null, [""], 21e6], ["spanlake_log_disk_bytes", "gauge", "By", null, [""], 67e6], ["spanlake_in_flight_size_bytes", "gauge", "By", null, [""], 80e3],
  ["mysql_up", "gauge", "1", null, [""], null], ["mysql_query_count_total", "counter", "1", null, [""], 1200], ["mysql_query_slow_count_total", "counter", "1", null, [""], 0.04], ["mysql_threads", "updown", "1", "kind", ["connected", "running", "cached", "created"], 34],
  ["mysql_buffer_pool_usage_bytes", "updown", "By", "status", ["clean", "dirty"], 52e6], ["mysql_buffer_pool_limit_bytes", "updown", "By", null, [""], 134e6], ["mysql_commands_total", "counter", "1", "command", OPERATIONS, 700],
  ["mysql_row_operations_total", "counter", "1", "operation", ["read", "inserted", "updated", "deleted"], 9000], ["mysql_client_network_io_bytes_total", "counter", "By", "kind", ["sent", "received"], 2.1e6], ["mysql_buffer_pool_operations_total", "counter", "1", "operation", ["read_requests", "reads"], 12000],
  ["mysql_row_locks_total", "counter", "1", "kind", ["waits", "time"], 2], ["mysql_tmp_resources_total", "counter", "1", "resource", ["tables", "disk_tables"], 9], ["mysql_connection_errors_total", "counter", "1", "error", ["aborted", "aborted_clients"], 0.03],
  ["mysql_replica_time_behind_source_seconds", "gauge", "s", null, [""], 12],
];
/** The servers of mysqlServers.mjs that answer, with their share of the load. */
const MYSQL = [["db-1", 1], ["db-2", 0.45], ["db-3", 0.42], ["db-4", 0.08], ["legacy-maria", 0.06], ["reports", 0.02]];

function moreMetrics() {
  return MORE.map(([name, type, unit, label, values, scale]) => {
    const isMysql = name.startsWith("mysql");
    const share = (index) => (name === "mysql_buffer_pool_operations_total" && index === 1 ? 0.012 : 1 / (1 + index * 1.7));
    const level = (index) => (ms) => (scale === null ? (Math.floor(ms / 300_000) % 13 === 4 ? 0 : 1) : scale * share(index) * waveOf(ms, index));
    const from = isMysql ? MYSQL.map(([instance, part]) => [{ instance, job: "mysql" }, { mysql_instance_endpoint: `${instance}:${instance === "legacy-maria" ? 3307 : 3306}`, service_name: "mysql" }, scale === null ? 1 : part]) : [[{ instance: "spanlake-1", job: "spanlake" }, { service_name: "spanlake" }, 1]];
    const one = (value, index, [own, hidden, part], place) => ({ labels: { ...own, ...(label ? { [label]: value } : {}) }, hidden, level: (ms) => part * level(index)(ms + place * 171_000), perSecond: () => 1, index });
    return { name, type, unit, help: "", series: values.flatMap((value, index) => from.map((server, place) => one(value, index, server, place))) };
  });
}

/** Every metric: its name, what it is, and its series, each with labels, the resource's hidden labels and a wave. */
export function allMetrics() {
  return [...moreMetrics(), ...hostMetrics(waveOf), ...LIST.map((entry) => {
    const [name, type, unit, help, shown, , , scale] = entry;
    const isMonotonic = shown === "rate";
    const all = seriesOf(entry);
    const series = all.map((labels, index) => ({ labels: labelsOf(labels), hidden: { service_name: labels["service.name"], service_version: "2.4.1", service_instance_id: resourceOf(labels["service.name"] ?? "")["service.instance.id"] }, level: (ms) => scale * waveOf(ms, index) * (1 - index / (all.length + 3)), perSecond: (ms) => (9 * waveOf(ms + 7e5, index + 3)) / (index + 1), index }));
    return { name: promName(name, type, unit, isMonotonic), type: type === "sum" ? (isMonotonic ? "counter" : "gauge") : type, unit, help, series };
  })];
}

const standard = (z) => 1 / (1 + Math.exp(-1.702 * z));

/** A second's worth of a histogram: durations spread round the series' level, a slow hump once in a while. */
export function histogramAt(series, ms, factor = 1) {
  const middle = Math.log(Math.max(series.level(ms), 1e-9));
  const scale = series.level(0) > 5 ? 400 : 1;
  const slow = Math.floor(ms / 600_000) % 3 === 0 ? 0.12 : 0.02;
  const below = (bound) => (1 - slow) * standard((Math.log(bound) - middle) / 0.7) + slow * standard((Math.log(bound) - middle - 2.4) / 0.3);
  const count = series.perSecond(ms) * factor;
  const bounds = BOUNDS.map((bound) => bound * scale);
  const buckets = bounds.map((bound, place) => [place === 0 ? 0 : bounds[place - 1], bound, count * (below(bound) - (place === 0 ? 0 : below(bounds[place - 1])))]);
  buckets.push([bounds.at(-1), Infinity, count * (1 - below(bounds.at(-1)))]);
  return { count, sum: count * Math.exp(middle) * 1.28, buckets };
}

export function addHistograms(a, b) {
  const buckets = new Map([...a.buckets, ...b.buckets].map(([low, high]) => [`${low} ${high}`, [low, high, 0]]));
  for (const [low, high, count] of [...a.buckets, ...b.buckets]) buckets.get(`${low} ${high}`)[2] += count;
  return { count: a.count + b.count, sum: a.sum + b.sum, buckets: [...buckets.values()].sort((one, other) => one[1] - other[1]) };
}

export function quantileOf(histogram, q) {
  if (histogram.count <= 0) return NaN;
  let seen = 0;
  for (const [low, high, count] of histogram.buckets) {
    if (seen + count >= q * histogram.count) return high === Infinity ? low : low + ((high - low) * (q * histogram.count - seen)) / Math.max(count, 1e-12);
    seen += count;
  }
  return histogram.buckets.at(-1)[0];
}

/** Some exemplars of a histogram between two moments, leading to traces of the store. */
export function exemplarsOf(series, startMs, endMs) {
  const step = Math.max((endMs - startMs) / 14, 1000);
  return Array.from({ length: 14 }, (_, index) => {
    const at = startMs + index * step + (series.index * step) / 3;
    return { labels: { trace_id: index % 3 === 0 ? FAILING : HEALTHY, span_id: "eee19b7ec3c1b174" }, value: String(quantileOf(histogramAt(series, at), 0.4 + ((index * 37) % 58) / 100)), timestamp: at / 1000 };
  });
}
