//! `critical_path(trace_id)`: where the time of each trace went, one list of spans a trace.
//!
//! Owns how it is called: over the spans of a trace, `GROUP BY trace_id`. It needs more of each span than its trace, which the
//! statement need not write. What is computed is [`TraceTree`]'s, so that the page and SQL say the same. Never reads
//! rows itself.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, Int32Builder, Int64Builder, ListArray, StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int64Type, TimeUnit, TimestampNanosecondType};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::expr::AggregateFunctionParams;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility, udaf_default_schema_name,
};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident};
use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::SpanId;
use spanlake_schemas::trace_tree::{RowOf, SpanShape, TraceTree};

use crate::statement_parts::with_calls;

const NAME: &str = "critical_path";
/// Columns of a span beside its trace.
const COLUMNS: [&str; 6] = ["span_id", "parent_span_id", "start_time", "duration", "service_name", "name"];
/// Spans of one trace, or of all rows that a statement without groups takes for one.
const SPANS_MAX: usize = 1_000_000;

/// The function.
pub(crate) fn function() -> AggregateUDF {
    AggregateUDF::new_from_impl(CriticalPath { signature: Signature::user_defined(Volatility::Immutable) })
}

/// The same statement with the columns of a span at every call.
pub(crate) fn with_columns(statement: Statement) -> Statement {
    with_calls(statement, complete_call)
}

/// `critical_path(s.trace_id)` means the other columns of `s`, too.
fn complete_call(function: &mut Function) {
    let name = function.name.0.last().and_then(|part| part.as_ident());
    if !name.is_some_and(|name| name.value.eq_ignore_ascii_case(NAME)) {
        return;
    }
    let FunctionArguments::List(list) = &mut function.args else { return };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(trace))] = list.args.as_slice() else { return };
    let beside = |column: &str| match trace {
        Expr::CompoundIdentifier(parts) => {
            let mut parts = parts.clone();
            parts.pop();
            parts.push(Ident::new(column));
            Expr::CompoundIdentifier(parts)
        }
        _ => Expr::Identifier(Ident::new(column)),
    };
    let columns = COLUMNS.map(|column| FunctionArg::Unnamed(FunctionArgExpr::Expr(beside(column))));
    list.args.extend(columns);
}

/// What is said of each span.
fn answer_fields() -> Fields {
    let start_time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    Fields::from(vec![
        Field::new("span_id", DataType::FixedSizeBinary(8), true),
        Field::new("service_name", DataType::Utf8, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("depth", DataType::Int32, true),
        Field::new("start_time", start_time, true),
        Field::new("duration", DataType::Int64, true),
        Field::new("self_time", DataType::Int64, true),
        Field::new("critical_time", DataType::Int64, true),
    ])
}

fn item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(answer_fields()), true))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CriticalPath {
    signature: Signature,
}

impl AggregateUDFImpl for CriticalPath {
    fn name(&self) -> &str {
        NAME
    }

    /// As it is written: without the columns that nobody writes.
    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        let mut written = params.clone();
        written.args.truncate(1);
        udaf_default_schema_name(self, &written)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() != 1 + COLUMNS.len() {
            return plan_err!("{NAME} takes one argument, the trace_id of spans");
        }
        Ok(vec![
            given[0].clone(),
            DataType::FixedSizeBinary(8),
            DataType::FixedSizeBinary(8),
            DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            DataType::Int64,
            DataType::Utf8,
            DataType::Utf8,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(item()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "spans"), DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::<Spans>::default())
    }
}

/// Spans of one trace, in the order in which they came.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Spans {
    spans: Vec<Row>,
    text_bytes: usize,
}

/// Ordered as they are drawn, so that it does not matter how rows came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Row {
    start_time: i64,
    span_id: [u8; 8],
    parent: [u8; 8],
    duration: i64,
    service: String,
    name: String,
}

impl Spans {
    fn add(&mut self, row: Row) -> Result<()> {
        if self.spans.len() >= SPANS_MAX {
            return exec_err!("{NAME} takes at most {SPANS_MAX} spans of a trace; group by trace_id");
        }
        self.text_bytes += row.service.len() + row.name.len();
        self.spans.push(row);
        Ok(())
    }
}

