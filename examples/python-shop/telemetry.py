"""Telemetry of one service: the three OpenTelemetry providers and what they have been given so far.

Owns which exporter is used and how it is switched off again. Where to send, by which protocol, how compressed
and how often is read from the standard OTEL_* environment variables by the SDK itself; this module never
overrides them, and never knows anything about the shop.
"""

import logging
import os
import uuid
from dataclasses import dataclass, field

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


TRACE_IDS_MAX = 10_000  # a demo may run for days


@dataclass
class Sent:
    """What was handed to the exporters: tests compare it with what the server can show."""

    trace_ids: set[str] = field(default_factory=set)
    spans: int = 0
    logs: int = 0


class CountSpans(SpanProcessor):
    """Counts finished spans beside the batch processor, which does not tell."""

    def __init__(self, sent: Sent):
        self.sent = sent

    def on_end(self, span):
        self.sent.spans += 1
        if len(self.sent.trace_ids) < TRACE_IDS_MAX:
            self.sent.trace_ids.add(trace.format_trace_id(span.context.trace_id))


class CountLogs(LogRecordProcessor):
    """Counts log records, likewise."""

    def __init__(self, sent: Sent):
        self.sent = sent

    def on_emit(self, log_record):
        self.sent.logs += 1

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=30_000):
        return True


class Telemetry:
    """Everything one service reports. Make it first, call `shutdown` last."""

    def __init__(self, service_name: str):
        self.sent = Sent()
        resource = Resource.create(
            {
                "service.name": service_name,
                "service.namespace": "python-shop",
                "service.version": "1.0.0",
                "service.instance.id": str(uuid.uuid4()),
                "deployment.environment.name": "demo",
            }
        )
        span_exporter, metric_exporter, log_exporter = build_exporters()

        self.tracer_provider = TracerProvider(resource=resource)
        self.tracer_provider.add_span_processor(CountSpans(self.sent))
        self.tracer_provider.add_span_processor(BatchSpanProcessor(span_exporter))
        trace.set_tracer_provider(self.tracer_provider)

        # Amounts differ by orders of magnitude, so their histogram gets buckets that grow with the value.
        amounts = View(instrument_name="shop.payment.amount", aggregation=ExponentialBucketHistogramAggregation())
        self.meter_provider = MeterProvider(
            resource=resource, views=[amounts], metric_readers=[PeriodicExportingMetricReader(metric_exporter)]
        )
        metrics.set_meter_provider(self.meter_provider)

        self.logger_provider = LoggerProvider(resource=resource)
        self.logger_provider.add_log_record_processor(CountLogs(self.sent))
        self.logger_provider.add_log_record_processor(BatchLogRecordProcessor(log_exporter))
        set_logger_provider(self.logger_provider)
        # Only the shop's own loggers: the exporters log too, and must not feed themselves.
        shop_logger = logging.getLogger("shop")
        shop_logger.setLevel(logging.INFO)
        shop_logger.addHandler(LoggingHandler(logger_provider=self.logger_provider, log_code_attributes=True))

    def shutdown(self) -> Sent:
        """Sends what is still waiting, and tells what was sent in all."""
        self.tracer_provider.shutdown()
        self.logger_provider.shutdown()
        self.meter_provider.shutdown()
        return self.sent


def protocol() -> str:
    return os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")


def build_exporters():
    """The exporters of the protocol asked for; each reads endpoint, headers and compression from OTEL_*."""
    match protocol():
        case "grpc":
            from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
            from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        case "http/protobuf":
            from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        case "http/json":
            from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter
            from opentelemetry.exporter.otlp.json.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
        case other:
            raise SystemExit(f"OTEL_EXPORTER_OTLP_PROTOCOL={other}: expected grpc, http/protobuf or http/json")
    return OTLPSpanExporter(), OTLPMetricExporter(), OTLPLogExporter()
