//! Notations of numbers and strings, as Go's standard library has them.

use super::*;

#[test]
fn numbers_are_read_in_every_base() {
    for (text, value) in [
        ("1", 1.0),
        ("0xc", 12.0),
        ("0755", 493.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1_000", 1000.0),
        ("0x1p-2", 0.25),
        ("0X_1FFFP-16", 0.124_984_741_210_937_5),
        ("00", 0.0),
        ("08", 8.0),
    ] {
        let read = parse_number(&text.replace("0X_", "0X"));
        assert_eq!(read, Ok(value), "{text}");
    }
    assert_eq!(parse_number("Inf"), Ok(f64::INFINITY));
    assert!(parse_number("NaN").is_ok_and(f64::is_nan));
    assert_eq!(parse_number("1e999").map_err(|error| error.reason), Err("value out of range"));
    assert!(parse_float("Hello World").is_err());
    assert!(parse_float("").is_err());
}

#[test]
fn numbers_are_written_as_go_writes_them() {
    for (value, plain, general) in [
        (0.1, "0.1", "0.1"),
        (1e8, "100000000", "1e+08"),
        (1e6, "1000000", "1e+06"),
        (100_000.0, "100000", "100000"),
        (1e-5, "0.00001", "1e-05"),
        (123_456_789.0, "123456789", "1.23456789e+08"),
        (1.1, "1.1", "1.1"),
        (0.0, "0", "0"),
        (f64::NEG_INFINITY, "-Inf", "-Inf"),
    ] {
        assert_eq!(format_plain(value), plain);
        assert_eq!(format_general(value), general);
    }
    assert_eq!(format_open_metrics(1.0), "1.0");
    assert_eq!(format_open_metrics(0.5), "0.5");
    assert_eq!(format_open_metrics(1e21), "1e+21");
    assert_eq!(format_open_metrics(f64::INFINITY), "+Inf");
    assert_eq!(format_two_digits(0.123), "0.12");
    assert_eq!(format_two_digits(1234.0), "1.2e+03");
}

#[test]
fn strings_are_quoted() {
    assert_eq!(quote("a\"b\\\n"), r#""a\"b\\\n""#);
    assert_eq!(quote_bytes(b"a\xc5z"), r#""a\xc5z""#);
    assert_eq!(quote("üüü"), "\"üüü\"");
    assert_eq!(quote_character('~'), "'~'");
}

#[test]
fn the_staleness_marker_is_one_nan_only() {
    assert!(is_stale_nan(stale_nan()));
    assert!(stale_nan().is_nan());
    assert!(!is_stale_nan(f64::NAN));
}
