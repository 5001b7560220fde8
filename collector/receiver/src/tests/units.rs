//! Parts that need no socket.

use std::time::Duration;

use prost::Message;
use spanlake_schemas::ingest::{Encoding, Signal};

use super::http::RpcStatus;
use crate::answer::{Outcome, status, status_with_retry, success};
use crate::http::origin_matches;

#[test]
fn origins() {
    for (pattern, origin, expected) in [
        ("*", "https://a.example", true),
        ("http://localhost:*", "http://localhost:5173", true),
        ("http://localhost:*", "http://localhost", true),
        ("http://localhost:*", "http://localhost.evil.example", false),
        ("http://localhost:*", "http://localhost:80.evil.example", false),
        ("http://localhost:*", "https://localhost:80", false),
        ("https://*.example.com", "https://a.example.com", true),
        ("https://*.example.com", "https://example.com", false),
        ("https://a.example", "https://a.example", true),
        ("https://a.example", "https://a.example:8443", false),
    ] {
        assert_eq!(origin_matches(pattern, origin), expected, "{pattern} {origin}");
    }
}

#[test]
fn long_messages_are_cut_between_characters() {
    let long = "é".repeat(100_000);
    let outcome = Outcome { accepted: 0, rejected: u64::MAX / 2, message: Some(long.clone()) };
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        assert!(success(Signal::Logs, encoding, &outcome).len() < 5000);
        assert!(status(encoding, 3, &long).len() < 5000);
    }
}

#[test]
fn retry_info_is_what_prost_reads() {
    let bytes = status_with_retry(14, "later", Duration::from_millis(1500));
    let status = RpcStatus::decode(&*bytes).unwrap();
    assert_eq!((status.code, status.message.as_str()), (14, "later"));
    assert_eq!(status.details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
    assert_eq!(status.details[0].value, [0x0a, 8, 8, 1, 16, 0x80, 0xca, 0xb5, 0xee, 1]);
}
