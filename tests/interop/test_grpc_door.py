"""OTLP/gRPC as a strict client expects it: codes that tell what may be sent again, compressions, sizes."""

import struct
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
import zstandard
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from otlp import METHODS, REQUESTS, RESPONSES, SIGNALS, grpc_call, grpc_frame, new_trace_id, span_json, to_message

MIB = 1 << 20
OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED = 0, 3, 8, 12
EVERY_SIGNAL = pytest.mark.parametrize("signal", SIGNALS)


@pytest.fixture(scope="module")
def channel(shared_server):
    with grpc.insecure_channel(shared_server.otlp_grpc) as channel:
        yield channel


def export(channel, signal: str, request, **options):
    """Calls Export; `request` may be bytes, which go as they are."""
    call = channel.unary_unary(
        METHODS[signal],
        request_serializer=lambda it: it if isinstance(it, bytes) else it.SerializeToString(),
        response_deserializer=RESPONSES[signal].FromString,
    )
    return call(request, timeout=60, **options)


def error_of(channel, signal: str, request, **options) -> tuple[StatusCode, status_pb2.Status]:
    with pytest.raises(grpc.RpcError) as raised:
        export(channel, signal, request, **options)
    details = dict(raised.value.trailing_metadata()).get("grpc-status-details-bin", b"")
    return raised.value.code(), status_pb2.Status.FromString(details)


def has_retry_info(status: status_pb2.Status) -> bool:
    return any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)


@EVERY_SIGNAL
def test_an_empty_request_is_a_full_success(channel, signal):
    assert not export(channel, signal, REQUESTS[signal]()).HasField("partial_success")


@pytest.mark.parametrize("compression", (grpc.Compression.NoCompression, grpc.Compression.Gzip))
def test_what_is_acknowledged_can_be_read_at_once(shared_server, channel, compression):
    for _ in range(20):
        trace_id = new_trace_id()
        response = export(channel, "traces", to_message("traces", span_json(trace_id)), compression=compression)
        assert not response.HasField("partial_success")
        assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_zstd_is_taken(shared_server):
    trace_id = new_trace_id()
    body = zstandard.compress(to_message("traces", span_json(trace_id)).SerializeToString())
    answer = grpc_call(
        shared_server.otlp_grpc, METHODS["traces"], grpc_frame(body, compressed=True), {"grpc-encoding": "zstd"}
    )
    assert answer.status == OK, answer
    assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_an_unknown_compression_is_unimplemented_and_says_what_is_known(shared_server):
    frame = grpc_frame(b"whatever", compressed=True)
    answer = grpc_call(shared_server.otlp_grpc, METHODS["traces"], frame, {"grpc-encoding": "snappy"})
    assert answer.status == UNIMPLEMENTED, answer
    accepted = {name.strip() for name in answer.headers["grpc-accept-encoding"].split(",")}
    assert {"gzip", "zstd"} <= accepted


def test_a_message_over_the_limit_is_exhausted_and_not_to_be_sent_again(channel):
    attributes = [{"key": "big", "value": {"stringValue": "x" * (20 * MIB)}}]
    code, status = error_of(channel, "traces", to_message("traces", span_json(new_trace_id(), attributes=attributes)))
    assert code == StatusCode.RESOURCE_EXHAUSTED
    assert not has_retry_info(status)


def test_a_message_that_is_too_large_once_inflated_is_exhausted_too(channel):
    attributes = [{"key": "big", "value": {"stringValue": "x" * (80 * MIB)}}]
    request = to_message("traces", span_json(new_trace_id(), attributes=attributes))
    code, status = error_of(channel, "traces", request, compression=grpc.Compression.Gzip)
    assert code == StatusCode.RESOURCE_EXHAUSTED
    assert not has_retry_info(status)


def test_a_message_over_the_usual_4_mib_is_taken(shared_server, channel):
    trace_id = new_trace_id()
    attributes = [{"key": "big", "value": {"stringValue": "x" * (10 * MIB)}}]
    response = export(channel, "traces", to_message("traces", span_json(trace_id, attributes=attributes)))
    assert not response.HasField("partial_success")
    assert len(shared_server.trace(trace_id)["spans"]) == 1


@EVERY_SIGNAL
def test_bad_data_is_an_invalid_argument(channel, signal):
    code, status = error_of(channel, signal, b"\x0a\xff\xff")
    assert code == StatusCode.INVALID_ARGUMENT
    assert any(detail.Is(error_details_pb2.BadRequest.DESCRIPTOR) for detail in status.details)
    assert not has_retry_info(status)


def test_a_frame_that_is_cut_off_is_refused_for_good(shared_server):
    answer = grpc_call(shared_server.otlp_grpc, METHODS["traces"], struct.pack(">BI", 0, 100) + b"short")
    assert answer.status in (INVALID_ARGUMENT, 13), answer  # INTERNAL is what most servers say


@pytest.mark.parametrize(
    "method",
    ("/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/no.such.Service/Export"),
)
def test_an_unknown_method_is_unimplemented(shared_server, method):
    assert grpc_call(shared_server.otlp_grpc, method, grpc_frame(b"")).status == UNIMPLEMENTED


def test_a_zero_trace_id_is_rejected_and_the_rest_is_kept(shared_server, channel):
    trace_id = new_trace_id()
    request = span_json(trace_id)
    spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append({**spans[0], "traceId": "0" * 32})
    response = export(channel, "traces", to_message("traces", request))
    assert response.partial_success.rejected_spans == 1
    assert response.partial_success.error_message
    assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_unknown_fields_are_ignored(shared_server, channel):
    trace_id = new_trace_id()
    body = to_message("traces", span_json(trace_id)).SerializeToString() + b"\xfa\x7f\x03abc"
    assert not export(channel, "traces", body).HasField("partial_success")
    assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_a_retried_request_is_acknowledged_and_stored_once(shared_server, channel):
    trace_id = new_trace_id()
    request = to_message("traces", span_json(trace_id))
    for _ in range(3):
        export(channel, "traces", request)
    assert len(shared_server.trace(trace_id)["spans"]) == 1


def test_many_calls_at_once_on_one_connection(shared_server, channel):
    trace_ids = [new_trace_id() for _ in range(300)]
    with ThreadPoolExecutor(50) as pool:
        requests = [to_message("traces", span_json(trace_id)) for trace_id in trace_ids]
        responses = list(pool.map(lambda request: export(channel, "traces", request), requests))
    assert not any(response.HasField("partial_success") for response in responses)
    assert all(len(shared_server.trace(trace_id)["spans"]) == 1 for trace_id in trace_ids)


def test_a_client_that_pings_often_is_not_thrown_out(shared_server):
    answer = grpc_call(shared_server.otlp_grpc, METHODS["logs"], grpc_frame(b""), pings=50)
    assert answer.status == OK, answer
