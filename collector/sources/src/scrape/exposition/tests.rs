//! Both formats, what is wrong with them, and the places where.

use super::*;

/// `name{labels} value@time family:type`, a line a sample.
fn all(format: Format, body: &str) -> Result<Vec<String>, ExpositionError> {
    let mut lines = Vec::new();
    read(format, body.as_bytes(), |line, family| {
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
    let error = read(Format::Text, b"a 1\nb{x=\"\xc3\xa9\xff\"} 1", |_, _| Ok::<_, ExpositionError>(())).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 7: text that is not UTF-8");
}

#[test]
fn formats_are_told_by_their_type() {
    assert_eq!(Format::of("application/openmetrics-text; version=1.0.0; charset=utf-8"), Format::OpenMetrics);
    assert_eq!(["text/plain; version=0.0.4", "", "text/html"].map(Format::of), [Format::Text; 3]);
}
