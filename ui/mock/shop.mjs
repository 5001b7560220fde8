// Owns traces of an ordinary shop: what most screens show. Odd ones are in odd.mjs.
import { exceptionEvent, makeLog, makeSpan } from "./spans.mjs";

const STACK = `PaymentDeclinedError: card issuer refused the charge
    at ChargeService.capture (/app/src/charge.ts:88:13)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async PaymentController.charge (/app/src/controller.ts:41:20)
    at async Layer.handle (/app/node_modules/router/lib/layer.js:95:5)
    at async next (/app/node_modules/router/lib/route.js:149:13)
Caused by: IssuerTimeout: no answer within 250 ms
    at IssuerClient.request (/app/src/issuer.ts:132:9)`;

export function checkoutTrace(random, traceId, start, { fails, linkTo }) {
  const spans = [];
  const logs = [];
  const add = (service, name, parent, from, duration, more = {}) => {
    const span = makeSpan(random, {
      traceId, service, name, parent: parent?.span_id ?? null, duration: duration * 1e6,
      start: (parent ? BigInt(parent.start_time) : start) + BigInt(Math.round(from * 1e6)), ...more,
    });
    spans.push(span);
    return span;
  };
  const http = (method, route, status = 200) => ({ "http.request.method": method, "http.route": route, "http.response.status_code": status, "url.path": route, "url.scheme": "https", "server.address": "shop.example", "network.protocol.version": "2", "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)", "client.address": "203.0.113.9" });
  const grpc = (service, method) => ({ "rpc.system": "grpc", "rpc.service": service, "rpc.method": method, "rpc.grpc.status_code": 0 });
  const db = (text, operation) => ({ "db.system.name": "mysql", "db.namespace": "shop", "db.operation.name": operation, "db.query.text": text, "server.address": "db-1", "server.port": 3306 });
  const scale = random.between(0.8, 1.3);
  const ms = (value) => value * scale;

  const root = add("frontend", "POST /checkout", null, 0, ms(612), { kind: "server", attributes: http("POST", "/checkout", fails ? 502 : 200), error: fails && "upstream answered 502" });
  add("frontend", "middleware: session", root, ms(2), ms(9));
  const quote = add("frontend", "shop.CheckoutService/PlaceOrder", root, ms(14), ms(585), { kind: "client", attributes: grpc("shop.CheckoutService", "PlaceOrder"), error: fails && "payment failed" });
  const place = add("checkout", "shop.CheckoutService/PlaceOrder", quote, ms(3), ms(578), { kind: "server", attributes: { ...grpc("shop.CheckoutService", "PlaceOrder"), "app.user.id": "u-48213", "app.order.items": 7, "app.order.total": 214.5, "app.flags": ["beta", "eu"], "app.context": { region: "eu-west", retry: false } }, error: fails && "payment failed", dropped: 2 });
  const cartGet = add("checkout", "shop.CartService/GetCart", place, ms(4), ms(31), { kind: "client", attributes: grpc("shop.CartService", "GetCart") });
  const cart = add("cart", "shop.CartService/GetCart", cartGet, ms(2), ms(26), { kind: "server" });
  add("cart", "HGETALL", cart, ms(3), ms(4), { kind: "client", attributes: { "db.system.name": "redis", "db.query.text": "HGETALL cart:u-48213", "server.address": "redis-0" } });
  const prepare = add("checkout", "prepare order items", place, ms(40), ms(184));
  for (let item = 0; item < 7; item++) {
    const call = add("checkout", "shop.ProductCatalog/GetProduct", prepare, ms(2 + item * 24), ms(22), { kind: "client", attributes: grpc("shop.ProductCatalog", "GetProduct") });
    const product = add("catalog", "shop.ProductCatalog/GetProduct", call, ms(1.5), ms(18), { kind: "server", attributes: { "app.product.id": `P-${1000 + item * 7}` } });
    add("catalog", "SELECT shop.products", product, ms(2), ms(item === 4 ? 13.5 : 6.2), { kind: "client", attributes: db(`SELECT id, name, price, currency\nFROM products\nWHERE id = ?`, "SELECT") });
    const convert = add("checkout", "shop.Currency/Convert", prepare, ms(6 + item * 24), ms(11), { kind: "client" });
    add("currency", "shop.Currency/Convert", convert, ms(1), ms(2.1), { kind: "server" });
  }
  const ship = add("checkout", "POST /get-quote", place, ms(228), ms(58), { kind: "client", attributes: http("POST", "/get-quote") });
  const shipping = add("shipping", "POST /get-quote", ship, ms(3), ms(52), { kind: "server" });
  add("shipping", "calculate quote", shipping, ms(4), ms(44), { attributes: { "app.shipping.zones": 3 } });
  const charge = add("checkout", "shop.Payment/Charge", place, ms(292), ms(fails ? 268 : 196), { kind: "client", error: fails && "14 UNAVAILABLE" });
  const payment = add("payment", "shop.Payment/Charge", charge, ms(3), ms(fails ? 262 : 188), { kind: "server", error: fails && "card issuer refused the charge", attributes: { "app.payment.amount": 214.5, "app.payment.currency": "EUR", "app.payment.card_type": "visa", "app.payment.charged": !fails, "app.payment.raw": { bytesValue: "AQIDBA==" }, "app.payment.note": null } });
  const issuer = add("payment", "POST https://issuer.example/charges", payment, ms(12), ms(fails ? 246 : 170), { kind: "client", error: fails && "timeout after 250 ms", attributes: { ...http("POST", "/charges", fails ? 504 : 201), "server.address": "issuer.example" } });
  if (fails) {
    payment.events.push({ time: String(BigInt(payment.start_time) + 9_000_000n), name: "retry", attributes: { attempt: 2, "backoff.ms": 40 }, dropped_attributes_count: 0 });
    payment.events.push(exceptionEvent(payment, "PaymentDeclinedError", "card issuer refused the charge", STACK));
    logs.push(makeLog(issuer, 0.99, 13, "issuer did not answer in time, giving up after 2 attempts", { attempt: 2 }));
    logs.push(makeLog(payment, 0.95, 17, "charge failed for order o-99121: card issuer refused the charge", { "order.id": "o-99121", "exception.type": "PaymentDeclinedError" }));
  } else {
    const mail = add("checkout", "publish orders", place, ms(500), ms(8), { kind: "producer", attributes: { "messaging.system": "kafka", "messaging.destination.name": "orders", "messaging.operation.name": "publish" } });
    const consume = add("email", "orders process", mail, ms(60), ms(140), { kind: "consumer", attributes: { "messaging.system": "kafka", "messaging.destination.name": "orders" }, links: linkTo ? [{ trace_id: linkTo, span_id: "", trace_state: "", flags: 1, attributes: { "messaging.batch.position": 3 }, dropped_attributes_count: 0 }] : [] });
    add("email", "POST /send_order_confirmation", consume, ms(8), ms(118));
  }
  const recommend = add("frontend", "GET /recommendations", root, ms(18), ms(96), { kind: "client" });
  const recommended = add("recommend", "shop.Recommendation/List", recommend, ms(5), ms(84), { kind: "server" });
  add("recommend", "rank candidates", recommended, ms(20), ms(55), { attributes: { "gen_ai.provider.name": "local", "app.candidates": 120 } });
  const ad = add("frontend", "GET /ads", root, ms(20), ms(44), { kind: "client" });
  add("ads", "shop.Ads/GetAds", ad, ms(4), ms(35), { kind: "server" });
  logs.push(makeLog(place, 0.01, 9, "PlaceOrder user=u-48213 items=7 currency=EUR"), makeLog(cart, 0.3, 5, "cart read from redis: 7 lines"), makeLog(place, 0.48, 9, "shipping quoted: 8.40 EUR"));
  if (linkTo) root.links.push({ trace_id: linkTo, span_id: "", trace_state: "", flags: 1, attributes: { reason: "retry of" }, dropped_attributes_count: 0 });
  return finish(traceId, spans, logs);
}

