//! Log records: about 250 OTLP bytes each, most of them with the ids of a trace and a span.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use prost::Message;

use super::shop::{EXCEPTIONS, INSTANCES, SERVICES, Service, resource, stack_trace};
use super::{ITEMS_PER_REQUEST, any_text, integer, text};
use crate::random::Random;
use crate::template::{Template, span_mark, time_mark, trace_mark};

/// A round of requests, one an instance; its times lie within so many microseconds, at most an hour.
#[must_use]
pub fn templates(seed: u64, round_micros: u64) -> Vec<Template> {
    let mut random = Random::new(seed);
    let mut next_slot = 0;
    (0..SERVICES.len() * INSTANCES)
        .map(|request| {
            let (service, instance) = (request % SERVICES.len(), request / SERVICES.len());
            let log_records = (0..ITEMS_PER_REQUEST)
                .map(|_| {
                    next_slot += 1;
                    record(&SERVICES[service], next_slot, round_micros, &mut random)
                })
                .collect();
            let scope_logs =
                vec![ScopeLogs { scope: super::scope("com.shop.Logger"), log_records, ..ScopeLogs::default() }];
            let resource_logs = vec![ResourceLogs {
                resource: Some(resource(service, instance)),
                scope_logs,
                ..ResourceLogs::default()
            }];
            let items = u32::try_from(ITEMS_PER_REQUEST).expect("small");
            Template::new(ExportLogsServiceRequest { resource_logs }.encode_to_vec(), items, &[])
        })
        .collect()
}

fn record(service: &Service, slot: u32, round_micros: u64, random: &mut Random) -> LogRecord {
    let after = u32::try_from(random.below(round_micros)).expect("small");
    let (severity, severity_text) = match random.below(1000) {
        0..=119 => (SeverityNumber::Debug, "DEBUG"),
        120..=939 => (SeverityNumber::Info, "INFO"),
        940..=987 => (SeverityNumber::Warn, "WARN"),
        _ => (SeverityNumber::Error, "ERROR"),
    };
    let mut record = LogRecord {
        time_unix_nano: time_mark(after),
        observed_time_unix_nano: time_mark(after + 40),
        severity_number: severity.into(),
        severity_text: severity_text.to_owned(),
        body: Some(any_text(body(service, random))),
        attributes: vec![
            text("code.function.name", format!("{}Service.handle", service.noun)),
            text("thread.name", format!("worker-{}", random.below(32))),
            integer("thread.id", i64::try_from(20 + random.below(100)).expect("small")),
            text("user.id", format!("u{}", random.below(400_000))),
        ],
        ..LogRecord::default()
    };
    if random.chance(800) {
        record.trace_id = trace_mark(slot / 6);
        record.span_id = span_mark(slot);
        record.flags = 1;
    }
    if severity == SeverityNumber::Error && random.chance(400) {
        let exception = *random.pick(&EXCEPTIONS);
        record.attributes.push(text("exception.type", exception.0));
        record.attributes.push(text("exception.stacktrace", stack_trace(exception, random)));
    } else if random.chance(250) {
        record.attributes.push(integer("app.items", i64::try_from(random.below(40)).expect("small")));
    }
    record
}

fn body(service: &Service, random: &mut Random) -> String {
    let noun = service.noun;
    match random.below(6) {
        0 => format!("{noun} {} was updated in {} ms", random.hex(12), random.below(400)),
        1 => format!("request finished: GET /api/v1/{noun}s/{} 200 {} bytes", random.hex(12), random.below(90_000)),
        2 => format!("cache miss for key {noun}:{}, loading from {}", random.hex(8), service.database),
        3 => format!("retrying call to {}.shop.svc, attempt {}", random.pick(&SERVICES).name, 1 + random.below(3)),
        4 => {
            format!("user u{} placed {noun} {} with {} items", random.below(400_000), random.hex(10), random.below(40))
        }
        _ => format!("published event {noun}.changed with id {} to partition {}", random.uuid(), random.below(24)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_intended_size() {
        let templates = templates(1, crate::corpus::traces::ROUND_MICROS);
        let bytes: usize = templates.iter().map(|template| template.bytes().len()).sum();
        let records: u32 = templates.iter().map(|template| template.items).sum();
        let each = bytes / usize::try_from(records).unwrap();
        assert!((235..=265).contains(&each), "{each} bytes a record");
    }
}
