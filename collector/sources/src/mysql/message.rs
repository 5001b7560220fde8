//! One poll as an OTLP metrics request.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::address::MysqlUrl;
use super::counters::Counters;
use super::identity::Identity;
use super::names::{self, COMMANDS, Kind, METRICS};

pub(super) const SCOPE: &str = "spanlake.sources.mysql";

/// Whose metrics they are.
#[derive(Clone, Debug)]
pub(super) struct Target {
    host: String,
    port: u16,
    endpoint: String,
    identity: Identity,
}

/// What one poll brought.
pub(super) struct Poll<'a> {
    /// Nanoseconds since the epoch, when the server was asked.
    pub(super) time: i64,
    /// When polling began.
    pub(super) since: i64,
    /// Whether the server answered, if only to a ping.
    pub(super) is_up: bool,
    /// `None` where it was not asked for its status.
    pub(super) readings: Option<&'a [(String, String)]>,
    /// What asking took.
    pub(super) duration: Duration,
    pub(super) skipped: u64,
    /// Whether all of the readings are told, or only those that are not as they were told last.
    pub(super) is_full: bool,
}

impl Target {
    pub(super) fn at(url: &MysqlUrl) -> Self {
        Self { host: url.host().to_owned(), port: url.port(), endpoint: url.endpoint(), identity: Identity::default() }
    }

    /// Keeps what the server says of itself, also for the time when it does not answer.
    pub(super) fn identify(&mut self, identity: &Identity) {
        self.identity.clone_from(identity);
    }

    pub(super) fn resource(&self) -> Resource {
        let mut attributes = vec![
            text("service.name", "mysql"),
            text("db.system.name", "mysql"),
            text("server.address", &self.host),
            attribute("server.port", any_value::Value::IntValue(i64::from(self.port))),
            text("service.instance.id", &self.endpoint),
            text("mysql.instance.endpoint", &self.endpoint),
        ];
        if !self.identity.version.is_empty() {
            attributes.push(text("mysql.version", &self.identity.version));
        }
        if let Some(uuid) = &self.identity.server_uuid {
            attributes.push(text("mysql.server_uuid", uuid));
        }
        Resource { attributes, ..Resource::default() }
    }
}

/// The request, with start times from `counters`, and with further metrics.
pub(super) fn build(
    target: &Target,
    poll: &Poll<'_>,
    counters: &mut Counters,
    more: Vec<Metric>,
) -> ExportMetricsServiceRequest {
    let mut metrics = own_metrics(poll);
    metrics.extend(more);
    if let Some(readings) = poll.readings {
        let mut values = numbers(readings);
        derive(&mut values, target.identity.buffer_pool_bytes);
        let uptime = values
            .get("uptime")
            .and_then(|uptime| if let Value::AsInt(seconds) = uptime { Some(*seconds) } else { None });
        counters.poll(poll.time, uptime);
        values.retain(|name, value| counters.is_news(name, size(value)) || poll.is_full);
        let mut writer = Writer { time: poll.time, values, counters };
        metrics.extend(METRICS.iter().filter_map(|metric| writer.known(metric)));
        metrics.extend(writer.commands());
        metrics.extend(writer.rest());
        counters.polled(poll.time);
    }
    request(target, metrics)
}

/// Some metrics of a server as a request.
pub(super) fn request(target: &Target, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope = InstrumentationScope {
        name: SCOPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }];
    let resource = Some(target.resource());
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }
}

/// What the poller knows without the server.
fn own_metrics(poll: &Poll<'_>) -> Vec<Metric> {
    let point = |start, value| vec![point(poll.time, start, Vec::new(), value)];
    let up = Value::AsInt(i64::from(poll.is_up));
    let skipped = Value::AsInt(i64::try_from(poll.skipped).unwrap_or(i64::MAX));
    let duration = Value::AsDouble(poll.duration.as_secs_f64());
    let cost = "Seconds that the last poll took, connecting included.";
    let left_out = "Polls left out because one was late.";
    vec![
        metric("mysql.up", "1", "1 when the server answered the last poll, else 0.", Kind::Gauge, point(None, up)),
        metric("spanlake.mysql.poll.duration", "s", cost, Kind::Gauge, point(None, duration)),
        metric("spanlake.mysql.poll.skipped", "1", left_out, Kind::Counter, point(Some(poll.since), skipped)),
    ]
}

/// Values by lower-case name; what is not a number is left out.
fn numbers(readings: &[(String, String)]) -> BTreeMap<String, Value> {
    let number = |text: &str| {
        let integer = text.parse::<i64>().ok().map(Value::AsInt);
        integer.or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::AsDouble))
    };
    let status = readings.iter().filter(|(name, _)| !name.starts_with(super::fast::PERFORMANCE_SCHEMA_PREFIX));
    status.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), number(value)?))).collect()
}