export function smallTrace(random, traceId, start) {
  const [service, name, parts] = random.pick([
    ["frontend", "GET /", ["catalog", "ads", "recommend"]], ["frontend", "GET /product/{id}", ["catalog", "currency", "recommend"]],
    ["frontend", "GET /cart", ["cart", "currency", "shipping"]], ["frontend", "POST /cart", ["cart", "catalog"]], ["email", "orders process", []], ["ads", "refresh campaigns", ["catalog"]],
  ]);
  const total = 10 ** random.between(0.6, 2.7) * 1e6;
  const failed = random.chance(0.07);
  const root = makeSpan(random, { traceId, service, name, start, duration: total, kind: "server", error: failed && "upstream failed", attributes: { "http.request.method": name.split(" ")[0] } });
  const spans = [root];
  let from = 0.05;
  for (const part of parts) {
    const width = random.between(0.1, 0.3);
    const call = makeSpan(random, { traceId, service, parent: root.span_id, name: `call ${part}`, kind: "client", start: start + BigInt(Math.round(total * from)), duration: total * width });
    const answer = makeSpan(random, { traceId, service: part, parent: call.span_id, name: `${part} answer`, kind: "server", start: BigInt(call.start_time) + BigInt(Math.round(total * 0.01)), duration: total * width * 0.8, error: failed && part === parts[0] && "timeout" });
    spans.push(call, answer);
    from += width * random.between(0.5, 1);
  }
  return finish(traceId, spans, []);
}

export function finish(traceId, spans, logs) {
  spans.sort((a, b) => (BigInt(a.start_time) < BigInt(b.start_time) ? -1 : BigInt(a.start_time) > BigInt(b.start_time) ? 1 : a.span_id < b.span_id ? -1 : 1));
  logs.sort((a, b) => (BigInt(a.time) < BigInt(b.time) ? -1 : 1));
  return { trace_id: traceId, spans, logs };
}
