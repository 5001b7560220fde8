//! Conditions over one span.

use super::check;

/// Which spans of the shop a filter finds.
fn filter(filter: &str, expected: &[u8]) {
    let sets: &[&[u8]] = if expected.is_empty() { &[] } else { &[expected] };
    check(&format!("{{ {filter} }}"), sets);
}

#[test]
fn intrinsics() {
    filter("name = \"charge\"", &[2]);
    filter("duration >= 50ms && duration < 500ms", &[2, 4]);
    filter("status = error", &[2]);
    filter("status != error", &[1, 3, 4]);
    filter("kind = server", &[1]);
    filter("statusMessage =~ \"card.*\"", &[2]);
    filter("span:id = \"0000000000000003\"", &[3]);
    filter("span:parentID = \"0000000000000001\"", &[2, 4]);
    filter("span:parentID = nil", &[1]);
    filter("span:childCount = 2", &[1]);
    filter("trace:id = \"11111111111111111111111111111111\"", &[1, 2, 3, 4]);
    filter("trace:duration = 500ms", &[1, 2, 3, 4]);
    filter("rootName = \"GET /cart\" && trace:rootService = \"frontend\"", &[1, 2, 3, 4]);
    filter("instrumentation:name = \"http\" && instrumentation:version = \"1.2\"", &[1, 2, 3, 4]);
    filter("nestedSetParent < 0", &[1]);
    filter("nestedSetLeft = 2 && nestedSetRight = 5", &[2]);
}

#[test]
fn scopes() {
    filter("resource.service.name = \"payment\"", &[2, 3]);
    filter(".service.name = \"payment\"", &[2, 3]);
    filter("span.service.name != nil", &[]);
    filter("instrumentation.lang = \"rust\"", &[1, 2, 3, 4]);
    filter(".lang = \"rust\" && link.kind = \"batch\"", &[2]);
    filter("parent.retries = 3", &[3]);
    filter("parent.resource.service.name = \"frontend\"", &[2, 4]);
    filter("parent.span.flag", &[2, 4]);
}

#[test]
fn events_and_links_match_by_any_and_mismatch_by_all() {
    filter("event:name = \"exception\"", &[2]);
    filter("event.reason = \"timeout\" && event.reason = \"declined\"", &[2]);
    filter("event.reason != \"timeout\"", &[]);
    filter("event.reason != \"other\"", &[2]);
    filter("event.reason !~ \"other|else\"", &[2]);
    filter("event:timeSinceStart > 40ms && event:timeSinceStart < 10ms", &[2]);
    filter("event:name = nil", &[1, 3, 4]);
    filter("link:traceID = \"abababababababababababababababab\" && link:spanID = \"0000000000000009\"", &[2]);
}

#[test]
fn arrays() {
    filter("span.tags = \"x\"", &[1]);
    filter("\"y\" = span.tags", &[1]);
    filter("span.tags != \"x\"", &[]);
    filter("span.tags != \"z\"", &[1]);
    filter("span.tags =~ \"[yz]\" && span.tags !~ \"z\"", &[1]);
    filter("span.tags > \"w\"", &[1]);
    filter("span.tags != 5", &[]);
    filter("span.none = \"x\"", &[]);
    filter("span.none != \"x\" && span.none != nil", &[1]);
    filter("span.tags = span.tags", &[]);
}

#[test]
fn missing_values_and_other_types_are_neither_equal_nor_unequal() {
    filter(".http.status_code != 200", &[2]);
    filter("!(.http.status_code = 200)", &[2, 3, 4]);
    filter(".retries != 3", &[]);
    filter(".retries != \"many\"", &[]);
    filter(".retries = 3 || .retries = \"many\"", &[2, 3]);
    filter(".http.status_code = \"200\"", &[]);
    filter(".missing = nil", &[1, 2, 3, 4]);
    filter("span.empty != nil", &[]);
    filter("span.raw != nil", &[1]);
    filter("span.raw = \"x\" || span.raw != \"x\"", &[]);
    filter(".flag", &[1]);
    filter("!.flag", &[]);
    filter(".retries && true", &[]);
    filter(".retries || true", &[1, 2, 3, 4]);
    filter("nil = nil", &[]);
}

#[test]
fn numbers() {
    filter(".http.status_code = 200.0", &[1]);
    filter(".retries * 2 + 1 = 7", &[2]);
    filter(".retries ^ 2 = 9 && .retries % 2 = 1 && 10 / .retries = 3", &[2]);
    filter("-.retries < -2", &[2]);
    filter(".retries / 0 = 0", &[]);
    filter(".retries / 0.0 > 1", &[2]);
    filter("duration * 2 = 1s", &[1]);
    filter("duration > 100000000", &[1, 2]);
    filter(".ratio = 0.5 && .ratio < 1", &[1]);
}

#[test]
fn texts() {
    filter("name > \"S\"", &[2, 3, 4]);
    filter("name =~ \"GET\"", &[]);
    filter("name =~ \"GET.*\"", &[1]);
    filter("cidr(.ip, \"10.0.0.0/8\")", &[3]);
    filter("cidr(span.tags, \"10.0.0.0/8\")", &[]);
}
