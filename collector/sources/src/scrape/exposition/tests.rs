//! Both formats, what is wrong with them, and the places where.

use super::*;

/// `name{labels} value@time family:type`, a line a sample.
fn all(format: Format, body: &str) -> Result<Vec<String>, ExpositionError> {
    let mut lines = Vec::new();
    read(format, false, body.as_bytes(), |line, family| {
        let labels: Vec<String> = line.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let time = line.time_ms.map_or_else(String::new, |time| format!("@{time}"));
        let exemplar = line.exemplar.map_or_else(String::new, |exemplar| format!(" #{:?}", exemplar));
        let (name, value) = (line.name, line.value);
        lines.push(format!(
            "{name}{{{}}} {value}{time} {}:{}{exemplar}",
            labels.join(","),
            family.name,
            family.kind.word()
        ));
        Ok::<_, ExpositionError>(())
    })?;
    Ok(lines)
}

#[test]
fn text_is_read() {
    let body = "# HELP http_requests_total Requests \\\\ of\\nall.\n# TYPE http_requests_total counter\n\
        http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
        # just a comment\n\n\t\u{20}\n\
        odd{path=\"C:\\\\DIR\\\\F\\n\\\"x\\\"\", } +Inf -3\n\
        # TYPE d histogram\n# TYPE s summary\n\
        d_bucket{le=\"0.05\"} 24054\nd_sum 53423\nd_count 1e3\ns{quantile=\"0.5\"} NaN\ns_sum 1\r\n\
        {\"with.dot\",\"a b\"=\"c\"} 1\nlast 2";
    assert_eq!(
        all(Format::Text, body).unwrap(),
        [
            "http_requests_total{method=post,code=200} 1027@1395066363000 http_requests_total:counter",
            "odd{path=C:\\DIR\\F\n\"x\"} inf@-3 :unknown",
            "d_bucket{le=0.05} 24054 d:histogram",
            "d_sum{} 53423 d:histogram",
            "d_count{} 1000 d:histogram",
            "s{quantile=0.5} NaN s:summary",
            "s_sum{} 1 s:summary",
            "with.dot{a b=c} 1 :unknown",
            "last{} 2 :unknown",
        ]
    );
}

#[test]
fn openmetrics_is_read() {
    let body = "# TYPE acme_http_router_request_seconds summary\n# UNIT acme_http_router_request_seconds seconds\n\
        # HELP acme_http_router_request_seconds Latency.\n\
        acme_http_router_request_seconds_sum{path=\"/api\"} 9036.32 1520879607.789\n\
        acme_http_router_request_seconds_created 1605281325.0\n\
        # TYPE foo counter\nfoo_total 17.0 1520879607.789 # {trace_id=\"abc\"} 0.67 1520879606.5\n\
        foo_created 1\n# TYPE v info\nv_info{version=\"1\"} 1\n# EOF\n";
    assert_eq!(
        all(Format::OpenMetrics, body).unwrap(),
        [
            "acme_http_router_request_seconds_sum{path=/api} 9036.32@1520879607789 acme_http_router_request_seconds:summary",
            "acme_http_router_request_seconds_created{} 1605281325 acme_http_router_request_seconds_created:gauge",
            "foo_total{} 17@1520879607789 foo:counter #LineExemplar { labels: [(\"trace_id\", \"abc\")], value: 0.67, time_ms: Some(1520879606500) }",
            "foo_created{} 1 foo_created:gauge",
            "v_info{version=1} 1 v:info",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (format, body, said) in [
        (Format::Text, "a 1\n<html>\n", "line 2, column 1: expected a metric's name, found \"<html>\""),
        (Format::Text, "a{b=\"c\" 1", "line 1, column 9: expected , or } behind a label, found \"1\""),
        (Format::Text, "a{b=c} 1", "line 1, column 5: the value of label \"b\" is not in quotes"),
        (Format::Text, "a{b=\"c} 1", "line 1, column 6: quotes that are not closed"),
        (Format::Text, "a{é=\"c\"} 1", "line 1, column 3: expected a label's name, found \"é=\\\"c\\\"} 1\""),
        (Format::Text, "a{b=\"é\",b=\"2\"} 1", "line 1, column 14: label \"b\" stands here twice"),
        (Format::Text, "a\n", "line 1, column 2: expected a value, found the end of the line"),
        (Format::Text, "a one", "line 1, column 3: expected a value, found \"one\""),
        (Format::Text, "a 1 1.5", "line 1, column 8: \"1.5\" is no time in milliseconds"),
        (Format::Text, "a 1 2 3", "line 1, column 7: expected the end of the line, found \"3\""),
        (Format::Text, "# TYPE a kounter", "line 1, column 10: \"kounter\" is no type of a metric"),
        (Format::Text, "{} 1", "line 1, column 3: a sample without a name"),
        (Format::OpenMetrics, "a 1\n", "line 2, column 1: # EOF is missing: the answer was cut short"),
        (Format::OpenMetrics, "# EOF\na 1\n", "line 2, column 1: something stands behind # EOF"),
        (Format::OpenMetrics, "a 1 # x\n# EOF\n", "line 1, column 7: an exemplar begins with {"),
        (Format::OpenMetrics, "\n# EOF\n", "line 1, column 1: an empty line"),
    ] {
        assert_eq!(all(format, body).unwrap_err().to_string(), said, "{body}");
    }
    let error =
        read(Format::Text, false, b"a 1\nb{x=\"\xc3\xa9\xff\"} 1", |_, _| Ok::<_, ExpositionError>(())).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 7: text that is not UTF-8");
}

#[test]
fn formats_are_told_by_their_type() {
    assert_eq!(Format::of("application/openmetrics-text; version=1.0.0; charset=utf-8"), Format::OpenMetrics);
    assert_eq!(
        Format::of("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"),
        Format::Protobuf
    );
    assert_eq!(["text/plain; version=0.0.4", "", "text/html"].map(Format::of), [Format::Text; 3]);
}

/// A field with its length before it.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(content.len()).unwrap()], content].concat()
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[number << 3 | 1][..], &value.to_le_bytes()].concat()
}

fn family(name: &str, kind: u8, metric: &[u8]) -> Vec<u8> {
    let message = [field(1, name.as_bytes()), vec![0x18, kind], field(4, metric)].concat();
    [&[u8::try_from(message.len()).unwrap()], &message[..]].concat()
}

#[test]
fn protobuf_is_read() {
    let label = field(1, &[field(1, b"code"), field(2, b"200")].concat());
    let exemplar = [field(1, &[field(1, b"trace_id"), field(2, b"abc")].concat()), double(2, 0.5)].concat();
    let counter = [label, field(3, &[double(1, 7.0), field(2, &exemplar)].concat()), vec![0x30, 0x88, 0x27]].concat();
    let bucket = |count: u8, bound: f64| field(3, &[vec![0x08, count], double(2, bound)].concat());
    let classic = [vec![0x08, 3], double(2, 1.5), bucket(1, 1.0), bucket(2, 2.5)].concat();
    // Schema 1, a zero bucket, one span of two buckets, differences one by one.
    let native = [
        vec![0x08, 5],
        double(2, 9.0),
        vec![0x28, 2],
        double(6, 0.001),
        vec![0x38, 1],
        field(12, &[0x08, 0, 0x10, 2]),
        vec![0x68, 2, 0x68, 4],
        bucket(5, 4.0),
    ]
    .concat();
    let summary = [vec![0x08, 2], double(2, 3.0), field(3, &[double(1, 0.5), double(2, 1.5)].concat())].concat();
    let body = [
        family("jobs_total", 0, &counter),
        family("d", 4, &field(7, &classic)),
        family("n", 4, &field(7, &native)),
        family("s", 2, &field(4, &summary)),
        family("g", 1, &field(2, &double(1, 4.0))),
    ]
    .concat();
    let mut histograms = Vec::new();
    let mut lines = Vec::new();
    read(Format::Protobuf, false, &body, |line, family| {
        let labels: Vec<String> = line.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("{}{{{}}} {} {}", line.name, labels.join(","), line.value, family.kind.word()));
        histograms.extend(line.histogram);
        Ok::<_, ExpositionError>(())
    })
    .unwrap();
    assert_eq!(
        lines,
        [
            "jobs_total{code=200} 7 counter",
            "d_bucket{le=1.0} 1 histogram",
            "d_bucket{le=2.5} 2 histogram",
            "d_bucket{le=+Inf} 3 histogram",
            "d_sum{} 1.5 histogram",
            "d_count{} 3 histogram",
            "n{} 0 histogram",
            "s{quantile=0.5} 1.5 summary",
            "s_sum{} 3 summary",
            "s_count{} 2 summary",
            "g{} 4 gauge",
        ]
    );
    assert_eq!((histograms.len(), histograms[0].schema, histograms[0].count, histograms[0].zero_count), (1, 1, 5, 1));
    assert_eq!((&histograms[0].positive.spans[..], &histograms[0].positive.counts[..]), (&[(0, 2)][..], &[1, 3][..]));
    let mut with_classic = 0;
    read(Format::Protobuf, true, &body, |_, _| {
        with_classic += 1;
        Ok::<_, ExpositionError>(())
    })
    .unwrap();
    assert_eq!(with_classic, lines.len() + 4);
    for end in 1..body.len() {
        // Cut anywhere: told, or a whole number of families.
        let _ = read(Format::Protobuf, false, &body[..end], |_, _| Ok::<_, ExpositionError>(()));
    }
    let error = read(Format::Protobuf, false, &body[..10], |_, _| Ok::<_, ExpositionError>(())).unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 1: family 1: truncated: a field is longer than what is left");
}

#[test]
fn damaged_bodies_do_no_harm() {
    let body = "# HELP a é\\n\n# TYPE a counter\na_total{x=\"é\\\\\\\"\",\"y z\"=\"1\"} 1e3 1.5 # {t=\"u\"} 2 3\n{\"ü\"} NaN\n# EOF\n";
    for at in 0..body.len() {
        for byte in *b"{}\"\\=#, \t\n\r\0\xff9e_" {
            let mut damaged = body.as_bytes().to_vec();
            damaged[at] = byte;
            for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
                let _ = read(format, true, &damaged, |_, _| Ok::<_, ExpositionError>(()));
                let _ = read(format, true, &damaged[..at], |_, _| Ok::<_, ExpositionError>(()));
            }
        }
    }
}
