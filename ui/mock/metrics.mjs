// Owns metric names and series, as waves that depend on the time alone.
export const LIST = [
  ["http.server.request.duration", "histogram", "s", "Duration of HTTP server requests.", "mean", ["frontend", "cart", "shipping"], [["http.route", ["/", "/cart", "/checkout", "/product/{id}"]], ["http.request.method", ["GET", "POST"]]], 0.08],
  ["http.server.active_requests", "sum", "{request}", "Number of active HTTP server requests.", "value", ["frontend"], [["http.request.method", ["GET", "POST"]]], 24],
  ["rpc.server.call.duration", "histogram", "s", "Duration of an incoming RPC.", "mean", ["checkout", "catalog", "payment"], [["rpc.method", ["PlaceOrder", "GetProduct", "Charge"]]], 0.03],
  ["app.orders.placed", "sum", "{order}", "Orders that went through.", "rate", ["checkout"], [["app.payment.card_type", ["visa", "mastercard", "amex"]]], 12],
  ["app.payment.amount", "histogram", "EUR", "Amount of each payment.", "mean", ["payment"], [["currency", ["EUR", "USD"]]], 80],
  ["process.cpu.utilization", "gauge", "1", "Share of CPU used by the process.", "value", ["frontend", "cart", "checkout", "payment", "catalog"], [], 0.4],
  ["process.memory.usage", "sum", "By", "Physical memory in use.", "value", ["frontend", "cart", "checkout", "payment", "catalog"], [], 240e6],
  ["jvm.gc.duration", "histogram", "s", "Duration of JVM garbage collection.", "mean", ["ads"], [["jvm.gc.name", ["G1 Young Generation", "G1 Old Generation"]]], 0.006],
  ["db.client.connection.count", "sum", "{connection}", "Connections in each state.", "value", ["catalog"], [["db.client.connection.state", ["idle", "used"]]], 9],
  ["kafka.consumer.records_lag", "gauge", "{record}", "Records not yet read.", "value", ["email"], [["partition", ["0", "1", "2", "3", "4", "5"]]], 130],
  ["system.network.io", "sum", "By", "Bytes sent and received.", "rate", ["host"], [["network.io.direction", ["receive", "transmit"]]], 4e6],
];

function combinations(dimensions) {
  return dimensions.reduce((all, [key, values]) => all.flatMap((labels) => values.map((value) => ({ ...labels, [key]: value }))), [{}]);
}

export function seriesOf(entry) {
  return entry[5].flatMap((service) => combinations(entry[6]).map((labels) => ({ "service.name": service, ...labels })));
}

/** Round 1, by the time and the number of the series alone. */
export function waveOf(at, index) {
  return 1 + 0.35 * Math.sin(at / 300_000 + index) + 0.15 * Math.sin(at / 47_000 + index * 2.1) + 0.08 * Math.sin(at / 3100 + index * 7);
}

export function metricList() {
  return LIST.map((entry) => ({ name: entry[0], type: entry[1], temporality: entry[1] === "gauge" ? null : "cumulative", is_monotonic: entry[1] === "sum" ? entry[4] === "rate" : null, unit: entry[2], description: entry[3], series: seriesOf(entry).length, services: entry[5] }));
}

export function metricSeries(name, startNs, endNs, maxPoints, maxSeries) {
  const entry = LIST.find((candidate) => candidate[0] === name);
  if (!entry) return null;
  const [startMs, endMs] = [Number(startNs) / 1e6, Number(endNs) / 1e6];
  const stepMs = Math.max(1000, Math.ceil((endMs - startMs) / Math.max(10, maxPoints) / 1000) * 1000);
  const all = seriesOf(entry);
  const series = all.slice(0, maxSeries).map((labels, index) => {
    const points = [];
    for (let at = Math.ceil(startMs / stepMs) * stepMs; at <= endMs; at += stepMs) {
      const gap = index === 1 && Math.floor(at / 240_000) % 7 === 3;
      points.push([at, gap ? null : entry[7] * waveOf(at, index) * (1 - index / (all.length + 3))]);
    }
    return { labels, points };
  });
  const info = metricList().find((metric) => metric.name === name);
  return { name, type: info.type, unit: info.unit, temporality: info.temporality, is_monotonic: info.is_monotonic, step: String(stepMs * 1e6), total_series: all.length, shown_as: entry[4], series };
}
