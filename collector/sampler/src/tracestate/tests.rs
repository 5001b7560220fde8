//! Examples of the specification, damaged texts, and random ones.

use proptest::prelude::*;

use super::*;

fn check(text: &str, threshold: Option<u64>, randomness: Option<u64>, is_malformed: bool) {
    let state = parse(text);
    let found = (state.threshold.map(Threshold::bits), state.randomness.map(Randomness::bits), state.is_malformed);
    assert_eq!(found, (threshold, randomness, is_malformed), "{text:?}");
}

#[test]
fn the_specification_s_examples_are_read() {
    check("ot=th:c", Some(0xc << 52), None, false);
    check("ot=th:8;rv:9b8233f7e3a151", Some(0x8 << 52), Some(0x009b_8233_f7e3_a151), false);
    check("ot=th:0", Some(0), None, false);
    check("ot=th:c8000000000000", Some(0xc8 << 48), None, false);
    check("ot=p:8;r:62", None, None, false);
    check(
        "rojo=00f067aa0ba902b7, ot=rv:6e6d1a75832a2f;th:0a , congo=t61rcWkgMzE",
        Some(0x0a << 48),
        Some(0x6e_6d1a_7583_2a2f),
        false,
    );
    check("", None, None, false);
    check("congo=ot=th:c", None, None, false);
}

#[test]
fn what_is_malformed_is_ignored_and_said() {
    check("ot=th:", None, None, true);
    check("ot=th:g", None, None, true);
    check("ot=th:C", None, None, true);
    check("ot=th:123456789012345", None, None, true);
    check("ot=th:-1", None, None, true);
    check("ot=rv:12;th:8", Some(8 << 52), None, true);
    check("ot=th:8;th:4", None, None, true);
    check("ot=th:8,ot=th:8", None, None, true);
    check("ot=nonsense", None, None, true);
    check(&format!("ot=th:8;x:{}", "y".repeat(300)), None, None, true);
    check(&"a=b,".repeat(4_000), None, None, true);
}

#[test]
fn writing_keeps_what_it_does_not_own() {
    let half = Some(Threshold::from_probability(0.5));
    assert_eq!(with_threshold("", half), "ot=th:8");
    assert_eq!(with_threshold("congo=1,ot=rv:9b8233f7e3a151;th:0;x:y", half), "ot=th:8;rv:9b8233f7e3a151;x:y,congo=1");
    assert_eq!(with_threshold("ot=th:8,congo=1", None), "congo=1");
    assert_eq!(with_threshold("ot=th:8;rv:9b8233f7e3a151", None), "ot=rv:9b8233f7e3a151");
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(threshold in 0_u64..(1 << 56), randomness in 0_u64..(1 << 56)) {
        let threshold = Threshold::from_bits(threshold).unwrap();
        let randomness = Randomness::from_low_bits(randomness);
        let text = with_threshold(&format!("a=1,ot=rv:{}", randomness_digits(randomness)), Some(threshold));
        prop_assert_eq!(parse(&text), OtelState { threshold: Some(threshold), randomness: Some(randomness), is_malformed: false });
    }

    #[test]
    fn no_text_is_too_odd(text in "(ot=|th:|rv:|[0-9a-fA-Fx]{0,20}|[;:,= \t]|\\PC){0,12}") {
        let state = parse(&text);
        let written = with_threshold(&text, Some(Threshold::from_probability(0.25)));
        let again = parse(&written);
        if text.len() < 200 && !state.is_malformed {
            prop_assert_eq!(again.threshold, Some(Threshold::from_probability(0.25)));
            prop_assert_eq!(again.randomness, state.randomness);
        }
    }

    #[test]
    fn flipped_bytes_are_never_fatal(position in 0_usize..40, byte in 0_u8..128) {
        let mut bytes = b"congo=1,ot=th:8abc;rv:9b8233f7e3a151,x=y".to_vec();
        bytes[position] = byte;
        let text = String::from_utf8(bytes).unwrap();
        let state = parse(&text);
        if let Some(threshold) = state.threshold {
            prop_assert!(threshold.probability() > 0.0);
        }
    }
}
