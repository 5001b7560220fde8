use spanlake_promql::labels::Labels;

use crate::template::{Facts, Template};

fn filled(template: &str, value: f64) -> String {
    let labels = Labels::new([("instance", "db-1:9104"), ("job", "mysql")]);
    Template::parse(template).unwrap().fill(Facts { labels: &labels, value })
}

#[test]
fn templates_are_filled_as_by_prometheus() {
    let cases = [
        ("plain", 1.0, "plain"),
        ("{{ $labels.instance }} is down", 0.0, "db-1:9104 is down"),
        ("{{ .Labels.job }}: {{ .Value }}", 0.25, "mysql: 0.25"),
        ("{{$value}}", 1e21, "1e+21"),
        ("{{ $value | humanize }}", 1_234_567.0, "1.235M"),
        ("{{ $value | humanize }}", 0.00325, "3.25m"),
        ("{{ $value | humanize1024 }}B", 1_073_741_824.0, "1GiB"),
        ("{{ humanizeDuration $value }}", 90_061.0, "1d 1h 1m 1s"),
        ("{{ humanizeDuration $value }}", 0.0012, "1.2ms"),
        ("{{ $value | humanizePercentage }}", 0.1234, "12.34%"),
        ("{{ $value | humanizeTimestamp }}", 1_435_065_584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ printf \"%.2f of %s\" $value $labels.job }}", 2.5, "2.50 of mysql"),
        ("{{ $value | printf \"%.1f%%\" }}", 99.46, "99.5%"),
        ("{{ if gt $value 2.0 }}high{{ else }}low{{ end }}", 3.0, "high"),
        ("{{ if gt $value 5.0 }}a{{ else if eq $labels.job \"mysql\" }}b{{ else }}c{{ end }}", 3.0, "b"),
        ("a {{- /* nothing */ -}} b", 0.0, "ab"),
        ("{{ reReplaceAll \":.*\" \"\" $labels.instance | toUpper }}", 0.0, "DB-1"),
        ("{{ $labels.nothing }}.", 0.0, "."),
        ("{{ $labels }}", 0.0, "map[instance:db-1:9104 job:mysql]"),
        ("{{ stripPort (index $labels \"instance\") }}", 0.0, "db-1"),
        ("{{ $labels.job | humanize }}", 0.0, "<error expanding template: can't convert \"mysql\" to float>"),
    ];
    for (template, value, expected) in cases {
        assert_eq!(filled(template, value), expected, "{template}");
    }
}

#[test]
fn what_is_not_here_is_refused_when_it_is_read() {
    for template in [
        "{{ $labels.a",
        "{{ query \"up\" }}",
        "{{ range .x }}{{ end }}",
        "{{ if $value }}x",
        "{{ end }}",
        "{{ $other }}",
    ] {
        assert!(Template::parse(template).is_err(), "{template}");
    }
}
