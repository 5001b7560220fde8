"""The checkout service: prices carts and charges cards. A process of its own, started by `shop.py`.

Owns prices, stock and payments. Never starts a trace: it only continues those that arrive with a request.
It says on its standard output where it listens, works until its standard input is closed, then flushes and
prints what it sent.
"""

import json
import logging
import random
import sys
import time

from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation

from http_tracing import HttpService
from telemetry import Telemetry

PRICES = {"tea": 4.20, "teapot": 38.50, "samovar": 412.00}
log = logging.getLogger("shop.checkout")


class PaymentDeclined(Exception):
    pass


def ask_bank(card: str):
    time.sleep(random.uniform(0.002, 0.010))
    if card == "expired":
        raise PaymentDeclined("card expired")


class Checkout:
    def __init__(self):
        self.stock = dict.fromkeys(PRICES, 1000)
        self.tracer = trace.get_tracer("shop.checkout", "1.0.0")
        meter = metrics.get_meter("shop.checkout", "1.0.0")
        self.amount = meter.create_histogram("shop.payment.amount", unit="EUR", description="Amounts charged.")
        meter.create_observable_gauge(
            "shop.stock", callbacks=[self.observe_stock], unit="{item}", description="Items left in the warehouse."
        )

    def observe_stock(self, _options):
        for item, count in self.stock.items():
            yield Observation(count, {"shop.item": item})

    def price_cart(self, cart_id: str, _body: dict):
        with self.tracer.start_as_current_span("price cart", attributes={"shop.cart.id": cart_id}) as span:
            time.sleep(random.uniform(0.001, 0.005))
            # A cart's number decides what is in it, so that every run sells the same.
            items = list(PRICES)[: 1 + int(cart_id.rpartition("-")[2]) % len(PRICES)]
            total = round(sum(PRICES[item] for item in items), 2)
            span.set_attribute("shop.cart.items", items)
            span.set_attribute("shop.cart.total", total)
            log.info("cart priced", extra={"shop.cart.id": cart_id, "shop.cart.total": total})
        return 200, {"items": items, "total": total}

    def pay(self, _parameter: str, body: dict):
        try:
            self.charge_card(body)
        except PaymentDeclined as declined:
            return 500, {"error": str(declined)}
        return 200, {"charged": body["total"]}

    def charge_card(self, body: dict):
        # An exception that leaves this block becomes the span's error status and an `exception` event.
        with self.tracer.start_as_current_span(
            "charge card", attributes={"shop.payment.amount": body["total"], "shop.payment.method": "card"}
        ) as span:
            try:
                ask_bank(body["card"])
            except PaymentDeclined as declined:
                span.set_attribute("error.type", type(declined).__qualname__)
                log.exception("payment failed", extra={"shop.payment.amount": body["total"]})
                raise
            for item in body["items"]:
                self.stock[item] -= 1
            span.add_event("card charged", {"shop.payment.amount": body["total"]})
            self.amount.record(body["total"], {"shop.payment.method": "card"})
            log.info("card charged", extra={"shop.payment.amount": body["total"]})


def main():
    telemetry = Telemetry("checkout")
    checkout = Checkout()
    service = HttpService({("GET", "/carts/{cart_id}"): checkout.price_cart, ("POST", "/payments"): checkout.pay})
    print(json.dumps({"listening": service.port}), flush=True)
    sys.stdin.read()  # until the shop closes
    service.close()
    sent = telemetry.shutdown()
    print(json.dumps({"trace_ids": sorted(sent.trace_ids), "spans": sent.spans, "logs": sent.logs}), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
