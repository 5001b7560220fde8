//! Servers that fail, as the API and PromQL tell it. How soon is measured by `make bench-mysql`.

use spanlake_bench::mysql::failures;
use spanlake_tests::server::binary;

/// Scenario: a real MySQL is killed, hangs, is shut down, refuses the password, has no connection free, is 30 s late, and
/// is replaced by another one behind the same address; each is mended after some seconds.
/// Guarantee: the API and `mysql_up` tell each and its end, the reason is named, and there are never more than two
/// connections to the server.
#[test]
fn every_failure_is_told_with_its_reason_and_its_end() {
    let Some(seen) = failures::run(&binary()).expect("every failure is told") else { return };
    for failure in &seen {
        assert!(failure.connections <= 2, "{failure:?}");
    }
    let reasons: Vec<&str> = seen.iter().map(|failure| failure.reason.as_str()).collect();
    for (reason, expected) in reasons.iter().zip([
        "nothing listens",
        "no answer within",
        "nothing listens",
        "the user or the password is wrong",
        "Too many connections",
        "no answer within",
        "",
    ]) {
        assert!(reason.contains(expected), "{expected:?} in {reasons:#?}");
    }
    assert_eq!(seen.len(), 7);
}
