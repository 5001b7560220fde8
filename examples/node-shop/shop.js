/**
 * The shop: the frontend service, its customers, and a checkout service beside it in a process of its own.
 *
 * Owns what happens to an order from the first request to the parcel, and the closing line that says what was
 * sent. Never prices or charges: that is the checkout's, asked over HTTP.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { metrics, SpanKind, trace } from '@opentelemetry/api';

import { call, inSpan, plainCall, startService } from './http-tracing.js';
import { getLogger, protocol, startTelemetry } from './telemetry.js';

const FAILING_EVERY = 5; // each fifth customer's card has expired
const PARCELS_AT_ONCE = 5;
const METRICS = [
  'http.server.request.duration',
  'shop.orders',
  'shop.orders.waiting',
  'shop.payment.amount',
  'shop.stock',
];

const { values: options } = parseArgs({
  options: { orders: { type: 'string', default: '20' }, forever: { type: 'boolean', default: false } },
});
let closing = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (closing = true));

const telemetry = await startTelemetry('frontend');
const log = getLogger('shop.frontend');
const tracer = trace.getTracer('shop.frontend', '1.0.0');
const meter = metrics.getMeter('shop.frontend', '1.0.0');
const ordersCount = meter.createCounter('shop.orders', { unit: '{order}', description: 'Orders by outcome.' });
const waitingCount = meter.createUpDownCounter('shop.orders.waiting', {
  unit: '{order}',
  description: 'Orders that are paid and not yet shipped.',
});

const checkout = startCheckout();
const checkoutPort = (await checkout.nextLine()).listening;
let waiting = []; // span contexts of orders that are paid and not yet shipped

const service = await startService({ 'POST /orders': (_parameter, body) => placeOrder(body) });
await serveCustomers(service.port, options.forever ? Infinity : Number(options.orders));
service.close();
checkout.finish();
const theirs = await checkout.nextLine();
const ours = await telemetry.shutdown();
const spans = ours.spans + theirs.spans;
const records = ours.logs + theirs.logs;
if (options.forever) {
  console.log(`sent ${spans} spans and ${records} log records`);
} else {
  console.log(
    JSON.stringify({
      sdk: 'node',
      protocol,
      trace_ids: [...new Set([...ours.traceIds, ...theirs.trace_ids])].sort(),
      spans,
      logs: records,
      metrics: METRICS,
      services: ['checkout', 'frontend'],
    }),
  );
}

/** Orders one after the other, from outside: the customers send no trace context. */
async function serveCustomers(port, orders) {
  for (let orderId = 1; orderId <= orders && !closing; orderId++) {
    const card = orderId % FAILING_EVERY === 0 ? 'expired' : 'valid';
    await plainCall(port, 'POST', '/orders', { body: { order_id: orderId, card } });
    if (orderId % PARCELS_AT_ONCE === 0) await shipParcels();
    if (orders === Infinity) await sleep(500);
  }
  await shipParcels();
}

async function placeOrder({ order_id: orderId, card }) {
  trace.getActiveSpan().setAttribute('shop.order.id', orderId);
  log.info('order received', { 'shop.order.id': orderId });
  const [, cart] = await call(checkoutPort, 'GET', '/carts/{cart_id}', { parameter: `cart-${orderId}` });
  const [status, payment] = await call(checkoutPort, 'POST', '/payments', { body: { ...cart, card } });
  if (status !== 200) {
    ordersCount.add(1, { 'shop.order.outcome': 'failed' });
    log.error(`order failed: ${payment.error}`, { 'shop.order.id': orderId });
    return [502, { error: 'the payment did not go through' }];
  }
  await sendToWarehouse(orderId);
  ordersCount.add(1, { 'shop.order.outcome': 'placed' });
  log.info('order placed', { 'shop.order.id': orderId, 'shop.cart.total': cart.total });
  return [201, { order_id: orderId, total: cart.total }];
}

function sendToWarehouse(orderId) {
  const attributes = { ...messaging('send'), 'messaging.message.id': String(orderId) };
  return inSpan(tracer, 'send orders', { kind: SpanKind.PRODUCER, attributes }, async (span) => {
    waiting.push(span.spanContext());
    waitingCount.add(1);
  });
}

/** One trace of its own for a batch of orders, linked to the trace of each. */
async function shipParcels() {
  const batch = waiting;
  waiting = [];
  if (batch.length === 0) return;
  const attributes = { ...messaging('process'), 'messaging.batch.message_count': batch.length };
  const links = batch.map((context) => ({ context, attributes: { 'messaging.destination.name': 'orders' } }));
  await inSpan(tracer, 'process orders', { kind: SpanKind.CONSUMER, attributes, links }, async () => {
    waitingCount.add(-batch.length);
    log.info('parcels shipped', { 'shop.parcel.count': batch.length });
  });
}

function messaging(operation) {
  return {
    'messaging.system': 'in_memory',
    'messaging.destination.name': 'orders',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
  };
}

/** The checkout in a process group of its own, so that Ctrl-C reaches only us and we close it in order. */
function startCheckout() {
  const script = fileURLToPath(new URL('checkout.js', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    nextLine: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error('the checkout ended too early');
      return JSON.parse(value);
    },
    finish: () => child.stdin.end(),
  };
}
