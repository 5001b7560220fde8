//! What settings must be together, and the token file. Runs once all layers are in.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;

use super::Loaded;
use super::error::ConfigError;
use super::values::{Secret, SelfTelemetryMode};
use spanlake_sampler::budget::BudgetSettings;
use spanlake_sampler::red::RedLimits;
use spanlake_sampler::rules::check::{RuleProblem, check as check_rules};

pub(super) fn check(loaded: &mut Loaded) -> Result<(), ConfigError> {
    if let Some(path) = loaded.config.token_file.clone() {
        let token = read_token(&path).map_err(|message| wrong(loaded, "token_file", &message))?;
        loaded.config.token = Some(token);
    }
    check_doors(loaded)?;
    check_frame_ancestors(loaded)?;
    check_sizes(loaded)?;
    check_sampling(loaded)?;
    check_telemetry(loaded)
}

fn wrong(loaded: &Loaded, key: &str, message: &str) -> ConfigError {
    ConfigError::about(key, loaded.origin(key), message)
}

fn read_token(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("{} must hold one line of visible ASCII without spaces", path.display()));
    }
    Ok(Secret::new(token.to_owned()))
}

fn check_doors(loaded: &Loaded) -> Result<(), ConfigError> {
    let config = &loaded.config;
    if !config.listen.ip().to_canonical().is_loopback() && config.token.is_none() && !config.insecure {
        let message = format!(
            "{} can be reached by others: set token_file (--token-file FILE), or insecure (--insecure) to let everyone in",
            config.listen
        );
        return Err(wrong(loaded, "listen", &message));
    }
    let doors = [("listen", config.listen), ("otlp_grpc", config.otlp_grpc), ("otlp_http", config.otlp_http)];
    for (index, (key, address)) in doors.iter().enumerate() {
        if let Some((other, _)) = doors[..index].iter().find(|(_, other)| clash(*address, *other)) {
            return Err(wrong(loaded, key, &format!("{address} is taken by {other} already")));
        }
    }
    Ok(())
}

fn clash(left: SocketAddr, right: SocketAddr) -> bool {
    let (one, other) = (left.ip().to_canonical(), right.ip().to_canonical());
    left.port() != 0 && left.port() == right.port() && (one == other || one.is_unspecified() || other.is_unspecified())
}

/// A scheme, a host and perhaps a port: what stands in a header must not end its part of it.
fn check_frame_ancestors(loaded: &Loaded) -> Result<(), ConfigError> {
    let is_origin = |text: &&String| {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-:*[]".contains(letter))
    };
    match loaded.config.frame_ancestors.iter().find(|text| !is_origin(text)) {
        Some(other) => {
            let message = format!("{other:?} is no origin such as https://wiki.example, without a path");
            Err(wrong(loaded, "frame_ancestors", &message))
        }
        None => Ok(()),
    }
}

fn check_sizes(loaded: &Loaded) -> Result<(), ConfigError> {
    let (hot, receiver) = (&loaded.config.hot, &loaded.config.receiver);
    if hot.seal_bytes > hot.rows_bytes_max() {
        return Err(wrong(
            loaded,
            "hot.seal_bytes",
            "is more than two thirds of hot.memory_bytes_max, so that nothing would be sealed in time",
        ));
    }
    let bodies = [
        ("receiver.http_body_bytes_max", receiver.http_body_bytes_max),
        ("receiver.grpc_message_bytes_max", receiver.grpc_message_bytes_max),
    ];
    match bodies.into_iter().find(|(_, bytes)| *bytes > hot.rows_bytes_max()) {
        Some((key, _)) => {
            let message = "is more than two thirds of hot.memory_bytes_max, so that such a body would never be taken";
            Err(wrong(loaded, key, message))
        }
        None => Ok(()),
    }
}

fn check_sampling(loaded: &Loaded) -> Result<(), ConfigError> {
    let sampling = &loaded.config.sampling;
    let budget = BudgetSettings { day_bytes: sampling.day_bytes.unwrap_or(u64::MAX) };
    if sampling.overload_memory_bytes.is_some_and(|bytes| bytes >= loaded.config.hot.rows_bytes_max()) {
        let message = "is not less than two thirds of hot.memory_bytes_max, at which senders are told to retry instead";
        return Err(wrong(loaded, "sampling.overload_memory_bytes", message));
    }
    if sampling.red_dimensions.len() > RedLimits::EXTRA_DIMENSIONS_MAX {
        let message = format!("names {} attributes; at most 4 are possible", sampling.red_dimensions.len());
        return Err(wrong(loaded, "sampling.red_dimensions", &message));
    }
    match check_rules(&sampling.rules, &budget).into_iter().find(RuleProblem::is_fatal) {
        Some(problem) => Err(wrong(loaded, "sampling.rules", &problem.to_string())),
        None => Ok(()),
    }
}

fn check_telemetry(loaded: &Loaded) -> Result<(), ConfigError> {
    let own = &loaded.config.self_telemetry;
    if own.mode == SelfTelemetryMode::Otlp && own.endpoint.is_none() {
        let message = "otlp wants self_telemetry.endpoint, such as http://collector:4318";
        return Err(wrong(loaded, "self_telemetry.mode", message));
    }
    let mut servers = HashSet::new();
    match loaded.config.mysql.iter().find(|source| !servers.insert(source.url.endpoint())) {
        Some(twice) => Err(wrong(loaded, "mysql", &format!("{} is listed twice", twice.url.endpoint()))),
        None => Ok(()),
    }
}
