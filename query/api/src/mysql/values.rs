//! Pictures of servers as JSON values.

use serde_json::{Map, Value, json};
use spanlake_schemas::mysql::{Figures, LockWait, Point, ServerPicture, Statement};

use crate::render::time_text::push_moment;

/// RFC 3339 with nanoseconds.
pub(super) fn moment(nanoseconds: i64) -> Value {
    let mut text = Vec::with_capacity(32);
    push_moment(&mut text, nanoseconds, 1_000_000_000);
    Value::String(String::from_utf8_lossy(&text).trim_matches('"').to_owned())
}

pub(super) fn figures(figures: &Figures) -> Value {
    Value::Object(figures.known().map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>())
}

pub(super) fn server(picture: &ServerPicture) -> Value {
    let reasons: Vec<Value> =
        picture.reasons.iter().map(|reason| json!({"code": reason.code, "text": reason.text})).collect();
    let replication: Vec<Value> = picture
        .replication
        .iter()
        .map(|replica| {
            json!({
                "channel": replica.channel,
                "source": replica.source,
                "io": replica.io,
                "sql": replica.sql,
                "lag_seconds": replica.lag_seconds,
                "error": replica.error,
            })
        })
        .collect();
    let missing: Vec<Value> = picture
        .missing
        .iter()
        .map(|missing| json!({"what": missing.what, "name": missing.name, "text": missing.text}))
        .collect();
    json!({
        "name": picture.name,
        "flavor": picture.flavor.word(),
        "version": picture.version,
        "up": picture.up,
        "light": picture.light.word(),
        "reasons": reasons,
        "since": moment(picture.since),
        "uptime_seconds": picture.uptime_seconds,
        "interval_ms": picture.interval_ms,
        "figures": figures(&picture.figures),
        "replication": replication,
        "missing": missing,
        "cost": {
            "server_ms_per_second": picture.cost.server_ms_per_second,
            "statements_per_second": picture.cost.statements_per_second,
            "own_cpu_ratio": picture.cost.own_cpu_ratio,
            "skipped": picture.cost.skipped,
        },
    })
}

pub(super) fn point(point: &Point) -> Value {
    json!({"time": moment(point.time), "figures": figures(&point.figures)})
}

pub(super) fn statement(statement: &Statement) -> Value {
    statement.json(moment)
}

pub(super) fn lock_wait(wait: &LockWait) -> Value {
    wait.json(moment)
}
