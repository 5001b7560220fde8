"""Every field of OTLP comes back as it was sent: in, through the log and the tables, and out by the native API."""

import base64

from otlp import new_span_id, new_trace_id, post

START = 1_732_165_200_000_000_001  # one nanosecond past the second, which nothing may round away


def text(key: str, value: str) -> dict:
    return {"key": key, "value": {"stringValue": value}}


def resource(service: str) -> dict:
    return {"attributes": [text("service.name", service), text("host.name", "h1")], "droppedAttributesCount": 1}


SCOPE = {"name": "lib", "version": "2", "attributes": [text("scope.key", "scope value")], "droppedAttributesCount": 2}


def test_a_span(shared_server):
    trace_id, span_id, parent, linked_trace, linked_span = (
        new_trace_id(), new_span_id(), new_span_id(), new_trace_id(), new_span_id(),
    )  # fmt: skip
    span = {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent,
        "traceState": "vendor=1,other=2",
        "flags": 0x301,
        "name": "näme ✓",
        "kind": 4,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 153_000_007),
        "attributes": [
            text("http.request.method", "GET"),
            {"key": "http.response.status_code", "value": {"stringValue": "a number elsewhere"}},
            {"key": "bytes", "value": {"bytesValue": base64.b64encode(b"\0\xff").decode()}},
            {"key": "mixed", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"doubleValue": 1.5}, {}]}}},
        ],
        "droppedAttributesCount": 3,
        "events": [
            {"timeUnixNano": str(START + 9), "name": "e1", "attributes": [text("k", "v")], "droppedAttributesCount": 4},
            {"timeUnixNano": str(START + 5), "name": "e2"},
        ],
        "droppedEventsCount": 5,
        "links": [
            {
                "traceId": linked_trace,
                "spanId": linked_span,
                "traceState": "a=b",
                "attributes": [text("why", "batch")],
                "droppedAttributesCount": 6,
                "flags": 0x101,
            }
        ],
        "droppedLinksCount": 7,
        "status": {"code": 2, "message": "boom"},
    }
    scope_spans = [{"scope": SCOPE, "spans": [span], "schemaUrl": "https://example/scope/1"}]
    request = {
        "resourceSpans": [
            {"resource": resource("round-trip"), "scopeSpans": scope_spans, "schemaUrl": "https://example/resource/1"}
        ]
    }
    assert post(shared_server.otlp_http, "traces", request).body == b"{}"
    (stored,) = shared_server.trace(trace_id)["spans"]
    assert int(stored.pop("received_time")) > START
    assert stored == {
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": parent,
        "trace_state": "vendor=1,other=2",
        "flags": 0x301,
        "name": "näme ✓",
        "kind": "producer",
        "start_time": str(START),
        "end_time": str(START + 153_000_007),
        "duration": "153000007",
        "status": {"code": "error", "message": "boom"},
        "service_name": "round-trip",
        "attributes": {
            "http.request.method": "GET",
            "http.response.status_code": "a number elsewhere",
            "bytes": {"bytesValue": "AP8="},
            "mixed": [1, 1.5, None],
        },
        "resource_attributes": {"service.name": "round-trip", "host.name": "h1"},
        "scope_name": "lib",
        "scope_version": "2",
        "scope_attributes": {"scope.key": "scope value"},
        "events": [
            {"time": str(START + 9), "name": "e1", "attributes": {"k": "v"}, "dropped_attributes_count": 4},
            {"time": str(START + 5), "name": "e2", "attributes": {}, "dropped_attributes_count": 0},
        ],
        "links": [
            {
                "trace_id": linked_trace,
                "span_id": linked_span,
                "trace_state": "a=b",
                "flags": 0x101,
                "attributes": {"why": "batch"},
                "dropped_attributes_count": 6,
            }
        ],
        "dropped_attributes_count": 3,
        "dropped_events_count": 5,
        "dropped_links_count": 7,
        "resource_schema_url": "https://example/resource/1",
        "scope_schema_url": "https://example/scope/1",
    }
    in_sql = shared_server.sql_value(
        "SELECT attributes['http.response.status_code'] FROM spans WHERE service_name = 'round-trip'"
    )
    assert in_sql == "a number elsewhere"