impl Accumulator for Spans {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [_, ids, parents, starts, durations, services, names] = values else {
            return exec_err!("{NAME}: the columns of spans are missing");
        };
        let (ids, parents) = (ids.as_fixed_size_binary(), parents.as_fixed_size_binary());
        let starts = starts.as_primitive::<TimestampNanosecondType>();
        let durations = durations.as_primitive::<Int64Type>();
        let (services, names) = (services.as_string::<i32>(), names.as_string::<i32>());
        let id = |ids: &arrow::array::FixedSizeBinaryArray, row: usize| -> [u8; 8] {
            if ids.is_valid(row) { ids.value(row).try_into().unwrap_or_default() } else { [0; 8] }
        };
        let text = |texts: &arrow::array::StringArray, row: usize| -> String {
            if texts.is_valid(row) { texts.value(row).to_owned() } else { String::new() }
        };
        for row in (0..ids.len()).filter(|row| starts.is_valid(*row)) {
            self.add(Row {
                start_time: starts.value(row),
                span_id: id(ids, row),
                parent: id(parents, row),
                duration: if durations.is_valid(row) { durations.value(row) } else { 0 },
                service: text(services, row),
                name: text(names, row),
            })?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.spans.sort_unstable();
        let shapes: Vec<SpanShape> = self
            .spans
            .iter()
            .map(|span| SpanShape {
                span_id: SpanId(span.span_id),
                parent_span_id: Some(SpanId(span.parent)),
                start_time: span.start_time,
                duration: span.duration,
                is_error: false,
            })
            .collect();
        let list = answered(&self.spans, &TraceTree::build(&shapes))?;
        Ok(ScalarValue::List(Arc::new(list)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.spans.capacity() * size_of::<Row>() + self.text_bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let written = postcard::to_stdvec(self);
        let written = written.map_err(|error| exec_datafusion_err!("{NAME}: spans cannot be written: {error}"))?;
        Ok(vec![ScalarValue::Binary(Some(written))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = states.first().and_then(|states| states.as_binary_opt::<i32>());
        let states = states.ok_or_else(|| exec_datafusion_err!("{NAME}: a state is no bytes"))?;
        for bytes in states.iter().flatten() {
            let some: Self = postcard::from_bytes(bytes)
                .map_err(|error| exec_datafusion_err!("{NAME}: spans cannot be read: {error}"))?;
            some.spans.into_iter().try_for_each(|row| self.add(row))?;
        }
        Ok(())
    }
}

/// Spans in the order of the waterfall; parents that never came have no time of their own to tell.
fn answered(spans: &[Row], tree: &TraceTree) -> Result<ListArray> {
    let mut ids = FixedSizeBinaryBuilder::with_capacity(spans.len(), 8);
    let (mut services, mut names) = (StringBuilder::new(), StringBuilder::new());
    let mut depths = Int32Builder::with_capacity(spans.len());
    let mut numbers = [(); 4].map(|()| Int64Builder::with_capacity(spans.len()));
    for row in &tree.rows {
        let RowOf::Span(index) = row.of else { continue };
        let span = &spans[index];
        ids.append_value(span.span_id)?;
        services.append_value(&span.service);
        names.append_value(&span.name);
        depths.append_value(i32::try_from(row.depth).unwrap_or(i32::MAX));
        let values = [span.start_time, span.duration, row.self_time, row.critical_time];
        numbers.iter_mut().zip(values).for_each(|(builder, value)| builder.append_value(value));
    }
    let [starts, durations, selves, criticals] = numbers.map(|mut builder| builder.finish());
    let starts = starts.reinterpret_cast::<TimestampNanosecondType>().with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids.finish()),
        Arc::new(services.finish()),
        Arc::new(names.finish()),
        Arc::new(depths.finish()),
        Arc::new(starts),
        Arc::new(durations),
        Arc::new(selves),
        Arc::new(criticals),
    ];
    let values = StructArray::try_new(answer_fields(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    Ok(ListArray::try_new(item(), offsets, Arc::new(values), None)?)
}
