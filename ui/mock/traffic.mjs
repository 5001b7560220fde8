// Owns an hour of ordinary traffic with one incident in it: many small traces, so that counts, heatmap and comparison
// have something to show. Between 25 and 18 minutes ago one region's writes to the cart were slow and often failed.
import { randomFrom } from "./random.mjs";
import { finish } from "./shop.mjs";
import { makeSpan } from "./spans.mjs";

const TRACES = 900;
const INCIDENT = { from: 1500, to: 1080, region: "ap-south-1", route: 4 };
const ROUTES = [
  ["GET /", 12, ["catalog", "ads"]], ["GET /product/{id}", 34, ["catalog"]], ["GET /product/{id}", 30, ["catalog"]],
  ["GET /cart", 22, ["cart"]], ["POST /cart", 60, ["cart", "payment"]], ["GET /search", 140, ["catalog"]],
];
const BACKENDS = {
  catalog: ["SELECT shop.products", { "db.system.name": "mysql", "db.namespace": "shop", "db.operation.name": "SELECT", "server.address": "db-1" }],
  cart: ["HGETALL", { "db.system.name": "redis", "db.operation.name": "HGETALL", "server.address": "redis-0" }],
  payment: ["POST https://issuer.example/charges", { "http.request.method": "POST", "server.address": "issuer.example", "http.response.status_code": 201 }],
};

export function traffic(now) {
  const random = randomFrom(2024);
  return Array.from({ length: TRACES }, (_, index) => {
    const ago = 45 + ((index + random.next()) / TRACES) * 3500;
    return request(random, now - BigInt(Math.round(ago * 1e9)), ago);
  });
}

function request(random, start, ago) {
  const traceId = random.hex(16);
  const isIncident = ago < INCIDENT.from && ago > INCIDENT.to && random.chance(0.3);
  const [route, usual, backends] = isIncident ? ROUTES[INCIDENT.route] : random.pick(ROUTES);
  const region = isIncident ? INCIDENT.region : random.pick(["eu-west-1", "eu-west-1", "us-east-1", "ap-south-1"]);
  const spread = Math.exp((random.next() + random.next() + random.next() - 1.5) * 1.6);
  const total = usual * spread * (isIncident ? random.between(18, 40) : 1) * 1e6;
  const failed = random.chance(isIncident ? 0.45 : 0.015);
  const [method, path] = route.split(" ");
  const status = failed ? random.pick([500, 502, 503]) : random.chance(0.04) ? 404 : 200;
  const attributes = { "http.request.method": method, "http.route": path, "http.response.status_code": status, "url.scheme": "https", "app.region": region, "app.flag.new_cart": isIncident || random.chance(0.2) ? "on" : "off", "user_agent.original": random.pick(["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0)", "shop-android/7.2"]) };
  const root = makeSpan(random, { traceId, service: "frontend", name: route, kind: "server", start, duration: total, error: failed && "upstream failed", attributes });
  const spans = [root];
  let from = 0.06;
  for (const service of backends) {
    const width = random.between(0.3, 0.42);
    const at = (share) => start + BigInt(Math.round(total * (from + share)));
    const culprit = failed && service === backends.at(-1);
    const call = makeSpan(random, { traceId, service: "frontend", parent: root.span_id, name: `call ${service}`, kind: "client", start: at(0), duration: total * width, error: culprit && "unavailable", attributes: { "rpc.system": "grpc", "server.address": service, "app.region": region } });
    const answer = makeSpan(random, { traceId, service, parent: call.span_id, name: `shop.${service}/Handle`, kind: "server", start: at(0.01), duration: total * width * 0.9, error: culprit && "unavailable", attributes: { "rpc.system": "grpc", "app.region": region } });
    spans.push(call, answer);
    const backend = BACKENDS[service];
    if (backend) spans.push(makeSpan(random, { traceId, service, parent: answer.span_id, name: backend[0], kind: "client", start: at(0.03), duration: total * width * 0.7, error: culprit && "timeout", attributes: backend[1] }));
    from += width + 0.02;
  }
  return finish(traceId, spans, []);
}
