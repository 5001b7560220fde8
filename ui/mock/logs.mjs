// Owns log records that belong to no trace, beside those of the traces, and the list of all of them as SQL sees it.
import { randomFrom } from "./random.mjs";
import { resourceOf } from "./spans.mjs";

const LINES = [
  ["frontend", 9, "GET /product/{id} 200 in 12 ms", { "http.route": "/product/{id}" }], ["frontend", 9, "GET /cart 200 in 31 ms", { "http.route": "/cart" }],
  ["cart", 5, "redis pool: 4 of 16 connections in use", { pool: "carts" }], ["catalog", 9, "cache refreshed: 1,204 products", {}],
  ["checkout", 13, "retrying payment after 40 ms (attempt 2)", { attempt: 2 }], ["payment", 17, "issuer timeout: no answer within 250 ms", { "exception.type": "IssuerTimeout" }],
  ["ads", 1, "campaign 17 skipped: out of budget", {}], ["recommend", 9, '{"event":"ranked","candidates":120,"took_ms":55.1}', {}], ["email", 21, "mail spool is full, giving up", {}], ["currency", 0, "rates from the bank are 3 h old", {}],
];
/** Records that share one nanosecond, as sources with coarse clocks send them. */
export const SAME_MOMENT = 450;

export function looseLogs(now) {
  const random = randomFrom(1234);
  const logs = [];
  for (let index = 0; index < 1500; index++) {
    const [service, severity, body, attributes] = random.chance(0.75) ? LINES[random.whole(0, 3)] : random.pick(LINES);
    logs.push(looseLog(service, now - BigInt(Math.round(random.between(2, 3500) * 1e9)), severity, `${body}${index % 7 === 0 ? ` #${index}` : ""}`, attributes));
  }
  const moment = now - 1_800_000_000_000n;
  for (let index = 0; index < SAME_MOMENT; index++) logs.push(looseLog("batch", moment, 9, `import row ${String(index).padStart(3, "0")}`, {}));
  logs.push(looseLog("odd", now - 60_000_000_000n, 17, `<script>alert("log")</script><img src=x onerror=alert(1)>`, { "<b>key</b>": "\u202eright to left" }));
  logs.push(looseLog("odd", now - 61_000_000_000n, 13, `long ${"x".repeat(9000)}`, {}));
  return logs;
}

function looseLog(service, time, severity, body, attributes) {
  const text = ["", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"][Math.floor((severity + 3) / 4)];
  return { time: String(time), observed_time: String(time), received_time: String(time + 180_000_000n), severity_number: severity, severity_text: text, event_name: "", body, trace_id: null, span_id: null, service_name: service, attributes, resource_attributes: resourceOf(service), scope_name: "app" };
}

/** All records: of the traces, loose ones, and those that `state.say` has added since. */
export function allLogs(state) {
  if (state.empty) return [];
  const ofTraces = state.store.flatMap((trace) => trace.logs.map((log) => ({ received_time: String(BigInt(log.time) + 200_000_000n), ...log })));
  return [...ofTraces, ...state.looseLogs, ...state.saidLogs];
}

/** Adds a record as if it had just arrived, for tests of live pages; its source's clock may be ahead. */
export function sayLog(state, service, severity, body, aheadMs = 0) {
  const now = BigInt(Date.now()) * 1_000_000n;
  state.saidLogs.push({ ...looseLog(service, now + BigInt(aheadMs) * 1_000_000n, severity, body, {}), received_time: String(now) });
}
