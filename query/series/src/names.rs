//! Names of metrics and labels, in each of the four translation strategies.
//!
//! Pure. The rules are those of Prometheus's `otlptranslator` (metric_namer.go, unit_namer.go and label_namer.go), which
//! implement the OpenTelemetry specification's "Prometheus and OpenMetrics Compatibility".

/// How OTLP's names become Prometheus's, as the setting `translation_strategy` of Prometheus names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// `http_server_request_duration_seconds`; what lists show.
    UnderscoreEscapingWithSuffixes,
    /// `http.server.request.duration_seconds`
    NoUtf8EscapingWithSuffixes,
    /// `http_server_request_duration`
    UnderscoreEscapingWithoutSuffixes,
    /// `http.server.request.duration`
    NoTranslation,
}

impl Strategy {
    pub const ALL: [Self; 4] = [
        Self::UnderscoreEscapingWithSuffixes,
        Self::NoUtf8EscapingWithSuffixes,
        Self::UnderscoreEscapingWithoutSuffixes,
        Self::NoTranslation,
    ];
}

/// What a name's suffixes depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
    /// A sum that may fall, a histogram, a summary: no suffix but that of the unit.
    Other,
}

/// The name of a metric.
#[must_use]
pub fn metric_name(strategy: Strategy, name: &str, unit: &str, kind: Kind) -> String {
    match strategy {
        Strategy::NoTranslation => name.to_owned(),
        Strategy::NoUtf8EscapingWithSuffixes => with_suffixes(name, unit, kind),
        Strategy::UnderscoreEscapingWithoutSuffixes => not_a_number(tokens(name).join("_")),
        Strategy::UnderscoreEscapingWithSuffixes => {
            let mut parts: Vec<String> = tokens(name).into_iter().map(str::to_owned).collect();
            let (main, per) = unit_suffixes(unit);
            for suffix in [main, per] {
                let suffix: Vec<&str> = tokens(&suffix);
                if let Some(word) = suffix.last().filter(|word| parts.iter().all(|part| part != *word)) {
                    // `per` belongs to the unit behind it.
                    parts.extend(suffix[..suffix.len() - 1].iter().map(|part| (*part).to_owned()));
                    parts.push((*word).to_owned());
                }
            }
            if let Some(suffix) = kind_suffix(unit, kind) {
                parts.retain(|part| part != suffix);
                parts.push(suffix.to_owned());
            }
            not_a_number(parts.join("_"))
        }
    }
}

fn with_suffixes(name: &str, unit: &str, kind: Kind) -> String {
    let mut named = name.to_owned();
    let suffix = kind_suffix(unit, kind);
    if let Some(suffix) = suffix {
        named = named.strip_suffix(&format!("_{suffix}")).unwrap_or(&named).to_owned();
    }
    let (main, per) = unit_suffixes(unit);
    for unit in [main, per].iter().filter(|unit| !unit.is_empty()) {
        if !named.ends_with(&format!("_{unit}")) {
            named = format!("{named}_{unit}");
        }
    }
    match suffix {
        Some(suffix) => format!("{named}_{suffix}"),
        None => named,
    }
}

fn kind_suffix(unit: &str, kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Counter => Some("total"),
        Kind::Gauge if unit == "1" => Some("ratio"),
        Kind::Gauge | Kind::Other => None,
    }
}

fn tokens(name: &str) -> Vec<&str> {
    name.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == ':'))
        .filter(|part| !part.is_empty())
        .collect()
}

fn not_a_number(name: String) -> String {
    if name.starts_with(|letter: char| letter.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The words for a unit, such as `bytes` and `per_second` for `By/s`.
fn unit_suffixes(unit: &str) -> (String, String) {
    let mut parts = unit.splitn(2, '/').map(str::trim);
    let main = parts.next().filter(|part| !part.contains(['{', '}'])).map(main_unit).unwrap_or_default();
    let per = parts.next().filter(|part| !part.is_empty() && !part.contains(['{', '}'])).map(per_unit);
    (main, per.filter(|per| !per.is_empty()).map(|per| format!("per_{per}")).unwrap_or_default())
}

fn main_unit(unit: &str) -> String {
    let word = match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "",
        "%" => "percent",
        other => return tokens(other).join("_"),
    };
    word.to_owned()
}

fn per_unit(unit: &str) -> String {
    let word = match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => return tokens(other).join("_"),
    };
    word.to_owned()
}

/// The name of a label, escaped: what is no letter, digit or underscore becomes one.
#[must_use]
pub fn label_name(key: &str) -> String {
    let escaped: String =
        key.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' }).collect();
    if escaped.starts_with(|letter: char| letter.is_ascii_digit()) { format!("key_{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases are those of the specification and of what users' dashboards ask for.
    #[test]
    fn names_are_as_prometheus_makes_them() {
        let cases = [
            ("http.server.request.duration", "s", Kind::Other, "http_server_request_duration_seconds"),
            ("system.cpu.utilization", "1", Kind::Gauge, "system_cpu_utilization_ratio"),
            ("system.filesystem.usage", "By", Kind::Other, "system_filesystem_usage_bytes"),
            ("requests", "{request}", Kind::Counter, "requests_total"),
            ("requests.total", "", Kind::Counter, "requests_total"),
            ("mysql.uptime", "s", Kind::Counter, "mysql_uptime_seconds_total"),
            ("mysql.threads", "1", Kind::Other, "mysql_threads"),
            ("network.speed", "By/s", Kind::Gauge, "network_speed_bytes_per_second"),
            ("speed_bytes_per_second", "By/s", Kind::Gauge, "speed_bytes_per_second"),
            ("jobs", "{job}/min", Kind::Gauge, "jobs_per_min"),
            ("5xx.count", "", Kind::Gauge, "_5xx_count"),
            ("node_cpu:rate", "", Kind::Gauge, "node_cpu:rate"),
        ];
        for (name, unit, kind, expected) in cases {
            assert_eq!(metric_name(Strategy::UnderscoreEscapingWithSuffixes, name, unit, kind), expected, "{name}");
        }
        let all = |name, unit, kind| Strategy::ALL.map(|strategy| metric_name(strategy, name, unit, kind));
        assert_eq!(
            all("process.cpu.time", "s", Kind::Counter),
            [
                "process_cpu_time_seconds_total",
                "process.cpu.time_seconds_total",
                "process_cpu_time",
                "process.cpu.time"
            ]
        );
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(label_name("http.request.method"), "http_request_method");
        assert_eq!(label_name("0zone"), "key_0zone");
        assert_eq!(label_name("naïve"), "na_ve");
    }
}
