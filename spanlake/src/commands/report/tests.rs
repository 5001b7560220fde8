//! What a report says of a document and of answers; a report of a server that runs is in the end-to-end tests.

use serde_json::json;

use super::answers::vectors::{self, Vector};
use super::answers::{Answer, Line, Lines};
use super::columns::{ColumnSort, with_columns};
use super::document::{Document, Panel};
use super::rows::{Rows, lines_of_rows};
use super::variables::{Chosen, Values};
use super::*;

const HOUR: Range = Range { start_ms: 1_795_237_200_000, end_ms: 1_795_240_800_000 };
const EVIL: &str = "</title><script>alert(1)</script>\" onload='x' &amp; \u{1}";

fn values(pairs: &[(&str, &[&str])]) -> Values {
    let of =
        |values: &[&str]| Chosen { values: values.iter().map(|value| (*value).to_owned()).collect(), is_all: false };
    pairs.iter().map(|(name, of_name)| ((*name).to_owned(), of(of_name))).collect()
}

#[test]
fn shipped_dashboards_are_read_and_others_refused_with_a_reason() {
    for (name, text) in SHIPPED {
        assert!(!Document::read(text).unwrap().panels().is_empty(), "{name}");
    }
    for (text, reason) in [
        ("{", "not a dashboard"),
        ("[]", "no version or no title"),
        (r#"{"title":"x"}"#, "no version or no title"),
        (r#"{"version":2,"title":"x"}"#, "form 2"),
        (r#"{"version":1,"title":"x","panels":7}"#, "not a dashboard"),
    ] {
        assert!(Document::read(text).unwrap_err().contains(reason), "{text}");
    }
    let many = json!({ "version": 1, "title": "x", "panels": vec![json!({}); 201] }).to_string();
    assert!(Document::read(&many).unwrap_err().contains("201 panels"));
}

#[test]
fn moments_are_read_in_the_ways_people_write_them() {
    let now = DateTime::parse_from_rfc3339("2026-11-21T10:00:00Z").unwrap().to_utc();
    let ms = now.timestamp_millis();
    for (text, expected) in
        [("now", ms), ("-6h", ms - 21_600_000), ("now-7d", ms - 604_800_000), ("2026-11-21T09:00:00Z", ms - 3_600_000)]
    {
        assert_eq!(moment(text, now), Ok(expected), "{text}");
    }
    for text in ["", "yesterday", "-6", "6h", "-0h", "-999999999999999999999h"] {
        assert!(text.is_empty() || moment(text, now).is_err(), "{text}");
    }
}

#[test]
fn variables_are_put_in_as_their_place_needs() {
    let chosen = values(&[("route", &["/a.b", "c\"d"]), ("svc", &["it's"])]);
    let text = |text: &str| variables::promql(text, &chosen, HOUR, 15_000);
    assert_eq!(text("x{r=~\"$route\",s=\"$svc\"}"), "x{r=~\"/a\\\\.b|c\\\"d\",s=\"it's\"}");
    assert_eq!(text("rate(x[$__rate_interval]) and $other and ${svc}"), "rate(x[120000ms]) and $other and it's");
    let sql = variables::sql("where $__timeFilter(time) and s in ($svc) and t = '${svc:text}'", &chosen, HOUR, 15_000);
    assert!(sql.ends_with("and s in ('it''s') and t = 'it''s'"), "{sql}");
    assert!(sql.contains("time >= to_timestamp_nanos(1795237200000000000) and time <"), "{sql}");
    assert_eq!(variables::plain("of $route, ${x", &chosen), "of /a.b, c\"d, ${x");
}

#[test]
fn a_panel_repeats_for_each_value() {
    let panel = Panel { title: "of $route".into(), repeat: Some("route".into()), w: 12, ..Panel::default() };
    let repeated = variables::repeated(&[panel], &values(&[("route", &["a", "b", "c"])]));
    let titles: Vec<String> = repeated.iter().map(|(panel, chosen)| variables::plain(&panel.title, chosen)).collect();
    assert_eq!((titles.join(" "), repeated[0].0.w), ("of a of b of c".to_owned(), 8));
}

#[test]
fn rows_over_time_become_lines_on_the_steps() {
    let answer = json!({ "columns": [{"name": "time", "type": "Timestamp(Nanosecond, Some(\"UTC\"))"}, {"name": "service", "type": "Utf8"}, {"name": "duration", "type": "Int64"}],
                         "rows": [["2026-11-21T05:00:00Z", "a", 2_000_000_000_i64], ["2026-11-21T05:00:15Z", "b", "1000000000"]] });
    let lines = lines_of_rows(&Rows::of(&answer), HOUR, 15_000, false, true);
    assert_eq!(lines.seconds.len(), 240);
    let of = |place: usize| (lines.lines[place].name.as_str(), lines.lines[place].values[..3].to_vec());
    assert_eq!(of(0), ("a", vec![Some(2.0), Some(0.0), Some(0.0)]));
    assert_eq!(of(1), ("b", vec![Some(0.0), Some(1.0), Some(0.0)]));
}

fn vector(place: usize, legend: &str, result: serde_json::Value) -> Vector {
    Vector::of_prometheus(&json!({ "data": { "result": result } }), place, legend.to_owned())
}

#[test]
fn answers_at_a_moment_are_one_table_and_bars_have_their_legends() {
    let both = [
        vector(0, "Rate", json!([{ "metric": { "__name__": "x", "route": "/a" }, "value": [0, "2"] }])),
        vector(
            1,
            "{{route}} of {{nobody}}",
            json!([{ "metric": { "route": "/b", "job": "j" }, "value": [0, "NaN"] }, { "metric": { "route": "/a" }, "value": [0, "7"] }]),
        ),
    ];
    let rows = vectors::table(&both);
    let names: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["job", "route", "Rate", "B"]);
    assert_eq!(
        rows.cells,
        [vec![json!(""), json!("/a"), json!(2.0), json!(7.0)], vec![json!("j"), json!("/b"), json!(null), json!(null)]]
    );
    let bars = vectors::bars(&both).cells;
    assert_eq!(bars, [[json!("Rate"), json!(2.0)], [json!("/b of"), json!(null)], [json!("/a of"), json!(7.0)]]);
    assert_eq!(vectors::table(&[vector(0, "", json!([]))]).columns[0].name, "value");
}

/// The cases of `ui/src/model/boardColumns.test.ts`.
#[test]
fn a_table_hides_renames_moves_and_sorts_its_columns() {
    let answer = json!({ "columns": [{"name": "job", "type": "Utf8"}, {"name": "route", "type": "Utf8"}, {"name": "A", "type": "Float64"}, {"name": "B", "type": "Float64"}],
                         "rows": [["a", "/x", 2, 30], ["b", "/y", 10, null], ["c", "/z", 1, 20]] });
    let panel: Panel = serde_json::from_value(json!({ "kind": "table", "columns": [{ "name": "B", "title": "p95", "unit": "ms", "order": 0 }, { "name": "route", "title": "Route" }, { "name": "job", "hidden": true }, { "name": "nobody", "hidden": true }],
                                                      "sort": { "name": "A", "descending": true } })).unwrap();
    let made = with_columns(Rows::of(&answer), &panel.columns, panel.sort.as_ref());
    assert_eq!(made.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["p95", "Route", "A"]);
    assert_eq!(
        made.cells,
        [[json!(null), json!("/y"), json!(10)], [json!(30), json!("/x"), json!(2)], [json!(20), json!("/z"), json!(1)]]
    );
    let html = draw::panel(&panel, &Answer::Rows(made), HOUR);
    assert!(
        html.contains("<th class=\"number\">p95</th>") && html.contains("30 ms") && !html.contains("job"),
        "{html}"
    );
    for (name, is_descending, expected) in
        [("A", false, "cab"), ("route", true, "cba"), ("B", true, "acb"), ("B", false, "cab"), ("nobody", false, "abc")]
    {
        let sort = ColumnSort { name: name.to_owned(), descending: is_descending };
        let rows = with_columns(Rows::of(&answer), &[], Some(&sort)).cells;
        let order: String = rows.iter().filter_map(|row| row[0].as_str()).collect();
        assert_eq!(order, expected, "{name} {is_descending}");
    }
}

#[test]
fn numbers_are_written_with_their_units_known_or_not() {
    for (value, unit, expected) in [
        (1_234_567.0, "By", "1.23 MB"),
        (0.25, "ratio", "25 %"),
        (0.0123, "s", "12.3 ms"),
        (90_061.0, "s", "25 h"),
        (12.0, "{request}/s", "12/s"),
        (3.5, "furlong", "3.5 furlong"),
        (-2048.0, "By/s", "−2.05 kB/s"),
        (0.0, "s", "0 s"),
        (f64::NAN, "s", "–"),
        (f64::INFINITY, "", "∞"),
        (1500.0, "1", "1.5k"),
    ] {
        assert_eq!(units::write(value, unit), expected, "{value} {unit}");
    }
}

fn all_kinds() -> Vec<(Panel, Answer)> {
    let lines = || {
        let line = |name: &str, at: f64| Line {
            name: name.to_owned(),
            values: (0..10).map(|place| (place != 5).then_some(at + f64::from(place))).collect(),
        };
        let seconds = (0..10).map(|place| 1_795_237_200.0 + f64::from(place) * 60.0).collect();
        Answer::Lines(Lines { seconds, lines: vec![line(EVIL, 1.0), line("b", -3.0)] })
    };
    let rows = || {
        let answer = json!({ "columns": [{"name": EVIL, "type": "Utf8"}, {"name": "n", "type": "Int64"}], "rows": [[EVIL, 3], ["x", null]] });
        Answer::Rows(Rows::of(&answer))
    };
    let trace = json!({ "trace_id": EVIL, "root_service": EVIL, "root_name": EVIL, "duration": "1500000", "span_count": 3, "error_count": 0 });
    let buckets =
        super::answers::Buckets { seconds: vec![0.0, 60.0], cells: vec![(0, 0.1, 0.2, 5.0), (1, 0.2, 0.4, 1.0)] };
    let of_histogram = Answer::Buckets(buckets.clone());
    let node = |name: &str, kind: &str| json!({ "id": name, "name": name, "kind": kind, "requests": 10, "errors": 1, "rate": 0.5, "p95": "1500000" });
    let map = json!({ "nodes": [node(EVIL, "service"), node("db", "database")],
                      "edges": [{ "source": EVIL, "target": "db", "requests": 5, "errors": 0, "rate": 0.2 }] });
    let panel = |kind: &str| Panel {
        title: format!("{kind} {EVIL}"),
        kind: kind.to_owned(),
        text: format!("# {EVIL}\n- {EVIL}\n{EVIL}"),
        unit: EVIL.to_owned(),
        w: 12,
        h: 8,
        ..Panel::default()
    };
    let stacked = Panel { drawing: "stacked".into(), ..panel("timeseries") };
    let bars = Panel { drawing: "bars".into(), ..panel("timeseries") };
    vec![
        (panel("timeseries"), lines()),
        (stacked, lines()),
        (bars, lines()),
        (panel("stat"), lines()),
        (panel("gauge"), lines()),
        (panel("state"), lines()),
        (panel("table"), rows()),
        (panel("bar"), rows()),
        (panel("logs"), rows()),
        (panel("traces"), Answer::Traces(vec![trace])),
        (panel("heatmap"), Answer::Buckets(buckets)),
        (panel("histogram"), of_histogram),
        (panel("histogram"), lines()),
        (panel("map"), Answer::Map(answers::map::read(&map, None))),
        (panel("text"), Answer::Nothing),
        (panel("row"), Answer::Nothing),
    ]
}

/// Scenario: markup and quotes in every text there is.
/// Guarantee: nothing of it is markup, and every kind is drawn.
#[test]
fn every_kind_is_drawn_and_no_text_is_ever_markup() {
    let document = json!({ "version": 1, "title": EVIL, "description": EVIL, "panels": [], "variables": [{ "name": "v", "title": EVIL, "kind": "list" }] });
    let document = Document::read(&document.to_string()).unwrap();
    let chosen = values(&[("v", &[EVIL])]);
    let kinds = all_kinds();
    let drawn: Vec<page::Drawn<'_>> =
        kinds.iter().map(|(panel, answer)| (panel, &chosen, draw::panel(panel, answer, HOUR))).collect();
    for (panel, _, body) in &drawn {
        assert!(panel.kind == "row" || body.len() > 20, "{}", panel.kind);
        assert!(!body.contains("could not be drawn"), "{}: {body}", panel.kind);
    }
    let html = page::page(&document, &drawn, HOUR, Utc::now());
    assert!(!html.contains("<script") && !html.contains("onload='"), "{html}");
    assert!(!html.contains("NaN") && !html.contains("inf"), "numbers of pictures are numbers");
    assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    assert!(page::height(&drawn) > 1000);
}

#[test]
fn what_cannot_be_drawn_says_why_in_its_place() {
    let panel = Panel { kind: "hologram".into(), ..Panel::default() };
    let lines = Answer::Lines(Lines { seconds: vec![0.0], lines: vec![Line::default()] });
    assert!(draw::panel(&panel, &lines, HOUR).contains("hologram"));
    let empty = Panel { kind: "stat".into(), ..Panel::default() };
    assert!(draw::panel(&empty, &Answer::Lines(Lines::default()), HOUR).contains("No data"));
    assert!(draw::problem("<b>").contains("&lt;b&gt;"));
}

#[test]
fn values_spread_over_round_bins_and_buckets_of_all_moments_are_one() {
    let line = Line { name: String::new(), values: vec![Some(0.0), Some(9.9), None, Some(10.0)] };
    let bins = draw::spread::bins_of_values(&Lines { seconds: vec![0.0; 4], lines: vec![line] });
    assert_eq!((bins.len(), bins[0].low, bins[0].high), (21, 0.0, 0.5));
    assert!((bins.iter().map(|bin| bin.share).sum::<f64>() - 1.0).abs() < 1e-9);
    let cells = vec![(0, 0.1, 0.2, 5.0), (1, 0.1, 0.2, 3.0), (1, 0.4, 0.8, 2.0)];
    let bins = draw::spread::bins_of_buckets(&super::answers::Buckets { seconds: vec![0.0, 60.0], cells });
    let shares: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.low, bin.share)).collect();
    assert_eq!(shares, [(0.1, 0.8), (0.4, 0.2)]);
}

