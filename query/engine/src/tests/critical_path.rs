//! `critical_path(trace_id)` against the tree of each trace, and how it is called.

use super::ask;
use super::corpus::{Lake, Place, trace_id};

#[tokio::test]
async fn the_path_of_a_trace_lasts_as_long_as_its_roots() {
    let lake = Lake::filled(Place::Both).await;
    let engine = &lake.engine;
    let roots = "select coalesce(sum(duration), 0) from spans where parent_span_id is null and trace_id = ";
    for number in 1..4 {
        let id = trace_id(number, 1);
        let path = format!(
            "select sum(p['critical_time']) from (select unnest(critical_path(trace_id)) p from spans \
             where trace_id = '{id}' group by trace_id) where p['depth'] >= 0"
        );
        let all = ask(engine, &path).await.unwrap().0;
        let whole = ask(engine, &format!("{roots}'{id}'")).await.unwrap().0;
        let number = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        assert_eq!(
            number(all.lines().nth(3).unwrap()),
            number(whole.lines().nth(3).unwrap()),
            "trace {id}\n{all}\n{whole}"
        );
    }
}

#[tokio::test]
async fn a_thousand_traces_are_asked_at_once() {
    let lake = Lake::filled(Place::HalfCold).await;
    let engine = &lake.engine;
    let counted = "select count(*), count(distinct p['span_id']), max(p['self_time'] - p['duration']) <= 0 from \
                   (select unnest(critical_path(s.trace_id)) p from spans s group by s.trace_id)";
    let plain = "select count(*), count(distinct span_id), true from spans";
    let rows = |text: String| text.lines().nth(3).map(str::to_owned);
    assert_eq!(
        rows(ask(engine, counted).await.unwrap().0).map(|row| row.replace(' ', "")),
        rows(ask(engine, plain).await.unwrap().0).map(|row| row.replace(' ', ""))
    );
    let by_name = "select p['service_name'] service, p['name'] operation, sum(p['self_time']) own, \
                   sum(p['critical_time']) waited from (select unnest(critical_path(trace_id)) p from spans \
                   group by trace_id) group by 1, 2 order by waited desc, 1, 2 limit 3";
    assert_eq!(ask(engine, by_name).await.unwrap().0.lines().count(), 7);
    let error = ask(engine, "select critical_path() from spans").await.unwrap_err().to_string();
    assert!(error.contains("critical_path takes one argument"), "{error}");
    let error = ask(engine, "select critical_path(trace_id) from logs group by trace_id").await.unwrap_err();
    assert!(error.to_string().contains("there is no column"), "{error}");
}
