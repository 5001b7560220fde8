"""The cold tier opens as Delta tables while the server runs: deltalake, DuckDB and Polars count and sum as our own SQL."""

import time
from datetime import UTC, datetime
from pathlib import Path

import deltalake
import duckdb
import duckdb_extension_delta
import polars
import pyarrow.compute as compute
import pytest

from otlp import new_span_id, new_trace_id, post
from spanlake_server import Spanlake

# Whatever is sealed leaves the hot tier at once, so that a test need not wait for hours.
COLD = {
    "SPANLAKE_HOT_BYTES_MAX": "0",
    "SPANLAKE_HOT_SEAL_INTERVAL": "500ms",
    "SPANLAKE_SELF_TELEMETRY_MODE": "off",
    "SPANLAKE_COLD_REMOVED_KEPT": "1h",
}
HOUR_NS = 3_600_000_000_000
TRACES = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    spanlake = Spanlake(tmp_path_factory.mktemp("cold") / "data", COLD)
    try:
        spanlake.start()
        fill(spanlake)
        yield spanlake
    finally:
        spanlake.close()


def text(key: str, value: str) -> dict:
    return {"key": key, "value": {"stringValue": value}}


def resource(service: str) -> dict:
    return {"attributes": [text("service.name", service), text("host.name", "h1")]}


def fill(spanlake: Spanlake):
    """Spans, logs and points of three hours; the last commits come when the first are cold already."""
    now = time.time_ns()
    for number in range(TRACES):
        start = now - number % 3 * HOUR_NS - number * 1_000_003
        trace_id, service = new_trace_id(), f"service-{number % 4}"
        span = {
            "traceId": trace_id, "spanId": new_span_id(), "name": f"op {number % 5}", "kind": 2,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 1_000_000 + number),
            "attributes": [text("tenant", f"t{number % 7}"), text("http.route", "/a")],
            "events": [{"timeUnixNano": str(start + 7), "name": "e", "attributes": [text("k", "v")]}],
        }  # fmt: skip
        record = {"timeUnixNano": str(start), "severityNumber": 9, "body": {"stringValue": f"line {number}"},
                  "traceId": trace_id, "attributes": [text("tenant", "t")]}  # fmt: skip
        point = {"timeUnixNano": str(start), "asDouble": number / 4, "attributes": [text("cpu", str(number % 2))]}
        metric = {"name": "load", "unit": "1", "gauge": {"dataPoints": [point]}}
        buckets = {"timeUnixNano": str(start), "count": "3", "sum": 6.5, "bucketCounts": ["1", "2"], "explicitBounds": [1.5]}
        histogram = {"name": "latency", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [buckets]}}
        of = resource(service)
        requests = {
            "traces": {"resourceSpans": [{"resource": of, "scopeSpans": [{"spans": [span]}]}]},
            "logs": {"resourceLogs": [{"resource": of, "scopeLogs": [{"logRecords": [record]}]}]},
            "metrics": {"resourceMetrics": [{"resource": of, "scopeMetrics": [{"metrics": [metric, histogram]}]}]},
        }
        for signal, request in requests.items():
            assert post(spanlake.otlp_http, signal, request).status == 200
        if number == TRACES // 2:
            wait_until_cold(spanlake)
    wait_until_cold(spanlake)


def wait_until_cold(spanlake: Spanlake):
    spanlake.request("POST", "/api/admin/seal")
    deadline = time.monotonic() + 60
    while True:
        status, answer = spanlake.request("GET", "/api/status")
        cold = answer["cold"]
        if status == 200 and cold["state"] == "ready" and cold["waiting_bytes"] == 0 and answer["hot_bytes"] == 0:
            return
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def table_path(spanlake: Spanlake, name: str) -> str:
    return str(spanlake.data_dir / "cold" / name)


def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    (extension,) = Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension")
    connection.execute(f"load '{extension}'")
    return connection


def as_nanos(value: datetime) -> int:
    """Exact, unlike `timestamp()`."""
    since = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def test_duckdb_counts_and_sums_as_we_do(server):
    ours = server.sql("select service_name, count(*), sum(duration) from spans group by 1 order by 1")
    table = table_path(server, "spans")
    theirs = duck().execute(
        f"select service_name, count(*), sum(duration) from delta_scan('{table}') group by 1 order by 1"
    ).fetchall()
    assert [list(row) for row in theirs] == ours
    filtered = duck().execute(f"select count(*) from delta_scan('{table}') where attributes['tenant'] = 't3'").fetchone()
    assert filtered[0] == server.sql_value("select count(*) from spans where attributes['tenant'] = 't3'")
    (route,) = duck().execute(f"select count(*) from delta_scan('{table}') where http_route = '/a'").fetchone()
    assert route == TRACES


def test_no_nanosecond_and_no_id_is_lost(server):
    ours = server.sql("select hex(trace_id), hex(span_id), cast(start_time as bigint) from spans order by 1")
    rows = deltalake.DeltaTable(table_path(server, "spans")).to_pyarrow_table().to_pylist()
    theirs = [
        [row["trace_id"].hex(), row["span_id"].hex(), as_nanos(row["start_time"]) + row["start_time_ns"]] for row in rows
    ]
    # 64-bit numbers are text in JSON.
    assert sorted(theirs) == [[trace_id, span_id, int(start)] for trace_id, span_id, start in ours]
    events = sum(len(row["events"]) for row in rows)
    assert events == server.sql_value("select count(*) from span_events")


def test_deltalake_reads_every_table(server):
    counts = {
        "spans": "select count(*) from spans", "logs": "select count(*) from logs",
        "points": "select count(*) from metrics", "histograms": "select count(*) from histograms",
        "resources": "select count(*) from resources", "scopes": "select count(*) from scopes",
        "series": "select count(*) from series",
    }  # fmt: skip
    for name, query in counts.items():
        table = deltalake.DeltaTable(table_path(server, name)).to_pyarrow_table()
        assert table.num_rows == server.sql_value(query) > 0, name
    points = deltalake.DeltaTable(table_path(server, "points")).to_pyarrow_table()
    assert compute.sum(points["value_double"]).as_py() == server.sql_value("select sum(value) from metrics")


def test_polars_counts_and_sums_as_we_do(server):
    ours = server.sql("select severity_number, count(*) from logs group by 1")
    frame = polars.scan_delta(table_path(server, "logs")).group_by("severity_number").len().collect()
    assert [list(row) for row in frame.rows()] == ours


def test_the_versions_of_a_table_are_its_history(server):
    table = deltalake.DeltaTable(table_path(server, "spans"))
    history = table.history()
    assert len(history) == table.version() + 1 >= 2
    assert all("Spanlake" in commit["engineInfo"] for commit in history)
    earlier = deltalake.DeltaTable(table_path(server, "spans"), version=0).to_pyarrow_table().num_rows
    assert 0 < earlier < TRACES


def test_everything_is_there_after_a_kill(server):
    before = server.sql("select service_name, count(*), sum(duration) from spans group by 1 order by 1")
    trace_id = server.sql_value("select hex(trace_id) from spans order by start_time limit 1")
    server.kill()
    server.start()
    assert server.sql("select service_name, count(*), sum(duration) from spans group by 1 order by 1") == before
    assert len(server.trace(trace_id)["spans"]) == 1
