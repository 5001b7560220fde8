//! Which columns of stored spans a pipeline is evaluated on.
//!
//! Owns the way from fields to columns. What a pipeline does not ask for is as if no span had it.

use std::collections::BTreeSet;

use spanlake_traceql::plan::Source;
use spanlake_traceql::syntax::field::{Field, Intrinsic, Scope};

use spanlake_schemas::tables::attribute_column;

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

/// The physical columns of spans on which the pipeline finds what it finds on all of them; `None` where it needs all. One key of the
/// attributes is asked for as `attributes['key']`.
#[must_use]
pub fn columns_of(source: &Source) -> Option<Vec<String>> {
    if source.needs_all_attributes {
        return None;
    }
    let mut columns: BTreeSet<String> = ALWAYS.map(str::to_owned).into();
    let mut add = |column: &str| columns.insert(column.to_owned());
    for field in &source.fields {
        match field {
            Field::Attribute(attribute) => {
                let (is_span, is_any) = (attribute.scope == Scope::Span, attribute.scope == Scope::Any);
                if is_span || is_any {
                    // Values of another type than its column's lie in the map.
                    add(&attribute_column(&attribute.key));
                    if let Some(promoted) = promoted_span(&attribute.key) {
                        add(promoted.column);
                    }
                }
                if is_any || attribute.scope == Scope::Event {
                    add("events");
                }
                if is_any || attribute.scope == Scope::Link {
                    add("links");
                }
            }
            Field::Intrinsic(Intrinsic::EventName | Intrinsic::EventTimeSinceStart) => {
                add("events");
            }
            Field::Intrinsic(Intrinsic::LinkTraceId | Intrinsic::LinkSpanId) => {
                add("links");
            }
            Field::Intrinsic(Intrinsic::StatusMessage) => {
                add("status_message");
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
            columns.into_iter().filter(|column| !ALWAYS.contains(&column.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(beside("{ name = \"a\" && resource.x = 1 } | count() > 2"), Vec::<String>::new());
        assert_eq!(beside("{ span.tenant = \"a\" }"), ["attributes['tenant']"]);
        assert_eq!(beside("{ span.http.route = \"a\" }"), ["attributes['http.route']", "http_route"]);
        assert_eq!(beside("{ } >> { .x = 1 }"), ["attributes['x']", "events", "links"]);
        assert_eq!(beside("{ event:name = \"x\" } | by(link.y)"), ["events", "links"]);
        assert_eq!(beside("{ statusMessage = \"x\" }"), ["status_message"]);
    }
}
