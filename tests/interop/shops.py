"""The example shops, run as a user runs them, and what a shop of `orders` orders must leave behind.

Owns how each shop is started and the shape of its traces, which is the same in all three languages. Never
looks into a server.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SDKS = ("python", "node", "rust")
PROTOCOLS = ("grpc", "http/protobuf", "http/json")
ORDERS = 12
FAILED = ORDERS // 5  # each fifth card has expired
PLACED = ORDERS - FAILED
PARCELS = 3  # batches of orders that are shipped: after 5, after 10, and the rest


@dataclass(frozen=True)
class ExpectedSpan:
    """A span as (service, name, kind) under its parent's name; `status` is that of a failed order."""

    service: str
    name: str
    kind: str
    parent: str | None
    failed_status: str = "unset"
    event: str | None = None
    failed_event: str | None = None


ORDER_TRACE = (
    ExpectedSpan("frontend", "POST /orders", "server", None, "error"),
    ExpectedSpan("frontend", "GET /carts/{cart_id}", "client", "POST /orders"),
    ExpectedSpan("checkout", "GET /carts/{cart_id}", "server", "GET /carts/{cart_id}"),
    ExpectedSpan("checkout", "price cart", "internal", "GET /carts/{cart_id}"),
    ExpectedSpan("frontend", "POST /payments", "client", "POST /orders", "error"),
    ExpectedSpan("checkout", "POST /payments", "server", "POST /payments", "error"),
    ExpectedSpan("checkout", "charge card", "internal", "POST /payments", "error", "card charged", "exception"),
    ExpectedSpan("frontend", "send orders", "producer", "POST /orders"),  # only of an order that is paid
)
ORDER_LOGS = ("order received", "cart priced", "card charged", "order placed")
FAILED_ORDER_LOGS = ("order received", "cart priced", "payment failed", "order failed: card expired")

SPANS = Counter(placed=PLACED * 8, failed=FAILED * 7, parcels=PARCELS).total()
LOGS = ORDERS * 4 + PARCELS

METRICS = {  # name: (type, unit, services)
    "http.server.request.duration": ("histogram", "s", ["checkout", "frontend"]),
    "shop.orders": ("sum", "{order}", ["frontend"]),
    "shop.orders.waiting": ("sum", "{order}", ["frontend"]),
    "shop.payment.amount": ("exponential_histogram", "EUR", ["checkout"]),
    "shop.stock": ("gauge", "{item}", ["checkout"]),
}


def command_of(sdk: str) -> list[str]:
    match sdk:
        case "python":
            return [sys.executable, str(EXAMPLES / "python-shop" / "shop.py")]
        case "node":
            return ["node", str(EXAMPLES / "node-shop" / "shop.js")]
        case "rust":
            return [os.environ["RUST_SHOP_BIN"]]
    raise ValueError(sdk)


def run_shop(sdk: str, protocol: str, compression: str, server) -> dict:
    """Runs a shop of ORDERS orders to its end and gives what it says it sent."""
    address = server.otlp_grpc if protocol == "grpc" else server.otlp_http
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        # Several exports a run, as in real life, and not only the one at the end.
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
    }
    if compression != "none":  # where "none" is the default; one SDK does not know the word
        environment["OTEL_EXPORTER_OTLP_COMPRESSION"] = compression
    run = subprocess.run(
        [*command_of(sdk), "--orders", str(ORDERS)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert not run.stderr.strip(), f"the shop complains:\n{run.stderr}"
    return json.loads(run.stdout.splitlines()[-1])
