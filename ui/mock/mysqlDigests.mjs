// Owns the mock's statement digests: how often each runs and how long, their plans as real servers write them, samples,
// services and traces that send them. One of them got a worse plan 47 minutes ago.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FAILING, HEALTHY } from "./store.mjs";

const PLANS = JSON.parse(readFileSync(fileURLToPath(new URL("../src/model/fixtures/plans.json", import.meta.url)), "utf8"));
PLANS.byKey = { query_block: { select_id: 1, cost_info: { query_cost: "1.00" }, table: { table_name: "products", access_type: "const", possible_keys: ["PRIMARY"], key: "PRIMARY", key_length: "4", rows_examined_per_scan: 1, rows_produced_per_join: 1, filtered: "100.00", cost_info: { read_cost: "0.00", eval_cost: "0.10", prefix_cost: "0.00" } } } };
const START = Date.now();
export const PLAN_CHANGED_MS = START - 47 * 60_000;

/** Digest, schema, text, calls a second, milliseconds a call, rows examined a call, rows sent, errors a thousand, plan, no index. */
const DIGESTS = [
  ["d3a177c1b2d3a1", "shop", "SELECT `o` . `id` , `o` . `total` , `u` . `email` FROM `orders` `o` JOIN `users` `u` ON `u` . `id` = `o` . `user_id` WHERE `o` . `status` = ? ORDER BY `o` . `created` DESC LIMIT ?", 21, 2.4, 60, 20, 0, "changed", 0],
  ["7be077c1b27be0", "shop", "SELECT `name` , `price` FROM `products` WHERE `id` = ?", 2100, 0.9, 1, 1, 0, "byKey", 0],
  ["91c477c1b291c4", "shop", "SELECT `u` . `email` , COUNT ( * ) AS `n` , SUM ( `o` . `total` ) AS `t` FROM `orders` `o` JOIN `users` `u` ON `u` . `id` = `o` . `user_id` JOIN `order_items` `i` ON `i` . `order_id` = `o` . `id` WHERE `o` . `status` = ? AND `u` . `country` = ? GROUP BY `u` . `email` ORDER BY `t` DESC LIMIT ?", 0.6, 840, 1_840_000, 20, 0, "mysqlStepsJoin", 0],
  ["40aa77c1b240aa", "shop", "UPDATE `carts` SET `updated` = NOW ( ) WHERE `id` = ?", 310, 0.6, 1, 0, 0.2, "mysqlBlockUpdate", 0],
  ["b87177c1b2b871", "shop", "UPDATE `orders` SET `status` = ? WHERE `id` = ?", 95, 7.8, 1, 0, 4.1, "mysqlBlockUpdate", 0],
  ["5c2e77c1b25c2e", "shop", "UPDATE `stock` SET `left` = `left` - ? WHERE `product_id` = ?", 96, 11.2, 1, 0, 12.4, "mysqlBlockUpdate", 0],
  ["f00d77c1b2f00d", "shop", "INSERT INTO `payments` ( `order_id` , `amount` ) VALUES (...)", 94, 1.9, 0, 0, 0.6, null, 0],
  ["e60277c1b2e602", "audit", "INSERT INTO `events_archive` SELECT * FROM `events` WHERE `created` < ?", 0.02, 41_000, 910_000, 0, 0, "mysqlStepsHash", 1],
  ["1a2b77c1b21a2b", "audit", "SELECT * FROM `events` WHERE `actor` = ? OR JSON_EXTRACT ( `payload` , ? ) = ?", 3.1, 118, 96_000, 4, 0, "mysqlStepsHash", 1],
  ["c0de77c1b2c0de", "shop", "SELECT `id` , ( SELECT COUNT ( * ) FROM `order_items` `i` WHERE `i` . `order_id` = `o` . `id` ) FROM `orders` `o` WHERE `o` . `created` > NOW ( ) - INTERVAL ? DAY UNION SELECT `id` , `price` FROM `products` WHERE `price` < ?", 0.9, 96, 7656, 240, 0, "mysqlStepsUnion", 1],
  ["be9177c1b2be91", "", "BEGIN", 310, 0.03, 0, 0, 0, null, 0], ["c0m177c1b2c0m1", "", "COMMIT", 306, 1.4, 0, 0, 0, null, 0],
  ["5e5577c1b25e55", "sessions", "REPLACE INTO `sessions` VALUES (...)", 180, 0.9, 0, 0, 0, null, 0],
  ["d00r77c1b2d00r", "sessions", "DELETE FROM `sessions` WHERE `expires` < ?", 0.2, 380, 51_000, 0, 0, "mysqlStepsUpdate", 1],
];

