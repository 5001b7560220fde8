//! Spanlake's own telemetry: log lines on stderr, spans and metrics as OTLP into itself or elsewhere.
//!
//! Owns the subscriber and the exporters. What it sends to itself is marked, so that taking it in makes no
//! spans and no counts: telemetry about telemetry would never end. Never buffers without a bound.

mod http_client;
pub mod instruments;

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use http_client::BlockingClient;

/// The service under which the server's own telemetry is stored; the page hides it until asked.
pub const SERVICE_NAME: &str = "spanlake";

/// Where own telemetry goes.
#[derive(Clone, Debug)]
pub struct SelfTelemetry {
    /// Base of an OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`.
    pub endpoint: String,
    pub interval: Duration,
    /// Whether the endpoint is this very process.
    pub to_itself: bool,
    /// Sent as a bearer token, where the endpoint wants one.
    pub token: Option<String>,
}

/// The exporters, where own telemetry is sent at all.
#[derive(Default)]
pub struct Telemetry {
    tracer_provider: Option<SdkTracerProvider>,
    meter_provider: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Starts log lines on stderr (`RUST_LOG` chooses, `info` by default) and, with a target, the exporters.
    ///
    /// # Errors
    /// When an exporter cannot be built or a subscriber is set already.
    pub fn start(target: Option<&SelfTelemetry>) -> anyhow::Result<Self> {
        let telemetry = target.map_or_else(|| Ok(Self::default()), Self::export)?;
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let colours = std::io::stderr().is_terminal();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(colours)
            .with_target(false)
            .with_filter(filter);
        let spans = telemetry.tracer_provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer().with_tracer(provider.tracer("spanlake")).with_filter(EnvFilter::new(
                "off,spanlake=info,spanlake_api=info,spanlake_engine=info,spanlake_store=info",
            ))
        });
        tracing_subscriber::registry().with(spans).with(lines).try_init().context("starting the log")?;
        Ok(telemetry)
    }

    fn export(to: &SelfTelemetry) -> anyhow::Result<Self> {
        let resource = Resource::builder()
            .with_service_name(SERVICE_NAME)
            .with_attributes([KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))])
            .build();
        let client = BlockingClient::new(to.to_itself, to.token.clone());
        let spans = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", to.endpoint))
            .build()
            .context("building the span exporter")?;
        let metrics = MetricExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/metrics", to.endpoint))
            .build()
            .context("building the metric exporter")?;
        let tracer_provider =
            SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
        let reader = PeriodicReader::builder(metrics).with_interval(to.interval).build();
        let meter_provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build();
        global::set_meter_provider(meter_provider.clone());
        Ok(Self { tracer_provider: Some(tracer_provider), meter_provider: Some(meter_provider) })
    }

    /// Sends what is left. Blocks for a few seconds at most.
    pub fn stop(self) {
        for result in [
            self.tracer_provider.map(|provider| provider.shutdown_with_timeout(Duration::from_secs(2))),
            self.meter_provider.map(|provider| provider.shutdown_with_timeout(Duration::from_secs(2))),
        ] {
            if let Some(Err(error)) = result {
                tracing::debug!(%error, "own telemetry could not be flushed");
            }
        }
    }
}
