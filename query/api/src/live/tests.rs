//! What clients are told: only what changed, once, and nothing that is left out.

use serde_json::{Value, json};
use spanlake_promql::eval::{MatrixSeries, QueryValue};
use spanlake_promql::labels::Labels;

use super::protocol::{Message, Topic, read};
use super::series::{Steps, Told, open_step};

fn series(name: &str, floats: &[(i64, f64)]) -> MatrixSeries {
    let labels = Labels::new([("job", name)]);
    MatrixSeries { labels, floats: floats.to_vec(), ..MatrixSeries::default() }
}

fn told(told: &mut Told, steps: Steps, all: Vec<MatrixSeries>) -> Option<Value> {
    told.range(QueryValue::Matrix(all), steps).map(Value::Object)
}

#[test]
fn a_second_answer_has_only_what_differs() {
    let mut known = Told::default();
    let steps = known.next_steps(0, 1000, 2500);
    assert_eq!(steps, Steps { start_ms: 0, end_ms: 3000, step_ms: 1000 });
    let first = told(&mut known, steps, vec![series("a", &[(0, 1.0), (3000, 2.0)]), series("b", &[(0, 5.0)])]).unwrap();
    let expected = json!({"to": 3, "first": true, "series": [
        {"n": 0, "metric": {"job": "a"}, "values": [[0, "1"], [3, "2"]]},
        {"n": 1, "metric": {"job": "b"}, "values": [[0, "5"]]},
    ]});
    assert_eq!(first, expected);
    let same = vec![series("a", &[(0, 1.0), (3000, 2.0)]), series("b", &[(0, 5.0)])];
    assert_eq!(told(&mut known, steps, same), None);
    let next = known.next_steps(0, 1000, 3100);
    assert_eq!(next.end_ms, 4000);
    let changed = told(&mut known, next, vec![series("a", &[(0, 1.0), (3000, 2.5), (4000, 2.5)])]).unwrap();
    let expected = json!({"to": 4, "series": [
        {"n": 0, "values": [[3, "2.5"], [4, "2.5"]]}, {"n": 1, "gone": [0]},
    ]});
    assert_eq!(changed, expected);
}

#[test]
fn an_empty_first_answer_is_told_and_errors_once() {
    let mut known = Told::default();
    assert!(known.error("execution", "too much").is_some() && known.error("execution", "too much").is_none());
    let steps = known.next_steps(0, 1000, 1000);
    assert_eq!(told(&mut known, steps, Vec::new()).unwrap(), json!({"to": 1, "first": true, "series": []}));
    assert!(known.error("execution", "too much").is_some());
    // That it goes again is told even where no value is new.
    assert!(told(&mut known, steps, Vec::new()).is_some() && told(&mut known, steps, Vec::new()).is_none());
}

#[test]
fn after_a_pause_everything_since_is_looked_at_and_old_steps_are_let_go() {
    let mut known = Told::default();
    let floats: Vec<(i64, f64)> = (0..=600).map(|step| (step * 1000, 1.0)).collect();
    let steps = known.next_steps(0, 1000, 600_000);
    told(&mut known, steps, vec![series("a", &floats)]);
    let next = known.next_steps(0, 1000, 900_000);
    assert_eq!((next.start_ms, next.end_ms), (540_000, 900_000), "no gap, however long nobody read");
    assert_eq!(known.next_steps(0, 60_000, 600_000).start_ms, 480_000, "two wide steps may change");
}

#[test]
fn last_values_are_told_when_they_differ_not_when_time_goes_on() {
    let mut known = Told::default();
    let value = |value: f64| QueryValue::Scalar { time_ms: 7, value };
    assert!(known.instant(value(1.0), 1000).is_some());
    assert!(known.instant(value(1.0), 2000).is_none());
    let change = Value::Object(known.instant(value(2.0), 3000).unwrap());
    assert_eq!(change, json!({"to": 3, "series": [{"n": 0, "values": [[0, "2"]]}]}));
}

#[test]
fn an_answer_with_very_many_series_is_cut_and_says_so() {
    let mut known = Told::default();
    let all = (0..700).map(|number| series(&format!("{number:03}"), &[(0, 1.0)])).collect();
    let steps = known.next_steps(0, 1000, 0);
    let change = told(&mut known, steps, all).unwrap();
    assert_eq!((change["series"].as_array().unwrap().len(), &change["total_series"]), (500, &json!(700)));
}

#[test]
fn the_open_step_lies_at_or_behind_now() {
    assert_eq!([open_step(2000, 1000), open_step(2001, 1000), open_step(-1, 1000)], [2000, 3000, 0]);
}

#[test]
fn messages_are_read_or_refused_with_their_number() {
    let subscribe = |text: &str| read(text, 1_000_000).map(|message| matches!(message, Message::Subscribe { .. }));
    assert_eq!(subscribe(r#"{"op":"subscribe","id":1,"kind":"range","query":"up","step":1,"from":0}"#), Ok(true));
    assert!(matches!(
        read(r#"{"op":"subscribe","id":4,"kind":"logs","from":5,"severity_min":17}"#, 0),
        Ok(Message::Subscribe { id: 4, to: Topic::Logs { from_ns: 5_000_000_000, .. } })
    ));
    for (text, id, part) in [
        ("{", None, "not a message"),
        (r#"{"op":"subscribe"}"#, None, "\"id\" is missing"),
        (r#"{"op":"sing","id":2}"#, Some(2), "there is no op"),
        (r#"{"op":"subscribe","id":2,"kind":"range","query":"up"}"#, Some(2), "\"step\" is missing"),
        (r#"{"op":"subscribe","id":2,"kind":"range","query":"up{","step":1,"from":0}"#, Some(2), "invalid parameter"),
        (r#"{"op":"subscribe","id":2,"kind":"range","query":"up[5m]","step":1,"from":0}"#, Some(2), "expression type"),
        (
            r#"{"op":"subscribe","id":2,"kind":"range","query":"up","step":0.01,"from":0}"#,
            Some(2),
            "more than 11000 steps",
        ),
        (
            r#"{"op":"subscribe","id":2,"kind":"range","query":"up","step":1e300,"from":0}"#,
            Some(2),
            "no number of seconds",
        ),
        (r#"{"op":"subscribe","id":2,"kind":"arrivals","table":"users"}"#, Some(2), "spans, logs or metrics"),
        (r#"{"op":"subscribe","id":2,"kind":"all"}"#, Some(2), "not \"all\""),
        (r#"{"op":"subscribe","id":2,"extra":1}"#, None, "unknown field"),
    ] {
        let wrong = read(text, 1_000_000).unwrap_err();
        assert_eq!(wrong.id, id, "{text}");
        assert!(wrong.message.contains(part), "{text}: {}", wrong.message);
    }
}
