use std::time::Duration;

use spanlake_promql::eval::{EvalOptions, Point};
use spanlake_promql::labels::Labels;
use spanlake_promql::memory::MemorySource;

use crate::evaluate::{Rule, Written};
use crate::file::read;

const MINUTE: i64 = 60_000;

fn rule(text: &str) -> Rule {
    let lines = text.replace('\n', "\n    ");
    let mut groups = read(&format!("groups:\n- name: a\n  rules:\n  - {lines}\n"), "rules.yml").unwrap();
    Rule::new(groups.remove(0).rules.remove(0), 0)
}

fn source(samples: &[(&str, i64, f64)]) -> MemorySource {
    let mut source = MemorySource::default();
    for (instance, time_ms, value) in samples {
        source.push_float(&Labels::new([("__name__", "load"), ("instance", *instance)]), *time_ms, *value, 0);
    }
    source
}

fn evaluate(rule: &mut Rule, source: &MemorySource, time_ms: i64) -> Result<Written, String> {
    rule.evaluate(source, &EvalOptions::default(), time_ms, Duration::ZERO)
}

fn shown(written: &Written) -> Vec<(String, f64)> {
    let number = |point: &Point| if let Point::Float(value) = point { *value } else { f64::NAN };
    written.samples.iter().map(|(labels, point)| (labels.to_string(), number(point))).collect()
}

#[test]
fn recorded_series_have_a_new_name_and_end_with_their_source() {
    let mut rule = rule("record: load:double\nexpr: load * 2\nlabels: {unit: none}");
    let source = source(&[("a", 0, 1.0), ("b", 0, 2.0), ("a", 10 * MINUTE, 3.0)]);
    let written = evaluate(&mut rule, &source, 0).unwrap();
    let series = |instance: &str| format!("{{__name__=\"load:double\", instance=\"{instance}\", unit=\"none\"}}");
    assert_eq!(shown(&written), [(series("a"), 2.0), (series("b"), 4.0)]);
    assert!(written.ended.is_empty());
    let written = evaluate(&mut rule, &source, 10 * MINUTE).unwrap();
    assert_eq!(shown(&written), [(series("a"), 6.0)]);
    assert_eq!(written.ended.iter().map(ToString::to_string).collect::<Vec<_>>(), [series("b")]);
}

#[test]
fn two_results_with_one_label_set_are_an_error() {
    let mut rule = rule("record: x\nexpr: load\nlabels: {instance: same}");
    let source = source(&[("a", 0, 1.0), ("b", 0, 2.0)]);
    let error = evaluate(&mut rule, &source, 0).unwrap_err();
    assert_eq!(error, "vector contains metrics with the same labelset after applying rule labels");
}

#[test]
fn alerts_are_series_and_come_back_after_a_restart() {
    let text = "alert: High\nexpr: load > 1\nfor: 5m\nlabels: {severity: warning}";
    let mut before = rule(text);
    let mut source = source(&(0..20).map(|at| ("a", at * MINUTE, 2.0)).collect::<Vec<_>>());
    for at in 0..4 {
        let time_ms = at * MINUTE;
        let written = evaluate(&mut before, &source, time_ms).unwrap();
        let all = shown(&written);
        let labels = "alertname=\"High\", alertstate=\"pending\", instance=\"a\", severity=\"warning\"";
        assert_eq!(all[0], (format!("{{__name__=\"ALERTS\", {labels}}}"), 1.0));
        assert_eq!(all[1].1, 0.0);
        for (labels, point) in written.samples {
            let Point::Float(value) = point else { continue };
            source.push_float(&labels, time_ms, value, 0);
        }
    }
    // Two minutes away: three minutes of five have been waited, two are left.
    let mut after = rule(text);
    let options = EvalOptions::default();
    let mut states = Vec::new();
    for at in 5..9 {
        let written = evaluate(&mut after, &source, at * MINUTE).unwrap();
        if at == 5 {
            assert_eq!(after.restore(&source, &options, at * MINUTE), Ok(true));
            after.settle(at * MINUTE);
        }
        drop(written);
        states.extend(after.alerts.active().map(|alert| (alert.state.word(), alert.active_at / MINUTE)));
    }
    assert_eq!(states, [("pending", 2), ("pending", 2), ("firing", 2), ("firing", 2)]);
}
