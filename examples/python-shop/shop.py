"""The shop: the frontend service, its customers, and a checkout service beside it in a process of its own.

Owns what happens to an order from the first request to the parcel, and the closing line that says what was
sent. Never prices or charges: that is the checkout's, asked over HTTP.
"""

import argparse
import json
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

from opentelemetry import metrics, trace
from opentelemetry.trace import Link, SpanKind

from http_tracing import HttpClient, HttpService, plain_call
from telemetry import Telemetry, protocol

FAILING_EVERY = 5  # each fifth customer's card has expired
PARCELS_AT_ONCE = 5
METRICS = ["http.server.request.duration", "shop.orders", "shop.orders.waiting", "shop.payment.amount", "shop.stock"]
log = logging.getLogger("shop.frontend")


class Frontend:
    def __init__(self, checkout_port: int):
        self.checkout = HttpClient(checkout_port)
        self.waiting = []  # span contexts of orders that are paid and not yet shipped
        self.tracer = trace.get_tracer("shop.frontend", "1.0.0")
        meter = metrics.get_meter("shop.frontend", "1.0.0")
        self.orders = meter.create_counter("shop.orders", unit="{order}", description="Orders by outcome.")
        self.waiting_count = meter.create_up_down_counter(
            "shop.orders.waiting", unit="{order}", description="Orders that are paid and not yet shipped."
        )

    def place_order(self, _parameter: str, body: dict):
        order_id = body["order_id"]
        trace.get_current_span().set_attribute("shop.order.id", order_id)
        log.info("order received", extra={"shop.order.id": order_id})
        _, cart = self.checkout.call("GET", "/carts/{cart_id}", f"cart-{order_id}")
        status, payment = self.checkout.call("POST", "/payments", body={**cart, "card": body["card"]})
        if status != 200:
            self.orders.add(1, {"shop.order.outcome": "failed"})
            log.error("order failed: %s", payment["error"], extra={"shop.order.id": order_id})
            return 502, {"error": "the payment did not go through"}
        self.send_to_warehouse(order_id)
        self.orders.add(1, {"shop.order.outcome": "placed"})
        log.info("order placed", extra={"shop.order.id": order_id, "shop.cart.total": cart["total"]})
        return 201, {"order_id": order_id, "total": cart["total"]}

    def send_to_warehouse(self, order_id: int):
        with self.tracer.start_as_current_span(
            "send orders", kind=SpanKind.PRODUCER, attributes=messaging("send", {"messaging.message.id": str(order_id)})
        ) as span:
            self.waiting.append(span.get_span_context())
            self.waiting_count.add(1)

    def ship_parcels(self):
        """One trace of its own for a batch of orders, linked to the trace of each."""
        batch, self.waiting = self.waiting, []
        if not batch:
            return
        with self.tracer.start_as_current_span(
            "process orders",
            kind=SpanKind.CONSUMER,
            links=[Link(order, {"messaging.destination.name": "orders"}) for order in batch],
            attributes=messaging("process", {"messaging.batch.message_count": len(batch)}),
        ):
            self.waiting_count.add(-len(batch))
            log.info("parcels shipped", extra={"shop.parcel.count": len(batch)})


def messaging(operation: str, more: dict) -> dict:
    return {
        "messaging.system": "in_memory",
        "messaging.destination.name": "orders",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        **more,
    }


def serve_customers(frontend: Frontend, port: int, orders: int | None):
    """Orders one after the other, from outside: the customers send no trace context."""
    order_id = 0
    while orders is None or order_id < orders:
        order_id += 1
        card = "expired" if order_id % FAILING_EVERY == 0 else "valid"
        plain_call(port, "POST", "/orders", {"order_id": order_id, "card": card})
        if order_id % PARCELS_AT_ONCE == 0:
            frontend.ship_parcels()
        if orders is None:
            time.sleep(0.5)
    frontend.ship_parcels()


def main():
    parser = argparse.ArgumentParser(description="A small shop that reports all it does by OpenTelemetry.")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--orders", type=int, default=20, help="how many orders to place (default: 20)")
    how_long.add_argument("--forever", action="store_true", help="two orders a second until Ctrl-C")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

    telemetry = Telemetry("frontend")
    # In a session of its own, so that Ctrl-C reaches only us and we close it in order.
    checkout = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("checkout.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )
    frontend = Frontend(json.loads(checkout.stdout.readline())["listening"])
    service = HttpService({("POST", "/orders"): frontend.place_order})
    try:
        serve_customers(frontend, service.port, None if arguments.forever else arguments.orders)
    except KeyboardInterrupt:
        # Once is enough: what follows ends in its own order.
        for impatient in (signal.SIGINT, signal.SIGTERM):
            signal.signal(impatient, signal.SIG_IGN)
    service.close()
    checkout_output, _ = checkout.communicate()  # closes its input, which is its sign to finish
    ours, theirs = telemetry.shutdown(), json.loads(checkout_output)
    if arguments.forever:
        print(f"sent {ours.spans + theirs['spans']} spans and {ours.logs + theirs['logs']} log records")
        return
    print(
        json.dumps(
            {
                "sdk": "python",
                "protocol": protocol(),
                "trace_ids": sorted(ours.trace_ids | set(theirs["trace_ids"])),
                "spans": ours.spans + theirs["spans"],
                "logs": ours.logs + theirs["logs"],
                "metrics": METRICS,
                "services": ["checkout", "frontend"],
            }
        )
    )


if __name__ == "__main__":
    main()
