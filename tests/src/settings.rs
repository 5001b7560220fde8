//! The server's settings that tests turn, by their environment variables.
//!
//! Owns the names, and small values that make seals and new log segments frequent.

pub const SEAL_BYTES: &str = "SPANLAKE_HOT_SEAL_BYTES";
pub const SEAL_INTERVAL: &str = "SPANLAKE_HOT_SEAL_INTERVAL";
pub const MEMORY_BYTES_MAX: &str = "SPANLAKE_HOT_MEMORY_BYTES_MAX";
pub const HOT_AGE_MAX: &str = "SPANLAKE_HOT_AGE_MAX";
/// With 0 everything leaves for the cold tier as soon as it is sealed.
pub const HOT_BYTES_MAX: &str = "SPANLAKE_HOT_BYTES_MAX";
pub const COLD_URL: &str = "SPANLAKE_COLD_URL";
pub const SAMPLING_DAY_BYTES: &str = "SPANLAKE_SAMPLING_DAY_BYTES";
pub const SAMPLING_RULES: &str = "SPANLAKE_SAMPLING_RULES";
pub const SAMPLING_DOOR: &str = "SPANLAKE_SAMPLING_DOOR";
pub const RED_DIMENSIONS: &str = "SPANLAKE_SAMPLING_RED_DIMENSIONS";
pub const OVERLOAD_MEMORY_BYTES: &str = "SPANLAKE_SAMPLING_OVERLOAD_MEMORY_BYTES";
pub const LOG_DURABILITY: &str = "SPANLAKE_LOG_DURABILITY";
pub const LOG_SEGMENT_BYTES: &str = "SPANLAKE_LOG_SEGMENT_BYTES";
pub const HTTP_BODY_BYTES_MAX: &str = "SPANLAKE_RECEIVER_HTTP_BODY_BYTES_MAX";
pub const RETENTION_LOGS: &str = "SPANLAKE_RETENTION_LOGS";
pub const QUERY_MEMORY_BYTES_MAX: &str = "SPANLAKE_QUERY_MEMORY_BYTES_MAX";
pub const SCRAPE_CONFIG_FILE: &str = "SPANLAKE_SCRAPE_CONFIG_FILE";
pub const RULE_FILES: &str = "SPANLAKE_RULE_FILES";
pub const SERIES_PER_METRIC_MAX: &str = "SPANLAKE_METRICS_SERIES_PER_METRIC_MAX";
pub const QUERY_TIMEOUT: &str = "SPANLAKE_QUERY_TIMEOUT";

/// Seals a few times a second under load, and starts a log segment with nearly each.
pub const BUSY_SEALS: &[(&str, &str)] = &[(SEAL_BYTES, "3MiB"), (SEAL_INTERVAL, "300ms"), (LOG_SEGMENT_BYTES, "2MiB")];
/// Nothing is sealed unless it is asked for.
pub const NO_SEALS: &[(&str, &str)] = &[(SEAL_INTERVAL, "1h")];
