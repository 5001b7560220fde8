//! Spanlake's own telemetry: log lines on stderr, spans and metrics as OTLP into itself or elsewhere.
//!
//! Owns the subscriber and the exporters. What it sends to itself is marked, so that taking it in makes no
//! spans and no counts: telemetry about telemetry would never end. Never buffers without a bound.

mod http_client;
pub mod instruments;

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
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use http_client::BlockingClient;

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

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

/// The subscriber's handle: exporters are added once the ports are known.
pub struct Telemetry {
    exporters: reload::Handle<Vec<BoxedLayer>, Registry>,
    tracer_provider: Option<SdkTracerProvider>,
    meter_provider: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Starts log lines on stderr; `RUST_LOG` chooses, `info` by default.
    ///
    /// # Errors
    /// When a subscriber is set already.
    pub fn start() -> anyhow::Result<Self> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let (exporters, handle) = reload::Layer::new(Vec::<BoxedLayer>::new());
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_filter(filter);
        tracing_subscriber::registry().with(exporters).with(lines).try_init().context("starting the log")?;
        Ok(Self { exporters: handle, tracer_provider: None, meter_provider: None })
    }

    /// Starts exporting spans and metrics.
    ///
    /// # Errors
    /// When an exporter cannot be built.
    pub fn export(&mut self, to: &SelfTelemetry) -> anyhow::Result<()> {
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
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer_provider.tracer("spanlake"))
            .with_filter(EnvFilter::new("off,spanlake=info"));
        self.exporters.modify(|layers| layers.push(Box::new(layer))).context("adding the span exporter")?;
        self.tracer_provider = Some(tracer_provider);
        self.meter_provider = Some(meter_provider);
        Ok(())
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
