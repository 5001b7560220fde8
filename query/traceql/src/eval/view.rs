//! A trace as a query sees it.
//!
//! Owns where each field is found, and what is the same for all spans of a trace. Never changes the trace.

use std::borrow::Cow;

use crate::model::{Attributes, Trace, hex};
use crate::structure::Structure;
use crate::syntax::field::{Attribute, Field, Intrinsic, Scope};

use super::operand::Operand;

/// The attribute of a resource that says who sent a span.
pub const SERVICE_NAME: &str = "service.name";

/// A trace with its structure and totals.
#[derive(Debug)]
pub struct TraceView<'a> {
    trace: &'a Trace,
    structure: Structure,
    /// The earliest span without a parent.
    root: Option<usize>,
    /// From the first start to the last end, nanoseconds.
    duration: i64,
}

impl<'a> TraceView<'a> {
    /// Looks at a trace.
    #[must_use]
    pub fn new(trace: &'a Trace) -> Self {
        let spans = &trace.spans;
        let roots = (0..spans.len()).filter(|index| spans[*index].parent().is_none());
        let start = spans.iter().map(|span| span.start_time).min().unwrap_or(0);
        let end = spans.iter().map(crate::model::Span::end_time).max().unwrap_or(0);
        Self {
            trace,
            structure: Structure::of(trace),
            root: roots.min_by_key(|index| (spans[*index].start_time, *index)),
            duration: end.saturating_sub(start),
        }
    }

    /// The trace.
    #[must_use]
    pub fn trace(&self) -> &'a Trace {
        self.trace
    }

    /// Who is whose child.
    #[must_use]
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// What a span has of a field.
    #[must_use]
    pub fn value(&self, span: usize, field: &Field) -> Operand<'a> {
        match field {
            Field::Attribute(attribute) => self.attribute(span, attribute),
            Field::Intrinsic(intrinsic) => self.intrinsic(span, *intrinsic),
        }
    }

    fn attribute(&self, span: usize, attribute: &Attribute) -> Operand<'a> {
        let span = match (attribute.of_parent, self.structure.parent(span)) {
            (false, _) => span,
            (true, Some(parent)) => parent,
            (true, None) => return Operand::Nil,
        };
        let of_scope = |scope: Scope| self.attribute_of(span, scope, &attribute.key);
        match attribute.scope {
            Scope::Any => Scope::NAMED.into_iter().map(of_scope).find(Operand::exists).unwrap_or(Operand::Nil),
            scope => of_scope(scope),
        }
    }

    fn attribute_of(&self, span: usize, scope: Scope, key: &str) -> Operand<'a> {
        let span = &self.trace.spans[span];
        let of = |attributes: &'a Attributes| attributes.get(key).map_or(Operand::Nil, Operand::of_value);
        match scope {
            Scope::Any | Scope::Span => of(&span.attributes),
            Scope::Resource => of(&span.resource.attributes),
            Scope::Instrumentation => of(&span.instrumentation.attributes),
            Scope::Event => several(span.events.iter().map(|event| of(&event.attributes))),
            Scope::Link => several(span.links.iter().map(|link| of(&link.attributes))),
        }
    }

    fn intrinsic(&self, index: usize, intrinsic: Intrinsic) -> Operand<'a> {
        let span = &self.trace.spans[index];
        match intrinsic {
            Intrinsic::Name => text(&span.name),
            Intrinsic::Duration => Operand::Duration(span.duration),
            Intrinsic::Status => Operand::Status(span.status),
            Intrinsic::StatusMessage => text(&span.status_message),
            Intrinsic::Kind => Operand::Kind(span.kind),
            Intrinsic::SpanId => id(&span.span_id.0),
            Intrinsic::ParentId => span.parent().map_or(Operand::Nil, |parent| id(&parent.0)),
            Intrinsic::ChildCount => Operand::Int(self.structure.child_count(index)),
            Intrinsic::TraceId => id(&self.trace.trace_id.0),
            Intrinsic::TraceDuration => Operand::Duration(self.duration),
            Intrinsic::RootName => self.root.map_or(Operand::Nil, |root| text(&self.trace.spans[root].name)),
            Intrinsic::RootServiceName => self.root.map_or(Operand::Nil, |root| {
                let resource = &self.trace.spans[root].resource;
                resource.attributes.get(SERVICE_NAME).map_or(Operand::Nil, Operand::of_value)
            }),
            Intrinsic::EventName => several(span.events.iter().map(|event| text(&event.name))),
            Intrinsic::EventTimeSinceStart => {
                several(span.events.iter().map(|event| Operand::Duration(event.time.saturating_sub(span.start_time))))
            }
            Intrinsic::LinkTraceId => several(span.links.iter().map(|link| id(&link.trace_id.0))),
            Intrinsic::LinkSpanId => several(span.links.iter().map(|link| id(&link.span_id.0))),
            Intrinsic::InstrumentationName => text(&span.instrumentation.name),
            Intrinsic::InstrumentationVersion => text(&span.instrumentation.version),
            Intrinsic::NestedSetLeft => Operand::Int(self.structure.nested_set_left(index)),
            Intrinsic::NestedSetRight => Operand::Int(self.structure.nested_set_right(index)),
            Intrinsic::NestedSetParent => Operand::Int(self.structure.nested_set_parent(index)),
        }
    }
}

fn text(text: &str) -> Operand<'_> {
    Operand::Text(Cow::Borrowed(text))
}

fn id(bytes: &[u8]) -> Operand<'static> {
    Operand::Text(Cow::Owned(hex(bytes)))
}

/// What several events or links have: nothing, one value, or an array of all of them.
fn several<'a>(values: impl Iterator<Item = Operand<'a>>) -> Operand<'a> {
    let mut found: Vec<Operand<'a>> = values.filter(Operand::exists).collect();
    match found.len() {
        0 => Operand::Nil,
        1 => found.swap_remove(0),
        _ => Operand::Array(
            found
                .into_iter()
                .flat_map(|value| match value {
                    Operand::Array(elements) => elements,
                    other => vec![other],
                })
                .collect(),
        ),
    }
}