const wave = (ms, seed) => 1 + 0.24 * Math.sin(ms / 480_000 + seed) + 0.1 * Math.sin(ms / 73_000 + seed * 3);
const factorOf = (server) => (server.locks ? 1 : server.load / 4200);
const callsAt = (one, server, ms, place) => one[3] * factorOf(server) * wave(ms, place);
const nsAt = (one, ms) => one[4] * 1e6 * (one[8] === "changed" && ms > PLAN_CHANGED_MS ? 34 : 1) * (1 + 0.1 * Math.sin(ms / 200_000));
const rowsAt = (one, ms) => one[5] * (one[8] === "changed" && ms > PLAN_CHANGED_MS ? 700 : 1);

function partsOf(one, server, startMs, endMs, count, place) {
  const step = (endMs - startMs) / count;
  return Array.from({ length: count }, (_, index) => {
    const ms = startMs + (index + 0.5) * step;
    const calls = callsAt(one, server, ms, place) * (step / 1000);
    return { ms, calls, ns: calls * nsAt(one, ms), rows: calls * rowsAt(one, ms), errors: (calls * one[7]) / 1000 };
  });
}

function digestOf(one, server, startMs, endMs, place) {
  const parts = partsOf(one, server, startMs, endMs, 30, place);
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  const [calls, total] = [Math.max(1, Math.round(sum("calls"))), Math.round(sum("ns"))];
  const avg = Math.round(total / calls);
  const hasHistogram = !server.version.startsWith("5.");
  return {
    server: server.name, digest: one[0], schema: one[1], text: one[2], calls, errors: Math.round(sum("errors")), total_time_ns: total, avg_ns: avg, p95_ns: hasHistogram ? Math.round(avg * 2.6) : null, p99_ns: hasHistogram ? Math.round(avg * 4.4) : null, max_ns: avg * 31,
    lock_time_ns: Math.round(total * (one[2].startsWith("UPDATE") ? 0.41 : 0.01)), rows_examined: Math.round(sum("rows")), rows_sent: Math.round(one[6] * calls), rows_affected: /^(UPDATE|INSERT|REPLACE|DELETE)/.test(one[2]) ? calls : 0, tmp_disk_tables: one[9] ? Math.round(calls / 3) : 0,
    no_index_used: one[9] ? calls : 0, first_seen: new Date(START - 12 * 86_400_000).toISOString(), last_seen: new Date(endMs - (place * 400) % 9000).toISOString(), sparkline: parts.map((part) => Math.round(part.ns)),
  };
}

const SORTS = { total_time: (one) => one.total_time_ns, p95: (one) => one.p95_ns ?? -1, calls: (one) => one.calls, rows_examined: (one) => one.rows_examined, errors: (one) => one.errors };

export function digestList(server, search, startMs, endMs) {
  const text = (search.get("text") ?? "").toLowerCase();
  const schema = search.get("schema");
  const key = SORTS[search.get("sort") ?? "total_time"] ?? SORTS.total_time;
  const all = server.noSchema ? [] : DIGESTS.map((one, place) => digestOf(one, server, startMs, endMs, place));
  return all.filter((one) => (!schema || one.schema === schema) && (text === "" || one.text.toLowerCase().includes(text))).sort((a, b) => key(b) - key(a)).slice(0, Number(search.get("limit") ?? 50));
}

const WORSE = {
  query_plan: { limit: 20, operation: "Limit: 20 row(s)", access_type: "limit", inputs: [{ operation: "Sort: o.created DESC, limit input to 20 row(s) per chunk", access_type: "sort", sort_fields: ["o.created DESC"], estimated_total_cost: 9120.4, estimated_rows: 20, inputs: [{ operation: "Nested loop inner join", access_type: "join", join_algorithm: "nested_loop", estimated_rows: 14_310, estimated_total_cost: 8730.1, inputs: [
    { operation: "Filter: (o.`status` = 'paid')", access_type: "filter", condition: "(o.`status` = 'paid')", estimated_rows: 14_310, estimated_total_cost: 4281, inputs: [{ operation: "Table scan on o", alias: "o", table_name: "orders", access_type: "table", estimated_rows: 42_116, estimated_total_cost: 4281 }] },
    { operation: "Single-row index lookup on u using PRIMARY (id = o.user_id)", alias: "u", table_name: "users", access_type: "index", index_access_type: "index_lookup", index_name: "PRIMARY", lookup_condition: "id = o.user_id", estimated_rows: 1, estimated_total_cost: 0.31 }] }] }] }, json_schema_version: "2.0", query_type: "select",
};
const BETTER = {
  query_plan: { limit: 20, operation: "Limit: 20 row(s)", access_type: "limit", inputs: [{ operation: "Nested loop inner join", access_type: "join", join_algorithm: "nested_loop", estimated_rows: 20, estimated_total_cost: 31.6, inputs: [
    { operation: "Index lookup on o using idx_orders_status_created (status = 'paid') (reverse)", alias: "o", table_name: "orders", access_type: "index", index_access_type: "index_lookup", index_name: "idx_orders_status_created", lookup_condition: "status = 'paid'", estimated_rows: 20, estimated_total_cost: 22.4 },
    { operation: "Single-row index lookup on u using PRIMARY (id = o.user_id)", alias: "u", table_name: "users", access_type: "index", index_access_type: "index_lookup", index_name: "PRIMARY", lookup_condition: "id = o.user_id", estimated_rows: 1, estimated_total_cost: 0.31 }] }] }, json_schema_version: "2.0", query_type: "select",
};