def test_a_log_record_with_every_field_and_one_with_none(shared_server):
    trace_id, span_id = new_trace_id(), new_span_id()
    full = {
        "timeUnixNano": str(START),
        "observedTimeUnixNano": str(START + 1),
        "severityNumber": 21,
        "severityText": "FATAL",
        "eventName": "it.happened",
        "body": {"kvlistValue": {"values": [{"key": "n", "value": {"intValue": "1"}}]}},
        "attributes": [text("k", "v")],
        "droppedAttributesCount": 1,
        "flags": 1,
        "traceId": trace_id,
        "spanId": span_id,
    }
    scope_logs = [{"scope": SCOPE, "logRecords": [full, {}]}]
    request = {"resourceLogs": [{"resource": resource("round-trip-logs"), "scopeLogs": scope_logs}]}
    assert post(shared_server.otlp_http, "logs", request).body == b"{}"
    status, trace = shared_server.request("GET", f"/api/traces/{trace_id}")
    assert status in (200, 404)  # a trace of which only a log is known
    if status == 200:
        (log,) = trace["logs"]
        assert (log["time"], log["observed_time"]) == (str(START), str(START + 1))
        assert (log["body"], log["event_name"], log["flags"]) == ({"n": 1}, "it.happened", 1)
    where = "FROM logs WHERE service_name = 'round-trip-logs'"
    assert shared_server.sql_value(f"SELECT count(*) {where}") == 2
    (stored,) = shared_server.records(f"SELECT * {where} AND severity_number = 21")
    assert (stored["severity_text"], stored["event_name"]) == ("FATAL", "it.happened")
    assert (stored["trace_id"], stored["span_id"]) == (trace_id, span_id)
    assert (stored["flags"], stored["dropped_attributes_count"]) == (1, 1)
    assert stored["attributes"] == {"k": "v"}
    assert stored["resource_attributes"] == {"service.name": "round-trip-logs", "host.name": "h1"}


def test_metric_points_of_every_kind(shared_server):
    trace_id, span_id = new_trace_id(), new_span_id()
    times = {"startTimeUnixNano": str(START), "timeUnixNano": str(START + 10)}
    exemplar = {
        "timeUnixNano": str(START + 3),
        "asDouble": 0.25,
        "traceId": trace_id,
        "spanId": span_id,
        "filteredAttributes": [text("dropped", "by view")],
    }
    metrics = [
        {
            "name": "rt.sum",
            "unit": "By",
            "description": "a sum",
            "sum": {
                "aggregationTemporality": 1,
                "isMonotonic": False,
                "dataPoints": [{**times, "asInt": "-9007199254740993", "exemplars": [exemplar], "flags": 1}],
            },
        },
        {"name": "rt.gauge", "gauge": {"dataPoints": [{"timeUnixNano": str(START), "asDouble": "NaN"}]}},
        {
            "name": "rt.histogram",
            "unit": "s",
            "histogram": {
                "aggregationTemporality": 2,
                "dataPoints": [
                    {**times, "count": "3", "bucketCounts": ["1", "2"], "explicitBounds": [0.5], "exemplars": [exemplar]}
                ],
            },
        },
        {
            "name": "rt.exponential",
            "exponentialHistogram": {
                "aggregationTemporality": 1,
                "dataPoints": [
                    {
                        **times,
                        "count": "6",
                        "sum": -1.5,
                        "scale": -3,
                        "zeroCount": "1",
                        "zeroThreshold": 0.001,
                        "positive": {"offset": -2, "bucketCounts": ["1", "0", "2"]},
                        "negative": {"offset": 4, "bucketCounts": ["2"]},
                        "min": -8.5,
                        "max": 4.5,
                    }
                ],
            },
        },
        {
            "name": "rt.summary",
            "summary": {
                "dataPoints": [
                    {**times, "count": "4", "sum": 10.5, "quantileValues": [{"quantile": 0.5, "value": 2.5}]}
                ]
            },
        },
    ]
    scope_metrics = [{"scope": SCOPE, "metrics": metrics}]
    request = {"resourceMetrics": [{"resource": resource("round-trip-metrics"), "scopeMetrics": scope_metrics}]}
    assert post(shared_server.otlp_http, "metrics", request).body == b"{}"

    def one(table: str, name: str) -> dict:
        (row,) = shared_server.records(f"SELECT * FROM {table} WHERE name = '{name}'")
        return row

    total = one("metrics", "rt.sum")
    assert (total["type"], total["unit"], total["temporality"], total["is_monotonic"]) == ("sum", "By", "delta", False)
    assert (total["description"], total["flags"], total["value_int"]) == ("a sum", 1, "-9007199254740993")
    assert one("metrics", "rt.gauge")["value_double"] == "NaN"
    histogram = one("histograms", "rt.histogram")
    assert (histogram["temporality"], histogram["count"], histogram["sum"]) == ("cumulative", 3, None)
    assert (histogram["bucket_counts"], histogram["explicit_bounds"]) == ([1, 2], [0.5])
    exponential = one("exp_histograms", "rt.exponential")
    fields = "count sum scale zero_count zero_threshold positive_offset positive_bucket_counts negative_offset"
    assert [exponential[field] for field in fields.split()] == [6, -1.5, -3, 1, 0.001, -2, [1, 0, 2], 4]
    assert (exponential["negative_bucket_counts"], exponential["min"], exponential["max"]) == ([2], -8.5, 4.5)
    summary = one("summaries", "rt.summary")
    assert (summary["count"], summary["sum"]) == (4, 10.5)
    assert (summary["quantiles"], summary["quantile_values"]) == ([0.5], [2.5])
    for name in ("rt.sum", "rt.histogram"):
        kept = one("exemplars", name)
        assert (kept["value_double"], kept["trace_id"], kept["span_id"]) == (0.25, trace_id, span_id)
        assert kept["filtered_attributes"] == {"dropped": "by view"}