#[test]
fn a_map_has_callers_on_the_left_and_ends_with_circles() {
    let node = |name: &str| json!({ "id": name, "name": name, "kind": "service", "requests": 1, "errors": 0, "rate": 1, "p95": "0" });
    let edge = |from: &str, to: &str| json!({ "source": from, "target": to, "requests": 1, "errors": 0, "rate": 1 });
    let answer = json!({ "nodes": [node("a"), node("b"), node("c"), node("d")],
                         "edges": [edge("a", "b"), edge("b", "c"), edge("a", "c"), edge("c", "b"), edge("d", "d")] });
    let columns = draw::map::columns(&answers::map::read(&answer, None));
    assert_eq!((columns[0], columns[3]), (0, 0));
    assert!(columns[1] > 0 && columns[2] > 0);
    let around = answers::map::read(&answer, Some("a"));
    let names: Vec<&str> = around.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!((names, around.edges.len()), (vec!["a", "b", "c"], 2));
}

#[test]
fn series_of_traceql_lie_on_the_moments() {
    let answer = json!({ "series": [{ "labels": [{ "key": "resource.service.name", "value": { "stringValue": "shop" } }],
                                      "samples": [{ "timestampMs": "60000", "value": 2.5 }, { "timestampMs": "120000", "value": "Infinity" }] }] });
    let lines = answers::traceql::read(&answer, vec![0.0, 60.0, 120.0], ("", "A"));
    assert_eq!(lines.lines, [Line { name: "resource.service.name=shop".into(), values: vec![None, Some(2.5), None] }]);
}
