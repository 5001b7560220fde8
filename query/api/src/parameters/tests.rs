//! Query strings, moments and lengths.

use super::*;

#[test]
fn moments_are_rfc_3339_or_nanoseconds() {
    assert_eq!(moment("start", "1732165200000000001"), Ok(1_732_165_200_000_000_001));
    assert_eq!(moment("start", "2024-11-21T05:00:00.000000001Z"), Ok(1_732_165_200_000_000_001));
    assert_eq!(moment("start", "2024-11-21T06:00:00+01:00"), Ok(1_732_165_200_000_000_000));
    assert!(moment("start", "yesterday").unwrap_err().message.starts_with("start: "));
}

#[test]
fn lengths_have_units() {
    let cases = [
        ("150ms", 150_000_000),
        ("1.5s", 1_500_000_000),
        ("2m", 120 * SECOND),
        ("1h", HOUR),
        ("80us", 80_000),
        ("80µs", 80_000),
        ("5ns", 5),
        ("7", 7),
    ];
    for (text, nanos) in cases {
        assert_eq!(length("d", text), Ok(nanos), "{text}");
    }
    for wrong in ["", "s", "1 fortnight", "-1s", "1.2.3s"] {
        assert!(length("d", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn literals_cannot_end_early() {
    assert_eq!(sql_text("it's'; --"), "'it''s''; --'");
}

#[test]
fn windows_are_the_last_hour_unless_told() {
    let window: Window = read(&"/x?start=5&end=9".parse().unwrap()).unwrap();
    assert_eq!(window.bounds(), Ok((5, Some(9))));
    let window: Window = read(&"/x?end=7200000000000".parse().unwrap()).unwrap();
    assert_eq!(window.bounds(), Ok((HOUR, Some(2 * HOUR))));
    let window: Window = read(&"/x".parse().unwrap()).unwrap();
    let (start, end) = window.bounds().unwrap();
    assert!(end.is_none() && (now_nanos() - HOUR - start).abs() < SECOND);
}
