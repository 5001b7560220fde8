"""HTTP as OpenTelemetry wants it told: a server span for each request answered, a client span for each one made.

Owns span names, the attributes of the HTTP semantic conventions and the `traceparent` header on both sides.
Never knows what the shop sells: routes come from the service, and so do their answers.
"""

import json
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import metrics, trace
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import SpanKind, Status, StatusCode

DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]


class HttpService:
    """A server on a free port of the loopback. `routes` maps ("GET", "/carts/{cart_id}") to a function of
    (path parameter, JSON body) that answers (status, JSON body)."""

    def __init__(self, routes: dict):
        self.tracer = trace.get_tracer("shop.http.server", "1.0.0")
        self.duration = metrics.get_meter("shop.http.server", "1.0.0").create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS_S,
        )
        self.routes = routes
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                service.serve(self)

            def do_POST(self):
                service.serve(self)

            def log_message(self, *_args):
                pass  # the spans tell

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()

    def find_route(self, method: str, path: str):
        """The route's template and parameter; names come from templates, so there are only ever a few."""
        for (route_method, template), handler in self.routes.items():
            prefix, has_parameter, _ = template.partition("{")
            if route_method == method and (path.startswith(prefix) if has_parameter else path == template):
                return template, path.removeprefix(prefix), handler
        return None, "", None

    def serve(self, request: BaseHTTPRequestHandler):
        started = time.perf_counter()
        route, parameter, handler = self.find_route(request.command, request.path)
        attributes = {
            "http.request.method": request.command,
            "url.scheme": "http",
            "url.path": request.path,
            "server.address": "127.0.0.1",
            "server.port": self.port,
            "client.address": request.client_address[0],
            "network.protocol.version": "1.1",
        }
        if route:
            attributes["http.route"] = route
        with self.tracer.start_as_current_span(
            f"{request.command} {route}" if route else request.command,
            context=extract(dict(request.headers)),
            kind=SpanKind.SERVER,
            attributes=attributes,
        ) as span:
            body = request.rfile.read(int(request.headers.get("content-length", 0)))
            if handler is None:
                status, answer = 404, {"error": "no such page"}
            else:
                status, answer = handler(parameter, json.loads(body or b"{}"))
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_attribute("error.type", str(status))
                span.set_status(Status(StatusCode.ERROR))
            self.duration.record(
                time.perf_counter() - started,
                {
                    "http.request.method": request.command,
                    "http.route": route or "",
                    "http.response.status_code": status,
                    "url.scheme": "http",
                },
            )
        payload = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(payload)))
        request.end_headers()
        request.wfile.write(payload)


class HttpClient:
    """Calls one other service and carries the trace there."""

    def __init__(self, port: int):
        self.port = port
        self.tracer = trace.get_tracer("shop.http.client", "1.0.0")

    def call(self, method: str, template: str, parameter: str = "", body: dict | None = None):
        path = template.partition("{")[0] + parameter
        with self.tracer.start_as_current_span(
            f"{method} {template}",
            kind=SpanKind.CLIENT,
            attributes={
                "http.request.method": method,
                "url.full": f"http://127.0.0.1:{self.port}{path}",
                "url.template": template,
                "server.address": "127.0.0.1",
                "server.port": self.port,
            },
        ) as span:
            headers = {"content-type": "application/json"}
            inject(headers)
            status, answer = plain_call(self.port, method, path, body, headers)
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                span.set_attribute("error.type", str(status))
                span.set_status(Status(StatusCode.ERROR))
            return status, answer


def plain_call(port: int, method: str, path: str, body: dict | None = None, headers: dict | None = None):
    """A request that nobody traces, such as a customer's browser makes it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, json.dumps(body or {}).encode(), headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
