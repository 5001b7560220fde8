//! The fold does not depend on order or on how it is cut into parts.

use proptest::prelude::*;

use super::*;
use crate::rules::{Rule, RuleAction};

struct Region(&'static str);

impl AttributeSource for Region {
    fn attribute(&self, key: &str) -> Option<Cow<'_, str>> {
        (key == "region").then_some(Cow::Borrowed(self.0))
    }
}

fn rules() -> RuleSet {
    let mut slow = Rule::new("slow", RuleAction::Keep);
    slow.duration_min_ms = Some(0.5);
    let mut europe = Rule::new("europe", RuleAction::AtLeast(0.2));
    europe.attributes.insert("region".to_owned(), "eu*".into());
    RuleSet::new(vec![slow, europe])
}

fn fold(numbers: &[u64], rules: &RuleSet) -> TraceSummary {
    const STATES: [&str; 4] = ["", "ot=th:8", "ot=rv:9b8233f7e3a151;th:c", "ot=th:xyz"];
    let mut summary = TraceSummary::new(TraceId([7; 16]));
    for number in numbers {
        let operation = format!("op{}", number % 90);
        let span = SpanFacts {
            span_id: number.to_be_bytes(),
            is_root: number % 11 == 0,
            service: "shop",
            operation: &operation,
            status: if number % 3 == 0 { StatusCode::Error } else { StatusCode::Unset },
            start_time: i64::try_from(number % 1_000).unwrap(),
            duration: i64::try_from(number % 700_000).unwrap(),
            flags: u32::try_from(number % 4).unwrap(),
            trace_state: STATES[usize::try_from(number % 4).unwrap()],
            is_sampling_unknown: false,
            door_threshold: Threshold::KEEP_ALL,
            hot_bytes: number % 500,
            links: &[TraceId([u8::try_from(number % 20).unwrap(); 16])],
            attributes: &Region(if number % 50 == 0 { "eu-1" } else { "us-1" }),
        };
        summary.add_span(&span, rules);
        summary.add_log(i32::try_from(number % 18).unwrap(), 10, Threshold::KEEP_ALL);
    }
    summary
}

proptest! {
    #[test]
    fn order_and_parts_do_not_matter(mut numbers in prop::collection::vec(0_u64..1_000_000, 1..200), at in 0_usize..200) {
        let rules = rules();
        let at = at.min(numbers.len());
        let whole = fold(&numbers, &rules);
        let mut parts = fold(&numbers[..at], &rules);
        parts.merge(&fold(&numbers[at..], &rules));
        prop_assert_eq!(&whole, &parts);
        numbers.reverse();
        prop_assert_eq!(&whole, &fold(&numbers, &rules));
        prop_assert!(whole.operations.len() <= OPERATIONS_MAX && whole.links.len() <= LINKS_MAX);
        prop_assert_eq!(whole.rule_hits & 1 == 1, numbers.iter().any(|number| number % 700_000 >= 500_000));
        prop_assert_eq!(whole.rule_hits & 2 == 2, numbers.iter().any(|number| number % 50 == 0));
    }
}