function plansOf(one, server, nowMs) {
  const plan = (hash, from, to, value) => ({ plan_hash: hash, first_seen: new Date(from).toISOString(), last_seen: new Date(to).toISOString(), plan: value, sample: one[2] });
  if (one[8] === "changed") return [plan("9f21c0", PLAN_CHANGED_MS, nowMs - 21_000, WORSE), plan("41d77e", START - 12 * 86_400_000, PLAN_CHANGED_MS, BETTER)];
  return one[8] === null ? [] : [plan("77aa01", START - 6 * 86_400_000, nowMs - 40_000, server.flavor === "mariadb" ? PLANS.mariaJoin : PLANS[one[8]])];
}

const samplesOf = (one, nowMs) => Array.from({ length: 8 }, (_, place) => ({
  time: new Date(nowMs - 9000 - place * 47_000).toISOString(), text: one[2], duration_ns: Math.round(nsAt(one, nowMs) * (0.6 + ((place * 37) % 29) / 10)), rows_examined: Math.round(rowsAt(one, nowMs)),
  trace_id: place % 3 === 2 ? null : place % 2 ? FAILING : HEALTHY, span_id: place % 3 === 2 ? null : "eee19b7ec3c1b174", source: place % 4 === 3 ? "slow_log" : "current",
}));

export function digestDetail(server, digest, startMs, endMs) {
  const place = DIGESTS.findIndex(([name]) => name === digest);
  if (place < 0 || server.noSchema) return null;
  const one = DIGESTS[place];
  const summary = digestOf(one, server, startMs, endMs, place);
  const points = partsOf(one, server, startMs, endMs, 120, place).map((part) => ({ time: new Date(part.ms).toISOString(), calls: Math.round(part.calls), total_time_ns: Math.round(part.ns), errors: Math.round(part.errors), rows_examined: Math.round(part.rows) }));
  const joined = (name, share) => ({ service_name: name, spans: Math.round(summary.calls * share), traces: Math.round(summary.calls * share * 0.8), total_time_ns: Math.round(summary.total_time_ns * share) });
  const traces = [FAILING, HEALTHY, FAILING].map((id, index) => ({ trace_id: id, span_id: "eee19b7ec3c1b174", service_name: index === 1 ? "catalog" : "checkout", name: "SELECT shop.orders", start: new Date(endMs - 31_000 - index * 66_000).toISOString(), duration_ns: Math.round(nsAt(one, endMs) * (1.4 - index * 0.3)), joined_by: index === 2 ? "digest" : "context" }));
  return { digest: summary, points, plans: plansOf(one, server, endMs), samples: samplesOf(one, endMs), services: [joined("checkout", 0.62), joined("catalog", 0.31), joined("frontend", 0.05)], traces };
}

/** What the server did for a database span of the store. */
export function spanDetail(server, span, locks, nowMs) {
  const none = { server: null, joined_by: "none", digest: null, plan: null, samples: [], waits: [], blocker: null };
  if (!span || span.attributes["db.system.name"] !== "mysql") return none;
  // The slowest of a checkout's seven waited for a lock.
  const isBlocked = Number(span.duration) > 10e6;
  const one = DIGESTS[1];
  const detail = digestDetail(server, one[0], nowMs - 3_600_000, nowMs);
  const base = { server: server.name, joined_by: isBlocked ? "context" : "digest", digest: detail.digest, plan: detail.plans[0]?.plan ?? null, samples: detail.samples.slice(0, 2), waits: [], blocker: null };
  if (!isBlocked) return base;
  const duration = Number(span.duration);
  const waits = [["wait/lock/row/innodb", 0.86], ["wait/io/table/sql/handler", 0.08], ["wait/io/file/innodb/innodb_log_file", 0.03]].map(([name, share]) => ({ event: name, duration_ns: Math.round(duration * share) }));
  return { ...base, waits, blocker: locks[0] ? { statement: locks[0].blocking, trace_id: HEALTHY, span_id: "eee19b7ec3c1b174", object: "shop.stock" } : null };
}
