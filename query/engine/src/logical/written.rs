//! Tables written in SQL over the others.

/// A view.
pub(crate) struct WrittenView {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) sql: &'static str,
    /// What each column says, in order.
    pub(crate) columns: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(super) const VIEWS: &[WrittenView] = &[
    WrittenView {
        name: "span_events",
        about: "A row an event of a span.",
        sql: "SELECT trace_id, span_id, service_name, span_name, span_start_time, \
              event['time'] AS time, event['name'] AS name, event['attributes'] AS attributes, \
              event['attribute_types'] AS attribute_types, \
              event['dropped_attributes_count'] AS dropped_attributes_count, resource_id, scope_id \
              FROM (SELECT trace_id, span_id, service_name, name AS span_name, start_time AS span_start_time, \
              resource_id, scope_id, unnest(events) AS event FROM spans)",
        columns: &[
            ("trace_id", "The span's trace."),
            ("span_id", "The span."),
            ("service_name", "Who sent the span."),
            ("span_name", "The span's name."),
            ("span_start_time", "When the span began."),
            ("time", "When it happened."),
            ("name", "What happened; `exception` for exceptions."),
            ("attributes", "The event's attributes."),
            ("attribute_types", "Types of the values, one letter an entry; null: all are text."),
            ("dropped_attributes_count", "Attributes that were lost before they arrived."),
            ("resource_id", "Key into `resources`."),
            ("scope_id", "Key into `scopes`."),
        ],
    },
    WrittenView {
        name: "span_links",
        about: "A row a link of a span.",
        sql: "SELECT trace_id, span_id, service_name, span_name, span_start_time, \
              link['trace_id'] AS linked_trace_id, link['span_id'] AS linked_span_id, \
              link['trace_state'] AS trace_state, link['flags'] AS flags, link['attributes'] AS attributes, \
              link['attribute_types'] AS attribute_types, \
              link['dropped_attributes_count'] AS dropped_attributes_count, resource_id, scope_id \
              FROM (SELECT trace_id, span_id, service_name, name AS span_name, start_time AS span_start_time, \
              resource_id, scope_id, unnest(links) AS link FROM spans)",
        columns: &[
            ("trace_id", "The span's trace."),
            ("span_id", "The span."),
            ("service_name", "Who sent the span."),
            ("span_name", "The span's name."),
            ("span_start_time", "When the span began."),
            ("linked_trace_id", "The trace that is linked."),
            ("linked_span_id", "The span that is linked."),
            ("trace_state", "W3C trace state of the link."),
            ("flags", "W3C flags of the link."),
            ("attributes", "The link's attributes."),
            ("attribute_types", "Types of the values, one letter an entry; null: all are text."),
            ("dropped_attributes_count", "Attributes that were lost before they arrived."),
            ("resource_id", "Key into `resources`."),
            ("scope_id", "Key into `scopes`."),
        ],
    },
    WrittenView {
        name: "traces",
        about: "A row a trace, put together from its spans.",
        sql: "SELECT trace_id, min(start_time) AS start_time, max(end_time) AS end_time, \
              CAST(max(end_time) - min(start_time) AS BIGINT) AS duration, \
              first_value(service_name ORDER BY start_time) FILTER (WHERE parent_span_id IS NULL) AS root_service, \
              first_value(name ORDER BY start_time) FILTER (WHERE parent_span_id IS NULL) AS root_name, \
              count(*) AS span_count, count(*) FILTER (WHERE status_code = 'error') AS error_count, \
              array_agg(DISTINCT service_name) AS services FROM spans GROUP BY trace_id",
        columns: &[
            ("trace_id", "The trace."),
            ("start_time", "When its first span began."),
            ("end_time", "When its last span ended."),
            ("duration", "From its start to its end, nanoseconds."),
            ("root_service", "Who sent its first span without a parent; null where there is none."),
            ("root_name", "The name of that span."),
            ("span_count", "How many spans it has."),
            ("error_count", "How many of them failed."),
            ("services", "Who sent its spans."),
        ],
    },
];

/// The view of that name.
pub(crate) fn written_view(name: &str) -> Option<&'static WrittenView> {
    VIEWS.iter().find(|view| view.name == name)
}
