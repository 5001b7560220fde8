//! Which columns of stored spans a pipeline is evaluated on.
//!
//! Owns the way from fields to columns. What a pipeline does not ask for is as if no span had it.

use std::collections::BTreeSet;

use spanlake_traceql::plan::Source;
use spanlake_traceql::syntax::field::{Field, Intrinsic, Scope};

use crate::fields::promoted_span;

/// What every span is made of; the rest may be missing.
const ALWAYS: [&str; 11] = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "start_time",
    "duration",
    "name",
    "kind",
    "status_code",
    "resource_id",
    "scope_id",
    "service_name",
];

/// The physical columns of spans on which the pipeline finds what it finds on all of them; `None` where it needs all.
#[must_use]
pub fn columns_of(source: &Source) -> Option<Vec<&'static str>> {
    if source.needs_all_attributes {
        return None;
    }
    let mut columns: BTreeSet<&'static str> = ALWAYS.into();
    for field in &source.fields {
        match field {
            Field::Attribute(attribute) => {
                let (is_span, is_any) = (attribute.scope == Scope::Span, attribute.scope == Scope::Any);
                if is_span || is_any {
                    // Values of another type than its column's lie in the map.
                    columns.extend(["attributes", "attribute_types"]);
                    columns.extend(promoted_span(&attribute.key).map(|promoted| promoted.column));
                }
                if is_any || attribute.scope == Scope::Event {
                    columns.insert("events");
                }
                if is_any || attribute.scope == Scope::Link {
                    columns.insert("links");
                }
            }
            Field::Intrinsic(Intrinsic::EventName | Intrinsic::EventTimeSinceStart) => {
                columns.insert("events");
            }
            Field::Intrinsic(Intrinsic::LinkTraceId | Intrinsic::LinkSpanId) => {
                columns.insert("links");
            }
            Field::Intrinsic(Intrinsic::StatusMessage) => {
                columns.insert("status_message");
            }
            Field::Intrinsic(_) => {}
        }
    }
    Some(columns.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use spanlake_traceql::plan::plan;
    use spanlake_traceql::syntax::parser::parse_filter;

    use super::*;

    #[test]
    fn a_pipeline_reads_what_it_asks_for() {
        let beside = |text: &str| {
            let query = parse_filter(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let columns = columns_of(&plan(&query).sources[0]).unwrap_or_default();
            columns.into_iter().filter(|column| !ALWAYS.contains(column)).collect::<Vec<_>>()
        };
        assert_eq!(beside("{ name = \"a\" && resource.x = 1 } | count() > 2"), Vec::<&str>::new());
        assert_eq!(beside("{ span.tenant = \"a\" }"), ["attribute_types", "attributes"]);
        assert_eq!(beside("{ span.http.route = \"a\" }"), ["attribute_types", "attributes", "http_route"]);
        assert_eq!(beside("{ } >> { .x = 1 }"), ["attribute_types", "attributes", "events", "links"]);
        assert_eq!(beside("{ event:name = \"x\" } | by(link.y)"), ["events", "links"]);
        assert_eq!(beside("{ statusMessage = \"x\" }"), ["status_message"]);
    }
}
