// Owns what the page is measured on: traces of a given size and series of a metric, sent as OTLP JSON to a server.
// Never measures. The same on every run but for the clock, which the newest trace follows.
import { randomFrom } from "../mock/random.mjs";

const SERVICES = ["frontend", "checkout", "catalog", "cart", "payment", "shipping", "recommend", "ads"];
const OPERATIONS = ["GET /cart", "POST /order", "SELECT items", "INSERT order", "GET cache", "validate", "publish", "shop.Catalog/List"];
const SPANS_A_REQUEST = 5000;

const hex = (number, digits) => number.toString(16).padStart(digits, "0");
const text = (key, value) => ({ key, value: { stringValue: value } });

/** The id of the trace of so many spans. */
export const traceIdOf = (spans) => `be${hex(spans, 30)}`;

async function post(otlp, path, body) {
  for (let tries = 0; ; tries++) {
    const response = await fetch(otlp + path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (response.ok) return;
    if (response.status !== 503 || tries > 50) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** A tree of ten children a span, cut off at `count`; a child lies within its parent, its siblings one after another. */
export function* spansOf(count, startNs) {
  const random = randomFrom(count);
  const starts = new Float64Array(count);
  const durations = new Float64Array(count);
  durations[0] = 60e9;
  for (let index = 0; index < count; index++) {
    const parent = index === 0 ? -1 : Math.floor((index - 1) / 10);
    if (parent !== -1) {
      const slot = durations[parent] / 10;
      starts[index] = starts[parent] + ((index - 1) % 10) * slot;
      durations[index] = Math.max(1, Math.floor(slot * random.between(0.3, 0.98)));
    }
    const start = startNs + BigInt(Math.round(starts[index]));
    yield {
      service: index === 0 ? `bench-${count}` : random.pick(SERVICES),
      span: {
        traceId: traceIdOf(count), spanId: hex(index + 1, 16), parentSpanId: parent === -1 ? "" : hex(parent + 1, 16),
        name: index === 0 ? `trace of ${count}` : `${random.pick(OPERATIONS)}${index % 7 === 0 ? ` ${index % 1000}` : ""}`, kind: 2,
        startTimeUnixNano: String(start), endTimeUnixNano: String(start + BigInt(Math.round(durations[index]))),
        attributes: [text("http.route", "/api/items"), text("db.query.text", "select * from items where id = ?")],
        status: random.chance(0.005) ? { code: 2, message: "bad item" } : {},
      },
    };
  }
}

export async function sendTrace(otlp, count) {
  const startNs = BigInt(Date.now() - 70_000) * 1_000_000n;
  let byService = new Map();
  let waiting = 0;
  const flush = async () => {
    const resourceSpans = [...byService].map(([service, spans]) => ({ resource: { attributes: [text("service.name", service)] }, scopeSpans: [{ spans }] }));
    byService = new Map();
    waiting = 0;
    await post(otlp, "/v1/traces", JSON.stringify({ resourceSpans }));
  };
  for (const { service, span } of spansOf(count, startNs)) {
    const spans = byService.get(service) ?? [];
    byService.set(service, spans);
    spans.push(span);
    if (++waiting === SPANS_A_REQUEST) await flush();
  }
  if (waiting > 0) await flush();
}

/** A gauge of `series` lines with a point each `stepMs` up to now. */
export async function sendGauge(otlp, name, series, points, stepMs) {
  const random = randomFrom(series);
  const now = Date.now();
  for (let from = 0; from < series; from += 10) {
    const resourceMetrics = [];
    for (let index = from; index < Math.min(series, from + 10); index++) {
      let value = random.between(20, 80);
      const dataPoints = [];
      for (let point = points - 1; point >= 0; point--) {
        value += random.between(-2, 2);
        dataPoints.push({ timeUnixNano: String(BigInt(now - point * stepMs) * 1_000_000n), asDouble: value, attributes: [text("line", `line-${index}`)] });
      }
      resourceMetrics.push({ resource: { attributes: [text("service.name", "bench-metrics")] }, scopeMetrics: [{ metrics: [{ name, unit: "%", gauge: { dataPoints } }] }] });
    }
    await post(otlp, "/v1/metrics", JSON.stringify({ resourceMetrics }));
  }
}

/** Log records and small traces, so that every page has something to show. */
export async function sendTraffic(otlp) {
  const random = randomFrom(5);
  const now = Date.now();
  const resourceSpans = SERVICES.map((service) => ({ resource: { attributes: [text("service.name", service)] }, scopeSpans: [{ spans: [] }] }));
  const resourceLogs = SERVICES.map((service) => ({ resource: { attributes: [text("service.name", service)] }, scopeLogs: [{ logRecords: [] }] }));
  for (let trace = 0; trace < 400; trace++) {
    const at = BigInt(now - trace * 8000) * 1_000_000n;
    const traceId = `aa${hex(trace, 30)}`;
    for (let depth = 0; depth < 6; depth++) {
      const service = depth === 0 ? 0 : random.whole(0, 7);
      const start = at + BigInt(depth * 2_000_000);
      resourceSpans[service].scopeSpans[0].spans.push({
        traceId, spanId: hex(trace * 10 + depth + 1, 16), parentSpanId: depth === 0 ? "" : hex(trace * 10 + depth, 16), name: random.pick(OPERATIONS), kind: depth % 2 === 0 ? 2 : 3,
        startTimeUnixNano: String(start), endTimeUnixNano: String(start + BigInt(Math.round(random.between(1e6, 80e6)))), attributes: [text("http.route", "/api/items")], status: random.chance(0.02) ? { code: 2 } : {},
      });
      resourceLogs[service].scopeLogs[0].logRecords.push({ timeUnixNano: String(start), severityNumber: random.chance(0.1) ? 17 : 9, body: { stringValue: `step ${depth} of order ${trace}` }, traceId, spanId: hex(trace * 10 + depth + 1, 16) });
    }
  }
  await post(otlp, "/v1/traces", JSON.stringify({ resourceSpans }));
  await post(otlp, "/v1/logs", JSON.stringify({ resourceLogs }));
}
