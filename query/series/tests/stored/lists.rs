//! Names and values of labels from the index, against all label sets.

use std::collections::BTreeSet;

use spanlake_promql::labels::Labels;
use spanlake_promql::matcher::{MatchOperator, Matcher};
use spanlake_store::now_nanos;

use super::{Dice, Lake};

fn a_series(dice: &mut Dice) -> Labels {
    let mut labels = vec![("__name__".to_owned(), format!("metric_{}", dice.next(3)))];
    for name in ["job", "instance", "zone", "route"] {
        if dice.next(3) > 0 {
            labels.push((name.to_owned(), dice.next(3).to_string()));
        }
    }
    Labels::new(labels)
}

fn selectors() -> Vec<Vec<Vec<Matcher>>> {
    let regex = |name: &str, value: &str| Matcher::new(MatchOperator::Regex, name, value).expect("it compiles");
    let name = |value: &str| Matcher::equal("__name__", value);
    vec![
        vec![],
        vec![vec![name("metric_1")]],
        vec![vec![name("metric_0"), Matcher::equal("zone", "1")], vec![name("metric_2")]],
        vec![vec![regex("__name__", "metric_.*"), Matcher::equal("route", "")]],
        vec![vec![regex("instance", "1|2"), regex("job", ".+")]],
        vec![vec![Matcher::equal("nobody", "has this")]],
        vec![vec![name("metric_1"), Matcher::equal("service.name", "0")]],
    ]
}

/// Scenario: 300 series of three metrics that have some of four labels each, and selectors of every kind.
/// Guarantee: names and values of labels are those of the label sets.
#[test]
fn names_and_values_are_those_of_the_label_sets() {
    let (lake, mut dice) = (Lake::new(), Dice(5));
    let now_ms = now_nanos() / 1_000_000;
    let series: BTreeSet<Labels> = (0..300).map(|_| a_series(&mut dice)).collect();
    let samples: Vec<(Labels, Vec<(i64, f64)>)> =
        series.into_iter().map(|labels| (labels, vec![(now_ms, 1.0)])).collect();
    lake.write(&samples);
    let source = lake.source();
    for selectors in selectors() {
        let sets = source.label_sets(&selectors, now_ms - 1_000, now_ms).expect("sets can be read");
        let names = source.label_names(&selectors, now_ms - 1_000, now_ms).expect("names can be read");
        let expected: BTreeSet<String> =
            sets.iter().flat_map(|labels| labels.iter().map(|(name, _)| name.to_owned())).collect();
        assert_eq!(names, expected, "{selectors:?}");
        for name in ["job", "zone", "__name__", "nobody"] {
            let values = source.label_values(name, &selectors, now_ms - 1_000, now_ms).expect("values can be read");
            let of_sets = sets.iter().map(|labels| labels.get(name).to_owned()).filter(|value| !value.is_empty());
            assert_eq!(values, of_sets.collect(), "{name} of {selectors:?}");
        }
    }
}
