"""Real SDKs against the real server: everything a shop says it sent is there, whole, at once and exactly once.

Scenario: each shop x protocol x compression; then the server is killed, started, stopped in order, started.
"""

import pytest

import shops
from shops import FAILED, LOGS, METRICS, ORDERS, PARCELS, PLACED, SPANS

COMPRESSIONS = ("none", "gzip")
SHOWN_AS = {
    "http.server.request.duration": "mean",
    "shop.orders": "rate",
    "shop.orders.waiting": "value",
    "shop.payment.amount": "mean",
    "shop.stock": "value",
}
# Node.js tells logs and events by the wall clock in whole milliseconds, and ends of spans by a clock of the process: on a busy machine
# they part by some milliseconds.
CLOCK_NS = 20_000_000
OURS = "service_name IN ('frontend', 'checkout')"


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("protocol", shops.PROTOCOLS)
@pytest.mark.parametrize("sdk", shops.SDKS)
def test_shop(server, sdk, protocol, compression):
    sent = shops.run_shop(sdk, protocol, compression, server)
    assert (sent["sdk"], sent["protocol"]) == (sdk, protocol)
    assert (sent["spans"], sent["logs"], len(sent["trace_ids"])) == (SPANS, LOGS, ORDERS + PARCELS)

    # No waiting here: what was acknowledged can be read.
    stored = snapshot(server, sent)
    check_counts(server, sent)
    check_traces(stored["traces"].values(), sdk)
    check_metrics(server)

    server.kill()
    server.start()
    assert snapshot(server, sent) == stored, "after SIGKILL and a start"
    server.stop()
    server.start()
    assert snapshot(server, sent) == stored, "after SIGTERM and a start"
    check_metrics(server)
    server.stop()


@pytest.mark.parametrize("sdk", shops.SDKS)
def test_the_charts_of_a_shop(server, sdk):
    shops.run_shop(sdk, "http/protobuf", "none", server)
    listed = server.metrics()
    for name in METRICS:
        check_chart(server, name, listed[name])


def snapshot(server, sent) -> dict:
    """All that must be the same before and after a restart."""
    tables = ("spans", "logs", "metrics", "histograms", "exp_histograms")
    return {
        "traces": {trace_id: server.trace(trace_id) for trace_id in sent["trace_ids"]},
        "counts": {table: server.sql_value(f"SELECT count(*) FROM {table} WHERE {OURS}") for table in tables},
    }


# === counts ===


def check_counts(server, sent):
    assert server.sql_value(f"SELECT count(*) FROM spans WHERE {OURS}") == sent["spans"]
    assert server.sql_value(f"SELECT count(DISTINCT trace_id) FROM spans WHERE {OURS}") == len(sent["trace_ids"])
    assert server.sql_value(f"SELECT count(*) FROM logs WHERE {OURS}") == sent["logs"]
    assert server.sql_value(f"SELECT count(*) FROM logs WHERE {OURS} AND trace_id IS NULL") == 0
    by_kind = server.sql(f"SELECT kind, count(*) FROM spans WHERE {OURS} GROUP BY kind")
    assert dict(by_kind) == {
        "server": ORDERS * 3,
        "client": ORDERS * 2,
        "internal": ORDERS * 2,
        "producer": PLACED,
        "consumer": PARCELS,
    }
    errors = server.sql_value(f"SELECT count(*) FROM spans WHERE {OURS} AND status_code = 'error'")
    assert errors == FAILED * 4
    services = server.sql(f"SELECT DISTINCT service_name FROM spans WHERE {OURS} ORDER BY service_name")
    assert [name for (name,) in services] == sent["services"]


# === traces ===


def check_traces(traces, sdk):
    orders = [trace for trace in traces if any(span["name"] == "POST /orders" for span in trace["spans"])]
    parcels = [trace for trace in traces if trace not in orders]
    assert (len(orders), len(parcels)) == (ORDERS, PARCELS)
    failed = [check_order(trace, sdk) for trace in orders]
    assert sum(failed) == FAILED
    check_parcels(parcels, orders)


def check_order(trace, sdk) -> bool:
    by_id = {span["span_id"]: span for span in trace["spans"]}
    assert len(by_id) == len(trace["spans"]), "a span id twice"
    failed = not any(span["name"] == "send orders" for span in trace["spans"])
    expected = shops.ORDER_TRACE[:-1] if failed else shops.ORDER_TRACE

    def parent_name(span):
        return by_id[span["parent_span_id"]]["name"] if span["parent_span_id"] else None

    found = {(span["service_name"], span["name"], span["kind"], parent_name(span)): span for span in trace["spans"]}
    assert sorted(found, key=str) == sorted(((e.service, e.name, e.kind, e.parent) for e in expected), key=str)
    for wanted in expected:
        span = found[wanted.service, wanted.name, wanted.kind, wanted.parent]
        assert span["status"]["code"] == (wanted.failed_status if failed else "unset"), span
        event = wanted.failed_event if failed else wanted.event
        assert [event["name"] for event in span["events"]] == ([event] if event else []), span
        check_span(span, trace["trace_id"], by_id, sdk)
    check_attributes(found, failed)
    check_logs(trace, by_id, failed)
    return failed


