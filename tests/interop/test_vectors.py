"""The OTLP project's own JSON examples: stored whole, and the same rows from JSON as from protobuf."""

import json
import os
from pathlib import Path

import pytest

from otlp import JSON, post, to_message

SHARED = Path(os.environ.get("SPANLAKE_SHARED") or Path(__file__).resolve().parents[3] / "shared")
VECTORS = SHARED / "data" / "otlp"
SIGNAL_OF = {"trace": "traces", "metrics": "metrics", "logs": "logs", "events": "logs"}
TRACE_ID = "5b8efff798038103d269b633813fc60c"

ROWS = {
    "traces": "SELECT * FROM spans WHERE service_name = 'my.service'",
    "logs": "SELECT * FROM logs WHERE service_name = 'my.service' ORDER BY time, severity_number",
    "metrics": "SELECT * FROM metrics WHERE service_name = 'my.service' ORDER BY name",
}


def vector(name: str) -> dict:
    path = VECTORS / f"{name}.json"
    if not path.exists():
        reason = f"not run: {path} is not there (SPANLAKE_SHARED names its folder)"
        print(reason)
        pytest.skip(reason)
    return json.loads(path.read_text())


def rows(server, query: str) -> list[dict]:
    """Without what is the server's own: when it received them."""
    return [{name: value for name, value in row.items() if name != "received_time"} for row in server.records(query)]


@pytest.mark.parametrize("name", SIGNAL_OF)
def test_json_and_protobuf_give_the_same_rows(shared_server, other_server, name):
    request, signal = vector(name), SIGNAL_OF[name]
    answer = post(shared_server.otlp_http, signal, request)
    assert (answer.status, answer.content_type, answer.body) == (200, JSON, b"{}")
    answer = post(other_server.otlp_http, signal, to_message(signal, request))
    assert (answer.status, answer.body) == (200, b"")
    queries = [ROWS[signal]]
    if signal == "metrics":
        queries += [f"SELECT * FROM {table} WHERE service_name = 'my.service'" for table in ("histograms", "exp_histograms")]
    for query in queries:
        from_json = rows(shared_server, query)
        assert from_json, query
        assert from_json == rows(other_server, query)


def test_the_trace_and_its_log_are_found_by_id(shared_server):
    for name in ("trace", "logs"):
        assert post(shared_server.otlp_http, SIGNAL_OF[name], vector(name)).status == 200
    trace = shared_server.trace(TRACE_ID)
    (span,) = trace["spans"]
    assert (span["span_id"], span["parent_span_id"]) == ("eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert (span["name"], span["kind"], span["duration"]) == ("I'm a server span", "server", "1000000000")
    assert span["attributes"] == {"my.span.attr": "some value"}
    assert span["resource_attributes"] == {"service.name": "my.service"}
    assert (span["scope_name"], span["scope_version"]) == ("my.library", "1.0.0")
    assert span["scope_attributes"] == {"my.scope.attribute": "some scope attribute"}
    (log,) = trace["logs"]
    assert (log["body"], log["severity_number"], log["severity_text"]) == ("Example log record", 10, "Information")
    assert log["attributes"] == {
        "string.attribute": "some string",
        "boolean.attribute": True,
        "int.attribute": 10,
        "double.attribute": 637.704,
        "array.attribute": ["many", "values"],
        "map.attribute": {"some.map.key": "some value"},
    }


def test_the_metrics_are_stored_by_kind(shared_server):
    assert post(shared_server.otlp_http, "metrics", vector("metrics")).status == 200
    points = "SELECT name, type, unit, temporality, is_monotonic, value FROM metrics WHERE service_name = 'my.service'"
    assert shared_server.sql(f"{points} ORDER BY name") == [
        ["my.counter", "sum", "1", "delta", True, 5],
        ["my.gauge", "gauge", "1", None, None, 10],
    ]
    (histogram,) = shared_server.records("SELECT * FROM histograms WHERE service_name = 'my.service'")
    assert (histogram["name"], histogram["count"], histogram["sum"]) == ("my.histogram", 2, 2)
    assert (histogram["bucket_counts"], histogram["explicit_bounds"]) == ([1, 1], [1])
    assert (histogram["min"], histogram["max"]) == (0, 2)
    (exponential,) = shared_server.records("SELECT * FROM exp_histograms WHERE service_name = 'my.service'")
    assert (exponential["name"], exponential["count"], exponential["sum"]) == ("my.exponential.histogram", 3, 10)
    assert (exponential["scale"], exponential["zero_count"]) == (0, 1)
    assert (exponential["positive_offset"], exponential["positive_bucket_counts"]) == (1, [0, 2])
    assert (exponential["min"], exponential["max"]) == (0, 5)


def test_the_event_keeps_its_name_and_its_structured_body(shared_server):
    assert post(shared_server.otlp_http, "logs", vector("events")).status == 200
    (event,) = shared_server.records("SELECT * FROM logs WHERE event_name = 'browser.page_view'")
    body = event["body"] if isinstance(event["body"], dict) else json.loads(event["body"])
    assert body["title"] == "Free Online GUID Generator"
    assert body["type"] in (0, "0")
    assert event["severity_text"] == "test severity text"
