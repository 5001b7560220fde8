//! Telemetry of one service: the three OpenTelemetry providers and what they have been given so far.
//!
//! Owns which exporter is used and how it is switched off again. Where to send, how compressed and how often is
//! read from the standard `OTEL_*` environment variables by the SDK itself; this module never overrides them,
//! and never knows anything about the shop.

mod sent;

use anyhow::bail;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{Aggregation, Instrument, SdkMeterProvider, Stream};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::prelude::*;

use self::sent::Counter;
pub use self::sent::Sent;
use crate::http::ExportClient;

/// Everything one service reports. Start it first, inside the runtime, and shut it down last, outside of it.
pub struct Telemetry {
    tracer_provider: SdkTracerProvider,
    meter_provider: SdkMeterProvider,
    logger_provider: SdkLoggerProvider,
    counter: Counter,
}

impl Telemetry {
    pub fn start(service_name: &'static str) -> anyhow::Result<Self> {
        let (span_exporter, metric_exporter, log_exporter) = build_exporters()?;
        let resource = describe(service_name);
        let counter = Counter::default();

        let tracer_provider = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_span_processor(counter.clone())
            .with_batch_exporter(span_exporter)
            .build();
        let meter_provider = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_view(exponential_amounts)
            .with_periodic_exporter(metric_exporter)
            .build();
        let logger_provider = SdkLoggerProvider::builder()
            .with_resource(resource)
            .with_log_processor(counter.clone())
            .with_batch_exporter(log_exporter)
            .build();

        global::set_text_map_propagator(TraceContextPropagator::new());
        global::set_meter_provider(meter_provider.clone());
        // Only what the shop itself says: the exporters' transport speaks `tracing` too, and must not feed itself.
        let ours = Targets::new().with_target("rust_shop", tracing::Level::INFO);
        let spans = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_tracer(tracer_provider.tracer("rust-shop"))
            // `tracing` events become log records below, and not span events as well.
            .with_filter(ours.clone().and(filter_fn(|metadata| metadata.is_span())));
        let logs = OpenTelemetryTracingBridge::new(&logger_provider).with_filter(ours);
        tracing_subscriber::registry().with(spans).with(logs).init();
        Ok(Self { tracer_provider, meter_provider, logger_provider, counter })
    }

    /// Sends what is still waiting, and tells what was sent in all. A shop whose telemetry cannot be delivered
    /// still closes in order; it only says so.
    pub fn shutdown(self) -> Sent {
        let results =
            [self.tracer_provider.shutdown(), self.logger_provider.shutdown(), self.meter_provider.shutdown()];
        for error in results.into_iter().filter_map(Result::err) {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("telemetry was lost: {error}\n"));
        }
        self.counter.sent()
    }
}

pub fn protocol() -> String {
    std::env::var("OTEL_EXPORTER_OTLP_PROTOCOL").unwrap_or_else(|_| "http/protobuf".to_owned())
}

/// The exporters of the protocol asked for; each reads endpoint, headers and compression from `OTEL_*`.
fn build_exporters() -> anyhow::Result<(SpanExporter, MetricExporter, LogExporter)> {
    match protocol().as_str() {
        "grpc" => Ok((
            SpanExporter::builder().with_tonic().build()?,
            MetricExporter::builder().with_tonic().build()?,
            LogExporter::builder().with_tonic().build()?,
        )),
        "http/protobuf" | "http/json" => {
            let client = ExportClient::on_this_runtime();
            Ok((
                SpanExporter::builder().with_http().with_http_client(client.clone()).build()?,
                MetricExporter::builder().with_http().with_http_client(client.clone()).build()?,
                LogExporter::builder().with_http().with_http_client(client).build()?,
            ))
        }
        other => {
            bail!("OTEL_EXPORTER_OTLP_PROTOCOL={other}: expected grpc, http/protobuf or http/json")
        }
    }
}

fn describe(service_name: &'static str) -> Resource {
    let instance = RandomIdGenerator::default().new_trace_id().to_string();
    Resource::builder()
        .with_service_name(service_name)
        .with_attributes([
            KeyValue::new("service.namespace", "rust-shop"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
            KeyValue::new("deployment.environment.name", "demo"),
        ])
        .build()
}

/// Amounts differ by orders of magnitude, so their histogram gets buckets that grow with the value.
fn exponential_amounts(instrument: &Instrument) -> Option<Stream> {
    (instrument.name() == "shop.payment.amount").then(|| {
        Stream::builder()
            .with_aggregation(Aggregation::Base2ExponentialHistogram {
                max_size: 160,
                max_scale: 20,
                record_min_max: true,
            })
            .build()
            .expect("the sizes above are within the allowed ranges")
    })
}
