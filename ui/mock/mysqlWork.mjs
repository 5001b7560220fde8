// Owns what threads of the mock's servers are doing at a moment: running statements, and lock waits three deep that grow
// for a minute, end, and begin anew under another blocker.
import { FAILING, HEALTHY } from "./store.mjs";

const STATEMENTS = [
  ["app", "SELECT `o` . `id` , `o` . `total` , `u` . `email` FROM `orders` `o` JOIN `users` `u` ON `u` . `id` = `o` . `user_id` WHERE `o` . `status` = ? ORDER BY `o` . `created` DESC LIMIT ?", "Sending data", "shop", 42_000, "d3a1"],
  ["app", "SELECT `name` , `price` FROM `products` WHERE `id` = ?", "statistics", "shop", 1, "7be0"],
  ["report", "SELECT `country` , COUNT ( * ) , SUM ( `total` ) FROM `orders` JOIN `users` ON `users` . `id` = `orders` . `user_id` GROUP BY `country`", "Creating sort index", "shop", 1_840_000, "91c4"],
  ["app", "UPDATE `carts` SET `updated` = NOW ( ) WHERE `id` = ?", "updating", "shop", 1, "40aa"],
  ["etl", "INSERT INTO `events_archive` SELECT * FROM `events` WHERE `created` < ?", "executing", "audit", 910_000, "e602"],
];

function statement(ms, thread, [user, text, status, schema, rows, digest], more = {}) {
  return { thread, user, host: `10.0.3.${thread % 40}`, schema, command: "Query", state: status, text, digest: `${digest}77c1b2${digest}`, duration_ns: 4_000_000, lock_time_ns: 18_000, rows_examined: rows, rows_sent: Math.min(rows, 200), trace_id: null, span_id: null, transaction_started: null, ...more };
}

const iso = (ms) => new Date(ms).toISOString();

export function statementsAt(server, ms) {
  if (server.noSchema) return server.flavor === "mariadb" ? [statement(ms, 311, STATEMENTS[1], { digest: "", rows_examined: 0, duration_ns: 2_100_000 })] : [];
  const count = server.locks ? 5 : 2;
  const plain = STATEMENTS.slice(0, count).map((one, place) => {
    const since = [2700, 12, 18_400, 3, 41_000][place];
    const age = since + (ms % 60_000) * (since > 1000 ? 0.1 : 0.0001);
    return statement(ms, 8300 + place * 17, one, { duration_ns: Math.round(age * 1e6), trace_id: place % 2 === 0 && place < 4 ? HEALTHY : null, span_id: place % 2 === 0 && place < 4 ? "eee19b7ec3c1b174" : null, transaction_started: place > 2 ? iso(ms - age - 500) : null });
  });
  return server.locks ? [...plain, ...waitingStatements(locksAt(server, ms))].sort((a, b) => b.duration_ns - a.duration_ns) : plain;
}

const waitingStatements = (locks) => [...new Map(locks.map((one) => [one.waiting.thread, one.waiting])).values()];

const UPDATE_STOCK = ["app", "UPDATE `stock` SET `left` = `left` - ? WHERE `product_id` = ?", "updating", "shop", 1, "5c2e"];
const PAY = ["app", "UPDATE `orders` SET `status` = ? WHERE `id` = ?", "updating", "shop", 1, "b871"];
const ALTER = ["admin", "ALTER TABLE `orders` ADD COLUMN `note` TEXT", "Waiting for table metadata lock", "shop", 0, "aa10"];

/** Edges: [waiting thread, blocking thread, from second of the minute, object, index, mode, statement, kind]. */
const EDGES = [
  [8140, 8123, 2, "shop.stock", "PRIMARY", "X,REC_NOT_GAP", UPDATE_STOCK, "row"],
  [8155, 8123, 5, "shop.stock", "PRIMARY", "X,REC_NOT_GAP", UPDATE_STOCK, "row"],
  [8171, 8140, 9, "shop.orders", "PRIMARY", "X,REC_NOT_GAP", PAY, "row"],
  [8188, 8140, 14, "shop.orders", "PRIMARY", "X,REC_NOT_GAP", PAY, "row"],
  [8192, 8171, 21, "shop.payments", "idx_payments_order", "X,GAP,INSERT_INTENTION", ["app", "INSERT INTO `payments` ( `order_id` , `amount` ) VALUES (...)", "update", "shop", 0, "f00d"], "row"],
  [8201, 8171, 28, "shop.orders", "", "EXCLUSIVE", ALTER, "metadata"],
];

export function locksAt(server, ms) {
  if (!server.locks) return [];
  const round = Math.floor(ms / 60_000);
  const second = (ms % 60_000) / 1000;
  const shift = (round % 7) * 100;
  const begun = ms - second * 1000 - 31_000;
  const blocker = statement(ms, 8123 + shift, ["app", "", "", "shop", 0, ""], { command: "Sleep", digest: "", duration_ns: Math.round((second + 29) * 1e9), trace_id: FAILING, span_id: null, transaction_started: iso(begun), rows_sent: 0 });
  const open = EDGES.filter(([, , from]) => second >= from - 2);
  const byThread = new Map([[8123, blocker]]);
  for (const [thread, , from, , , , text] of open) {
    const waited = second - from + 3;
    byThread.set(thread, statement(ms, thread + shift, text, { duration_ns: Math.round((waited + 0.004) * 1e9), trace_id: thread === 8201 ? null : HEALTHY, span_id: thread === 8201 ? null : "eee19b7ec3c1b174", transaction_started: iso(ms - waited * 1000 - 800) }));
  }
  return open.map(([thread, by, from, object, index, mode, , kind]) => ({ waiting: byThread.get(thread), blocking: byThread.get(by), object, index, mode, kind, wait_ns: Math.round((second - from + 3) * 1e9) }));
}

export const waitsAt = (server, ms) => new Set(locksAt(server, ms).map((one) => one.waiting.thread)).size;
