//! Moments, dates, times of day and spans of time, as ISO 8601 writes them.

use std::io::Write;

const NANOS: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// `"2024-11-21T05:00:00.123456789Z"` from a count of a second's parts since the epoch.
pub(crate) fn push_moment(out: &mut Vec<u8>, value: i64, parts_a_second: i64) {
    let seconds = value.div_euclid(parts_a_second);
    let nanos = value.rem_euclid(parts_a_second) * (NANOS / parts_a_second);
    out.push(b'"');
    push_date(out, seconds.div_euclid(DAY_SECONDS));
    out.push(b'T');
    push_clock(out, seconds.rem_euclid(DAY_SECONDS), nanos);
    out.extend_from_slice(b"Z\"");
}

/// `"2024-11-21"`.
pub(crate) fn push_day(out: &mut Vec<u8>, days: i64) {
    out.push(b'"');
    push_date(out, days);
    out.push(b'"');
}

/// `"05:00:00.123456789"`.
pub(crate) fn push_time_of_day(out: &mut Vec<u8>, value: i64, parts_a_second: i64) {
    out.push(b'"');
    let nanos = value.rem_euclid(parts_a_second) * (NANOS / parts_a_second);
    push_clock(out, value.div_euclid(parts_a_second), nanos);
    out.push(b'"');
}

/// `"P1M2DT3.5S"`; each part has its own sign, and a part of zero is left out.
pub(crate) fn push_period(out: &mut Vec<u8>, months: i64, days: i64, nanos: i128) {
    // Writing to memory does not fail.
    out.extend_from_slice(b"\"P");
    if months != 0 {
        let _ = write!(out, "{months}M");
    }
    if days != 0 {
        let _ = write!(out, "{days}D");
    }
    if nanos != 0 || (months == 0 && days == 0) {
        let sign = if nanos < 0 { "-" } else { "" };
        let nanos = nanos.unsigned_abs();
        let (seconds, rest) = (nanos / NANOS.unsigned_abs() as u128, nanos % NANOS.unsigned_abs() as u128);
        let _ = write!(out, "T{sign}{seconds}");
        if rest != 0 {
            let digits = format!("{rest:09}");
            let _ = write!(out, ".{}", digits.trim_end_matches('0'));
        }
        out.push(b'S');
    }
    out.push(b'"');
}

/// Days since the epoch in the Gregorian calendar: Howard Hinnant's `civil_from_days`.
fn push_date(out: &mut Vec<u8>, days: i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if (0..10_000).contains(&year) {
        push_digits(out, year, 4);
    } else {
        let _ = write!(out, "{year:+07}");
    }
    out.push(b'-');
    push_digits(out, month, 2);
    out.push(b'-');
    push_digits(out, day, 2);
}

fn push_clock(out: &mut Vec<u8>, seconds: i64, nanos: i64) {
    push_digits(out, seconds / 3600, 2);
    out.push(b':');
    push_digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    push_digits(out, seconds % 60, 2);
    out.push(b'.');
    push_digits(out, nanos, 9);
}

/// The last `count` decimal digits.
fn push_digits(out: &mut Vec<u8>, value: i64, count: usize) {
    let start = out.len();
    out.resize(start + count, b'0');
    let mut rest = value.unsigned_abs();
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}
