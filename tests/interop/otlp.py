"""OTLP as a strict client speaks it: requests by hand over HTTP and HTTP/2, and what may come back.

Owns encodings, compressions, and the reading of answers (`Export*ServiceResponse`, `google.rpc.Status`). Never
repairs a request: tests decide what is sent, and broken requests are sent as they are.
"""

import base64
import gzip
import json
import os
import socket
import struct
import time
from dataclasses import dataclass
from http.client import HTTPConnection

import h2.config
import h2.connection
import h2.events
import zstandard
from google.protobuf import json_format
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
SIGNALS = ("traces", "metrics", "logs")
REQUESTS = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
}
RESPONSES = {
    "traces": trace_service_pb2.ExportTraceServiceResponse,
    "metrics": metrics_service_pb2.ExportMetricsServiceResponse,
    "logs": logs_service_pb2.ExportLogsServiceResponse,
}
METHODS = {
    signal: f"/opentelemetry.proto.collector.{package}.v1.{service}/Export"
    for signal, package, service in (
        ("traces", "trace", "TraceService"),
        ("metrics", "metrics", "MetricsService"),
        ("logs", "logs", "LogsService"),
    )
}
ID_FIELDS = ("traceId", "spanId", "parentSpanId")


# === making requests ===


def new_trace_id() -> str:
    return os.urandom(16).hex()


def new_span_id() -> str:
    return os.urandom(8).hex()


def span_json(trace_id: str, service: str = "interop", **fields) -> dict:
    """A request of one span in OTLP/JSON; `fields` replace or add fields of the span."""
    now = time.time_ns()
    span = {
        "traceId": trace_id,
        "spanId": new_span_id(),
        "name": "a span",
        "kind": 2,
        "startTimeUnixNano": str(now - 1_000_000),
        "endTimeUnixNano": str(now),
        **fields,
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "interop"}, "spans": [span]}]}]}


def to_message(signal: str, request: dict):
    """The same request as a protobuf message. protobuf's own JSON has ids in base64 where OTLP has hex."""

    def convert(value):
        if isinstance(value, dict):
            return {
                key: base64.b64encode(bytes.fromhex(item)).decode() if key in ID_FIELDS else convert(item)
                for key, item in value.items()
            }
        return [convert(item) for item in value] if isinstance(value, list) else value

    return json_format.ParseDict(convert(request), REQUESTS[signal]())


def compress(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "gzip":
            return gzip.compress(body)
        case "zstd":
            return zstandard.compress(body)
        case _:
            return body


# === HTTP ===


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def response(self, signal: str):
        """The body as the signal's `Export*ServiceResponse`."""
        assert self.status == 200, (self.status, self.body)
        if self.content_type == JSON:
            return json_format.ParseDict(json.loads(self.body), RESPONSES[signal]())
        assert self.content_type == PROTOBUF, self.headers
        return RESPONSES[signal].FromString(self.body)

    def rpc_status(self) -> status_pb2.Status:
        """The body as the `google.rpc.Status` that every refusal must carry, in the encoding it declares."""
        if self.content_type == JSON:
            status = json_format.ParseDict(json.loads(self.body), status_pb2.Status())
        else:
            assert self.content_type == PROTOBUF, f"{self.status} with {self.headers} and {self.body[:200]}"
            status = status_pb2.Status.FromString(self.body)
        assert status.message, f"{self.status} without a message: {self.body[:200]}"
        return status


def http_request(address: str, method: str, path: str, body: bytes | None = None, headers: dict | None = None):
    """One request. A server may answer and close before it has read a body that is too large."""
    connection = HTTPConnection(address, timeout=60)
    try:
        try:
            connection.request(method, path, body, headers or {})
        except (BrokenPipeError, ConnectionResetError):
            pass  # what it answered may still be there to read
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def post(address: str, signal: str, request, content_type: str = PROTOBUF, compression: str = "", headers=None):
    """Posts a request: a dict goes as JSON, a message as protobuf, bytes as they are."""
    if isinstance(request, dict):
        content_type = JSON if content_type == PROTOBUF else content_type
        body = json.dumps(request).encode()
    elif isinstance(request, bytes):
        body = request
    else:
        body = request.SerializeToString()
    all_headers = {"content-type": content_type, **(headers or {})}
    if compression:
        all_headers["content-encoding"] = compression
    return http_request(address, "POST", f"/v1/{signal}", compress(body, compression), all_headers)


# === gRPC by hand, for what grpcio would not send ===


@dataclass
class GrpcAnswer:
    headers: dict[str, str]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.headers["grpc-status"])

    def details(self) -> status_pb2.Status:
        value = self.headers.get("grpc-status-details-bin", "")
        return status_pb2.Status.FromString(base64.b64decode(value + "=" * (-len(value) % 4)))


def grpc_frame(message: bytes, compressed: bool = False) -> bytes:
    return struct.pack(">BI", compressed, len(message)) + message


def grpc_call(address: str, method: str, frame: bytes, headers: dict | None = None, pings: int = 0) -> GrpcAnswer:
    """One unary call on a connection of its own, after `pings` HTTP/2 pings."""
    host, port = address.rsplit(":", 1)
    config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
    connection = h2.connection.H2Connection(config)
    with socket.create_connection((host, int(port)), timeout=60) as link:
        connection.initiate_connection()
        for number in range(pings):
            connection.ping(struct.pack(">Q", number))
        fields = {
            ":method": "POST", ":scheme": "http", ":path": method, ":authority": address,
            "content-type": "application/grpc", "te": "trailers", **(headers or {}),
        }  # fmt: skip
        connection.send_headers(1, list(fields.items()))
        answer = GrpcAnswer({}, b"")
        while True:
            window = min(connection.local_flow_control_window(1), connection.max_outbound_frame_size)
            if frame is not None and (frame == b"" or window > 0):
                chunk, frame = frame[:window], frame[window:]
                connection.send_data(1, chunk, end_stream=not frame)
                frame = frame or None
                link.sendall(connection.data_to_send())
                continue
            link.sendall(connection.data_to_send())
            data = link.recv(65536)
            assert data, f"the connection was closed after {answer}"
            for event in connection.receive_data(data):
                match event:
                    case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                        answer.headers.update(event.headers)
                    case h2.events.DataReceived():
                        answer.body += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, 1)
                    case h2.events.StreamEnded():
                        return answer
                    case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                        assert "grpc-status" in answer.headers, event
                        return answer
