//! Numbers as Go writes them, and as people read them (`template/template.go` of Prometheus). Pure.

/// Go's `%v` of a float: as short as it can be, with an exponent from 21 digits on.
pub(super) fn shortest(value: f64) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let exponent = exponent(value);
    if value != 0.0 && !(-4..21).contains(&exponent) { scientific(&format!("{value:e}")) } else { format!("{value}") }
}

/// `NaN` and `+Inf` as Go has them.
fn special(value: f64) -> Option<String> {
    match value {
        value if value.is_nan() => Some("NaN".to_owned()),
        f64::INFINITY => Some("+Inf".to_owned()),
        f64::NEG_INFINITY => Some("-Inf".to_owned()),
        _ => None,
    }
}

fn exponent(value: f64) -> i32 {
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// `1.5e+06` of `1.5e6`: a sign and two digits.
fn scientific(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%.<digits>g`.
pub(super) fn general(value: f64, digits: usize) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let digits = digits.max(1);
    let rounded = format!("{value:.*e}", digits - 1);
    let exponent: i32 = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let bare = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if value != 0.0 && (exponent < -4 || exponent >= i32::try_from(digits).unwrap_or(i32::MAX)) {
        let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        return scientific(&format!("{}e{exponent}", bare(mantissa)));
    }
    let decimals = usize::try_from(i32::try_from(digits).unwrap_or(0) - 1 - exponent).unwrap_or(0);
    bare(&format!("{value:.decimals$}"))
}

const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return general(value, 4);
    }
    let (mut value, mut prefix) = (value, "");
    if value.abs() >= 1.0 {
        for next in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
            if value.abs() < 1000.0 {
                break;
            }
            (value, prefix) = (value / 1000.0, next);
        }
    } else {
        (value, prefix) = small(value);
    }
    general(value, 4) + prefix
}

fn small(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for next in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        (value, prefix) = (value * 1000.0, next);
    }
    (value, prefix)
}

pub(super) fn humanize_1024(value: f64) -> String {
    let (mut value, mut prefix) = (value, "");
    if value.abs() > 1.0 && value.is_finite() {
        for next in ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] {
            if value.abs() < 1024.0 {
                break;
            }
            (value, prefix) = (value / 1024.0, next);
        }
    }
    general(value, 4) + prefix
}

pub(super) fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return general(value, 4);
    }
    if value.abs() < 1.0 {
        let (value, prefix) = if value == 0.0 { (value, "") } else { small(value) };
        return format!("{}{prefix}s", general(value, 4));
    }
    let (sign, value) = if value < 0.0 { ("-", -value) } else { ("", value) };
    let whole = value as u64;
    let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", general(value, 4)),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, ..) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// A time in seconds since 1970, as Go prints it.
pub(super) fn humanize_timestamp(value: f64) -> String {
    let time = chrono::DateTime::from_timestamp_millis((value * 1000.0).round() as i64).filter(|_| value.is_finite());
    let Some(time) = time else { return general(value, 4) };
    let fraction = time.format("%.3f").to_string();
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{}{fraction} +0000 UTC", time.format("%Y-%m-%d %H:%M:%S"))
}

/// `%.2f` and its like for one value; nothing where the verb is not known.
pub(super) fn verb(directive: &str, number: Option<f64>, text: &str) -> Option<String> {
    let (flags, kind) = directive.split_at(directive.len() - 1);
    let (width, precision) = match flags.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse().unwrap_or(0))),
        None => (flags, None),
    };
    let written = match (kind, number) {
        ("s" | "v", None) => text.to_owned(),
        ("q", None) => format!("{text:?}"),
        ("v" | "s", Some(value)) => shortest(value),
        ("g", Some(value)) => precision.map_or_else(|| shortest(value), |digits| general(value, digits)),
        ("f", Some(value)) => special(value).unwrap_or_else(|| format!("{value:.*}", precision.unwrap_or(6))),
        ("e", Some(value)) => {
            special(value).unwrap_or_else(|| scientific(&format!("{value:.*e}", precision.unwrap_or(6))))
        }
        ("d", Some(value)) if value.fract() == 0.0 => format!("{value:.0}"),
        _ => return None,
    };
    let (left, zeros) = (width.starts_with('-'), width.starts_with('0'));
    let width: usize = width.trim_start_matches(['-', '+', ' ']).parse().unwrap_or(0).min(256);
    Some(match (left, zeros) {
        (true, _) => format!("{written:<width$}"),
        (false, true) => format!("{written:0>width$}"),
        (false, false) => format!("{written:>width$}"),
    })
}
