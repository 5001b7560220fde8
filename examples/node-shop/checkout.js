/**
 * The checkout service: prices carts and charges cards. A process of its own, started by `shop.js`.
 *
 * Owns prices, stock and payments. Never starts a trace: it only continues those that arrive with a request.
 * It says on its standard output where it listens, works until its standard input is closed, then flushes and
 * prints what it sent.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { metrics, trace } from '@opentelemetry/api';

import { inSpan, startService } from './http-tracing.js';
import { getLogger, startTelemetry } from './telemetry.js';

const PRICES = { tea: 4.2, teapot: 38.5, samovar: 412.0 };

class PaymentDeclined extends Error {
  name = 'PaymentDeclined';
}

const telemetry = await startTelemetry('checkout');
const log = getLogger('shop.checkout');
const tracer = trace.getTracer('shop.checkout', '1.0.0');
const meter = metrics.getMeter('shop.checkout', '1.0.0');
const amount = meter.createHistogram('shop.payment.amount', { unit: 'EUR', description: 'Amounts charged.' });

const stock = Object.fromEntries(Object.keys(PRICES).map((item) => [item, 1000]));
meter
  .createObservableGauge('shop.stock', { unit: '{item}', description: 'Items left in the warehouse.' })
  .addCallback((gauge) => {
    for (const [item, count] of Object.entries(stock)) gauge.observe(count, { 'shop.item': item });
  });

const priceCart = (cartId) =>
  inSpan(tracer, 'price cart', { attributes: { 'shop.cart.id': cartId } }, async (span) => {
    await sleep(1 + Math.random() * 4);
    // A cart's number decides what is in it, so that every run sells the same.
    const items = Object.keys(PRICES).slice(0, 1 + (Number(cartId.split('-').at(-1)) % 3));
    const total = Number(items.reduce((sum, item) => sum + PRICES[item], 0).toFixed(2));
    span.setAttributes({ 'shop.cart.items': items, 'shop.cart.total': total });
    log.info('cart priced', { 'shop.cart.id': cartId, 'shop.cart.total': total });
    return [200, { items, total }];
  });

async function pay(_parameter, { items, total, card }) {
  try {
    await chargeCard(items, total, card);
  } catch (error) {
    return [500, { error: error.message }];
  }
  return [200, { charged: total }];
}

const chargeCard = (items, total, card) =>
  inSpan(
    tracer,
    'charge card',
    { attributes: { 'shop.payment.amount': total, 'shop.payment.method': 'card' } },
    async (span) => {
      try {
        await askBank(card);
      } catch (error) {
        log.error('payment failed', { 'shop.payment.amount': total }, error);
        throw error;
      }
      for (const item of items) stock[item] -= 1;
      span.addEvent('card charged', { 'shop.payment.amount': total });
      amount.record(total, { 'shop.payment.method': 'card' });
      log.info('card charged', { 'shop.payment.amount': total });
    },
  );

async function askBank(card) {
  await sleep(2 + Math.random() * 8);
  if (card === 'expired') throw new PaymentDeclined('card expired');
}

const service = await startService({ 'GET /carts/{cart_id}': priceCart, 'POST /payments': pay });
console.log(JSON.stringify({ listening: service.port }));
for await (const _ of process.stdin); // until the shop closes it
service.close();
const sent = await telemetry.shutdown();
console.log(JSON.stringify({ trace_ids: [...sent.traceIds], spans: sent.spans, logs: sent.logs }));
