"""OTLP/HTTP as a strict client expects it: status codes, content types, `google.rpc.Status` bodies, limits, CORS."""

import gzip
import zlib

import pytest
import zstandard

import otlp
from otlp import JSON, PROTOBUF, SIGNALS, http_request, new_trace_id, post, span_json, to_message

MIB = 1 << 20
BOTH = pytest.mark.parametrize("content_type", (PROTOBUF, JSON))
EVERY_SIGNAL = pytest.mark.parametrize("signal", SIGNALS)


def refused(answer, status: int, content_type: str):
    """Every refusal is a `google.rpc.Status` in the request's encoding."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert answer.content_type == content_type, answer.headers
    return answer.rpc_status()


# === success ===


@BOTH
@EVERY_SIGNAL
def test_an_empty_request_is_a_full_success(shared_server, signal, content_type):
    answer = post(shared_server.otlp_http, signal, b"{}" if content_type == JSON else b"", content_type)
    assert answer.content_type == content_type
    assert not answer.response(signal).HasField("partial_success")
    assert answer.body in (b"", b"{}")


@pytest.mark.parametrize("compression", ("", "gzip", "zstd"))
@BOTH
def test_each_encoding_and_compression_is_stored_at_once(shared_server, content_type, compression):
    for _ in range(10):  # read right after the answer, so that a lag would show
        trace_id = new_trace_id()
        request = span_json(trace_id)
        body = request if content_type == JSON else to_message("traces", request)
        answer = post(shared_server.otlp_http, "traces", body, content_type, compression)
        assert answer.content_type == content_type
        assert not answer.response("traces").HasField("partial_success")
        assert len(shared_server.trace(trace_id)["spans"]) == 1


@pytest.mark.parametrize(
    "content_type",
    ("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"),
)
def test_json_media_types_may_have_parameters_and_any_case(shared_server, content_type):
    trace_id = new_trace_id()
    answer = post(shared_server.otlp_http, "traces", span_json(trace_id), content_type)
    assert (answer.status, answer.content_type) == (200, JSON)
    assert shared_server.trace(trace_id)


@pytest.mark.parametrize("content_type", ("application/x-protobuf; messageType=x", "Application/X-Protobuf"))
def test_protobuf_media_types_may_have_parameters_and_any_case(shared_server, content_type):
    trace_id = new_trace_id()
    answer = post(shared_server.otlp_http, "traces", to_message("traces", span_json(trace_id)), content_type)
    assert (answer.status, answer.content_type) == (200, PROTOBUF)
    assert shared_server.trace(trace_id)


def test_a_chunked_body_is_taken(shared_server):
    trace_id = new_trace_id()
    body = to_message("traces", span_json(trace_id)).SerializeToString()
    answer = http_request(
        shared_server.otlp_http, "POST", "/v1/traces", iter([body[:20], body[20:]]), {"content-type": PROTOBUF}
    )
    assert answer.status == 200
    assert shared_server.trace(trace_id)


def test_unknown_protobuf_fields_are_ignored(shared_server):
    trace_id = new_trace_id()
    unknown = b"\xfa\x7f\x03abc" + b"\xf0\x7f\x01"  # fields 2047 (bytes) and 2046 (varint)
    answer = post(
        shared_server.otlp_http, "traces", to_message("traces", span_json(trace_id)).SerializeToString() + unknown
    )
    assert not answer.response("traces").HasField("partial_success")
    assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_a_retried_request_is_acknowledged_and_stored_once(shared_server):
    trace_id = new_trace_id()
    request = to_message("traces", span_json(trace_id))
    for _ in range(3):
        assert post(shared_server.otlp_http, "traces", request).status == 200
    assert len(shared_server.trace(trace_id)["spans"]) == 1
    assert shared_server.sql_value(f"SELECT count(*) FROM spans WHERE trace_id = '{trace_id}'") == 1


# === partial success ===


@BOTH
def test_a_zero_trace_id_is_rejected_and_the_rest_is_kept(shared_server, content_type):
    trace_id = new_trace_id()
    request = span_json(trace_id)
    spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append({**spans[0], "traceId": "0" * 32})
    body = request if content_type == JSON else to_message("traces", request)
    response = post(shared_server.otlp_http, "traces", body, content_type).response("traces")
    assert response.partial_success.rejected_spans == 1
    assert response.partial_success.error_message
    assert len(shared_server.trace(trace_id)["spans"]) == 1


@BOTH
def test_too_many_attributes_are_dropped_and_counted(shared_server, content_type):
    trace_id = new_trace_id()
    attributes = [{"key": f"key.{number}", "value": {"intValue": str(number)}} for number in range(6000)]
    request = span_json(trace_id, attributes=attributes)
    body = request if content_type == JSON else to_message("traces", request)
    response = post(shared_server.otlp_http, "traces", body, content_type).response("traces")
    assert response.partial_success.rejected_spans == 0
    assert response.partial_success.error_message
    (span,) = shared_server.trace(trace_id)["spans"]
    assert 0 < span["dropped_attributes_count"] == 6000 - len(span["attributes"])


def test_values_nested_too_deep_reject_one_span(shared_server):
    trace_id = new_trace_id()
    value = {"stringValue": "deep"}
    for _ in range(60):
        value = {"arrayValue": {"values": [value]}}
    request = span_json(trace_id)
    spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append({**spans[0], "spanId": otlp.new_span_id(), "attributes": [{"key": "deep", "value": value}]})
    response = post(shared_server.otlp_http, "traces", request).response("traces")
    assert response.partial_success.rejected_spans == 1
    assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_absurd_nesting_harms_nobody(shared_server):
    body = b'{"resourceSpans":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    assert post(shared_server.otlp_http, "traces", body, JSON).status == 400
    assert shared_server.get_status("/healthz") == 200


# === refusals ===


@BOTH
@EVERY_SIGNAL
def test_undecodable_is_400(shared_server, signal, content_type):
    refused(post(shared_server.otlp_http, signal, b"\x0a\xff{", content_type), 400, content_type)


@pytest.mark.parametrize("compression", ("gzip", "zstd"))
@BOTH
def test_a_broken_compressed_body_is_400(shared_server, content_type, compression):
    headers = {"content-encoding": compression}
    refused(post(shared_server.otlp_http, "traces", b"not compressed", content_type, headers=headers), 400, content_type)
    cut = otlp.compress(b"{}" * 1000, compression)[:-6]
    refused(post(shared_server.otlp_http, "traces", cut, content_type, headers=headers), 400, content_type)


@BOTH
def test_an_unknown_content_encoding_is_refused(shared_server, content_type):
    answer = post(shared_server.otlp_http, "traces", b"{}", content_type, headers={"content-encoding": "br"})
    assert answer.status in (400, 415)
    refused(answer, answer.status, content_type)


@pytest.mark.parametrize("method", ("GET", "PUT", "DELETE"))
@BOTH
def test_another_method_is_405(shared_server, method, content_type):
    answer = http_request(shared_server.otlp_http, method, "/v1/traces", None, {"content-type": content_type})
    refused(answer, 405, content_type)
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("headers", ({}, {"content-type": "text/plain"}, {"content-type": "application/xml"}))
def test_another_content_type_is_415(shared_server, headers):
    answer = http_request(shared_server.otlp_http, "POST", "/v1/traces", b"{}", headers)
    assert answer.status == 415
    answer.rpc_status()  # there is no encoding to follow, so either is right


@pytest.mark.parametrize("path", ("/", "/v1/trace", "/v1/traces/x", "/v2/traces"))
@BOTH
def test_an_unknown_path_is_404(shared_server, path, content_type):
    refused(
        http_request(shared_server.otlp_http, "POST", path, b"{}", {"content-type": content_type}), 404, content_type
    )


# === limits ===


@BOTH
def test_a_body_over_64_mib_is_413(shared_server, content_type):
    refused(post(shared_server.otlp_http, "traces", b" " * (70 * MIB), content_type), 413, content_type)


@BOTH
def test_a_chunked_body_over_64_mib_is_413(shared_server, content_type):
    chunks = (b" " * MIB for _ in range(70))
    answer = http_request(shared_server.otlp_http, "POST", "/v1/logs", chunks, {"content-type": content_type})
    refused(answer, 413, content_type)


@BOTH
def test_a_gzip_bomb_is_413(shared_server, content_type):
    bomb = gzip.compress(b" " * (200 * MIB))
    assert len(bomb) < MIB
    headers = {"content-encoding": "gzip"}
    refused(post(shared_server.otlp_http, "traces", bomb, content_type, headers=headers), 413, content_type)


def test_a_gzip_bomb_of_many_members_is_413(shared_server):
    bomb = gzip.compress(b" " * MIB) * 100
    refused(post(shared_server.otlp_http, "traces", bomb, JSON, headers={"content-encoding": "gzip"}), 413, JSON)


def test_a_zstd_bomb_is_413(shared_server):
    bomb = zstandard.compress(b" " * (200 * MIB))
    headers = {"content-encoding": "zstd"}
    refused(post(shared_server.otlp_http, "traces", bomb, PROTOBUF, headers=headers), 413, PROTOBUF)


def test_a_body_of_60_mib_is_taken(shared_server):
    trace_id = new_trace_id()
    big = "x" * (6 * MIB)
    request = span_json(trace_id)
    spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    for number in range(10):
        attributes = [{"key": "big", "value": {"stringValue": big}}]
        spans.append({**spans[0], "spanId": f"{number + 1:016x}", "attributes": attributes})
    body = to_message("traces", request).SerializeToString()
    assert 60 * MIB <= len(body) < 64 * MIB
    answer = post(shared_server.otlp_http, "traces", body)
    assert answer.status == 200, answer.body[:300]
    assert shared_server.sql_value(f"SELECT count(*) FROM spans WHERE trace_id = '{trace_id}'") == 11


def test_deflate_is_taken_or_refused_properly(shared_server):
    """Some SDKs offer it; OTLP asks only for gzip."""
    body = zlib.compress(to_message("traces", span_json(new_trace_id())).SerializeToString())
    answer = post(shared_server.otlp_http, "traces", body, PROTOBUF, headers={"content-encoding": "deflate"})
    if answer.status != 200:
        assert answer.status in (400, 415)
        refused(answer, answer.status, PROTOBUF)


# === browsers ===


def test_a_cors_preflight_is_answered(shared_server):
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-custom",
    }
    answer = http_request(shared_server.otlp_http, "OPTIONS", "/v1/traces", None, headers)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] in ("http://localhost:3000", "*")
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"].lower()
    assert "x-custom" in answer.headers["access-control-allow-headers"].lower()
    assert int(answer.headers["access-control-max-age"]) > 0


def test_answers_to_a_page_are_marked_and_strangers_are_not(shared_server):
    answer = post(shared_server.otlp_http, "traces", {}, headers={"origin": "http://localhost:3000"})
    assert answer.headers["access-control-allow-origin"] in ("http://localhost:3000", "*")
    answer = post(shared_server.otlp_http, "traces", {}, headers={"origin": "http://stranger.example"})
    assert answer.headers.get("access-control-allow-origin") is None