def check_span(span, trace_id, by_id, sdk):
    resource = span["resource_attributes"]
    assert span["trace_id"] == trace_id
    assert int(span["end_time"]) - int(span["start_time"]) == int(span["duration"]) >= 0
    assert resource["service.name"] == span["service_name"]
    assert resource["service.namespace"] == f"{sdk}-shop"
    assert resource["deployment.environment.name"] == "demo"
    assert resource["telemetry.sdk.language"] == {"node": "nodejs"}.get(sdk, sdk)
    # Whether a parent is remote: every SDK says it, while the sampled bit is not said by all.
    is_remote = span["kind"] == "server" and span["parent_span_id"] != ""
    assert span["flags"] & 0x300 == (0x300 if is_remote else 0x100), span
    if span["parent_span_id"]:
        assert int(by_id[span["parent_span_id"]]["start_time"]) <= int(span["start_time"]) + CLOCK_NS


def check_attributes(found, failed):
    """One of each type of value: string, integer, double, array."""
    root = found["frontend", "POST /orders", "server", None]["attributes"]
    assert root["http.request.method"] == "POST"
    assert root["http.route"] == "/orders"
    assert root["http.response.status_code"] == (502 if failed else 201)
    cart = found["checkout", "price cart", "internal", "GET /carts/{cart_id}"]["attributes"]
    number = int(cart["shop.cart.id"].removeprefix("cart-")) % 3
    assert cart["shop.cart.items"] == ["tea", "teapot", "samovar"][: number + 1]
    assert cart["shop.cart.total"] == pytest.approx([4.20, 42.70, 454.70][number])
    charge = found["checkout", "charge card", "internal", "POST /payments"]
    if failed:
        (event,) = charge["events"]
        assert event["attributes"]["exception.message"] == "card expired"
        assert event["attributes"]["exception.type"].endswith("PaymentDeclined")
        assert charge["status"]["message"].endswith("card expired")
        assert int(charge["start_time"]) - CLOCK_NS <= int(event["time"]) <= int(charge["end_time"]) + CLOCK_NS


def check_logs(trace, by_id, failed):
    expected = shops.FAILED_ORDER_LOGS if failed else shops.ORDER_LOGS
    assert sorted(log["body"] for log in trace["logs"]) == sorted(expected)
    for log in trace["logs"]:
        span = by_id[log["span_id"]]
        assert log["trace_id"] == trace["trace_id"]
        assert log["service_name"] == span["service_name"]
        assert int(span["start_time"]) - CLOCK_NS <= int(log["time"]) <= int(span["end_time"]) + CLOCK_NS
        is_error = log["body"] in ("payment failed", "order failed: card expired")
        assert log["severity_number"] == (17 if is_error else 9)
        if log["body"] == "payment failed":
            assert log["attributes"]["exception.message"] == "card expired"


def check_parcels(parcels, orders):
    """Each batch is a trace of its own, linked to the span that sent each of its orders."""
    producers = {
        (trace["trace_id"], span["span_id"])
        for trace in orders
        for span in trace["spans"]
        if span["name"] == "send orders"
    }
    linked = []
    for trace in parcels:
        (span,) = trace["spans"]
        assert (span["name"], span["kind"], span["parent_span_id"]) == ("process orders", "consumer", "")
        assert span["attributes"]["messaging.batch.message_count"] == len(span["links"])
        assert all(link["attributes"] == {"messaging.destination.name": "orders"} for link in span["links"])
        assert [log["body"] for log in trace["logs"]] == ["parcels shipped"]
        linked += [(link["trace_id"], link["span_id"]) for link in span["links"]]
    assert sorted(linked) == sorted(producers)


# === metrics ===


def check_metrics(server):
    listed = server.metrics()
    for name, (kind, unit, services) in METRICS.items():
        metric = listed[name]
        assert (metric["type"], metric["unit"], sorted(metric["services"])) == (kind, unit, services), metric
    assert (listed["shop.orders"]["is_monotonic"], listed["shop.orders.waiting"]["is_monotonic"]) == (True, False)
    assert listed["shop.orders"]["temporality"] == "cumulative"

    last = "SELECT {} FROM {} WHERE name = '{}' AND {} ORDER BY time DESC"
    outcomes = server.sql(last.format("attributes['shop.order.outcome'], value", "metrics", "shop.orders", OURS))
    assert dict(reversed(outcomes)) == {"placed": PLACED, "failed": FAILED}
    waiting = server.sql(last.format("value", "metrics", "shop.orders.waiting", OURS))
    assert waiting[0] == [0]
    stock = server.sql(last.format("attributes['shop.item'], value", "metrics", "shop.stock", OURS))
    assert dict(reversed(stock))["tea"] == 1000 - PLACED
    amount = server.sql(last.format("count", "exp_histograms", "shop.payment.amount", OURS))
    assert amount[0] == [PLACED]
    routes = "attributes['http.route'], attributes['http.response.status_code'], count"
    requests = server.sql(last.format(routes, "histograms", "http.server.request.duration", OURS))
    counts = {(route, int(status)): count for route, status, count in reversed(requests)}
    assert counts["/orders", 201] == PLACED
    assert counts["/orders", 502] == counts["/payments", 500] == FAILED


def check_chart(server, name, metric):
    """The chart of each metric draws each of its series."""
    status, chart = server.request("GET", f"/api/metrics/series?name={name}&max_points=10000")
    assert status == 200, chart
    assert (chart["type"], chart["unit"]) == (metric["type"], metric["unit"])
    assert chart["total_series"] == len(chart["series"]) == metric["series"], chart
    assert chart["shown_as"] == SHOWN_AS[name], chart
    if chart["shown_as"] != "rate":  # a rate needs two points, and a short run has one
        assert all(any(value is not None for _, value in series["points"]) for series in chart["series"]), chart