/// What the Collector computes rather than reads.
fn derive(values: &mut BTreeMap<String, Value>, buffer_pool_bytes: Option<i64>) {
    let integer = |values: &BTreeMap<String, Value>, name: &str| match values.get(name) {
        Some(Value::AsInt(value)) => Some(*value),
        _ => None,
    };
    for what in ["pages", "bytes"] {
        let data = integer(values, &format!("innodb_buffer_pool_{what}_data"));
        let dirty = integer(values, &format!("innodb_buffer_pool_{what}_dirty"));
        if let Some((data, dirty)) = data.zip(dirty) {
            let clean = Value::AsInt(data.saturating_sub(dirty).max(0));
            values.insert(format!("spanlake_buffer_pool_{what}_clean"), clean);
        }
    }
    if let Some(bytes) = buffer_pool_bytes {
        values.insert("spanlake_buffer_pool_size".to_owned(), Value::AsInt(bytes));
    }
}

struct Writer<'a> {
    time: i64,
    /// What no metric took yet.
    values: BTreeMap<String, Value>,
    counters: &'a Counters,
}

impl Writer<'_> {
    /// A metric of the Collector, where the server has at least one of its variables.
    fn known(&mut self, of: &names::Metric) -> Option<Metric> {
        let mut points = Vec::with_capacity(of.points.len());
        for variable in of.points {
            let value = if names::TWICE.contains(&variable.variable) {
                self.values.get(variable.variable).cloned()
            } else {
                self.values.remove(variable.variable)
            };
            let Some(value) = value else { continue };
            let attributes = of.key.map(|key| text(key, variable.value)).into_iter().collect();
            points.push(self.point(of.kind, variable.variable, attributes, value));
        }
        (!points.is_empty()).then(|| metric(of.name, of.unit, of.description, of.kind, points))
    }

    fn commands(&mut self) -> Option<Metric> {
        let names: Vec<String> = self.values.keys().filter(|name| name.starts_with("com_")).cloned().collect();
        let mut points = Vec::with_capacity(names.len());
        for name in names {
            let Some(value) = self.values.remove(&name) else { continue };
            let attributes = COMMANDS.key.map(|key| text(key, &name["com_".len()..])).into_iter().collect();
            points.push(self.point(COMMANDS.kind, &name, attributes, value));
        }
        let of = &COMMANDS;
        (!points.is_empty()).then(|| metric(of.name, of.unit, of.description, of.kind, points))
    }

    /// Everything that is left goes by its own name.
    fn rest(&mut self) -> Vec<Metric> {
        let mut metrics = HashMap::new();
        for (variable, value) in std::mem::take(&mut self.values) {
            let (kind, unit) = names::of_variable(&variable);
            let point = self.point(kind, &variable, Vec::new(), value);
            let plain: String =
                variable.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
            let name = format!("mysql.global_status.{plain}");
            metrics.entry(name.clone()).or_insert_with(|| metric(&name, unit, "", kind, vec![point]));
        }
        let mut metrics: Vec<Metric> = metrics.into_values().collect();
        metrics.sort_by(|left, right| left.name.cmp(&right.name));
        metrics
    }

    fn point(&self, kind: Kind, variable: &str, attributes: Vec<KeyValue>, value: Value) -> NumberDataPoint {
        let start = match kind {
            Kind::Gauge => None,
            Kind::UpDown => Some(self.counters.server_start()),
            Kind::Counter => Some(self.counters.start_of(variable)),
        };
        point(self.time, start.map(|start| start.min(self.time)), attributes, value)
    }
}

fn point(time: i64, start: Option<i64>, attributes: Vec<KeyValue>, value: Value) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        start_time_unix_nano: start.map_or(0, nanoseconds),
        time_unix_nano: nanoseconds(time),
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

#[allow(clippy::cast_precision_loss, reason = "only compared with the value before")]
fn size(value: &Value) -> f64 {
    match value {
        Value::AsInt(value) => *value as f64,
        Value::AsDouble(value) => *value,
    }
}

/// One number of now; a counter has counted since `start`.
pub(super) fn number(
    (name, unit, description): (&str, &str, &str),
    (kind, start): (Kind, Option<i64>),
    time: i64,
    points: impl IntoIterator<Item = (Vec<KeyValue>, f64)>,
) -> Metric {
    let points = points.into_iter().map(|(attributes, value)| point(time, start, attributes, Value::AsDouble(value)));
    metric(name, unit, description, kind, points.collect())
}

fn nanoseconds(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

fn metric(name: &str, unit: &str, description: &str, kind: Kind, data_points: Vec<NumberDataPoint>) -> Metric {
    let aggregation_temporality = i32::from(AggregationTemporality::Cumulative);
    let data = match kind {
        Kind::Gauge => Data::Gauge(Gauge { data_points }),
        Kind::Counter | Kind::UpDown => {
            Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: kind == Kind::Counter })
        }
    };
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        description: description.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
