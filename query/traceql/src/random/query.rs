//! Queries at random: trees that pass the type check, as the parser would give them.
//!
//! Owns which forms come up. Every operator, function, scope and intrinsic does.

use crate::position::Place;
use crate::syntax::field::{Attribute, Field, Intrinsic, Scope};
use crate::syntax::literal::{Kind, Literal, Status, ValueType};
use crate::syntax::operator::{BinaryOperator, SpansetOperator};
use crate::syntax::pattern::{Network, Pattern};
use crate::syntax::tree::{
    Aggregate, AggregateFunction, Body, Cidr, Compare, FieldExpr, Hint, Matches, Metrics, MetricsFunction,
    MetricsSeries, Pipeline, Query, ScalarBinary, ScalarExpr, ScalarFilter, SecondStage, SpansetBinary, SpansetExpr,
    Stage,
};

use super::{DURATIONS, FLOATS, IDS, INTS, KEYS, NAMES, Random, TEXTS};

const PATTERNS: [&str; 6] = [".*", "cart|GET", "c.*t", "[a-z]+", "(?i)get", "10\\.1\\..*"];
const NETWORKS: [&str; 3] = ["10.0.0.0/8", "192.168.1.0/24", "::/0"];
const COMPARISONS: [BinaryOperator; 6] = [
    BinaryOperator::Equal,
    BinaryOperator::NotEqual,
    BinaryOperator::Less,
    BinaryOperator::LessEqual,
    BinaryOperator::Greater,
    BinaryOperator::GreaterEqual,
];
const ARITHMETIC: [BinaryOperator; 6] = [
    BinaryOperator::Add,
    BinaryOperator::Subtract,
    BinaryOperator::Multiply,
    BinaryOperator::Divide,
    BinaryOperator::Modulo,
    BinaryOperator::Power,
];

/// A query for spans.
#[must_use]
pub fn random_query(random: &mut Random) -> Query {
    let hints = if random.percent(10) {
        vec![Hint { name: "most_recent".to_owned(), value: Literal::Bool(true), place: Place::default() }]
    } else {
        Vec::new()
    };
    Query { body: Body::Spans(pipeline(random, 2)), hints }
}

/// A query for series.
#[must_use]
pub fn random_metrics_query(random: &mut Random) -> Query {
    Query { body: Body::Metrics(metrics(random, 2)), hints: Vec::new() }
}

// === pipelines ===

fn pipeline(random: &mut Random, depth: usize) -> Pipeline {
    let first = if random.percent(90) { Stage::Spanset(spanset(random, depth)) } else { stage(random, depth, true) };
    let mut stages = vec![first];
    while random.percent(30) && stages.len() < 4 {
        stages.push(stage(random, depth, false));
    }
    // A pipeline of nothing but a pipeline is that pipeline.
    if let [Stage::Spanset(SpansetExpr::Pipeline(inner))] = stages.as_slice() {
        return inner.as_ref().clone();
    }
    Pipeline { stages }
}

fn stage(random: &mut Random, depth: usize, is_first: bool) -> Stage {
    match random.below(if is_first { 3 } else { 5 }) {
        0 => Stage::Scalar(scalar_filter(random)),
        1 => Stage::By(by_operand(random)),
        2 => Stage::Select((0..=random.below(2)).map(|_| any_field(random)).collect()),
        3 => Stage::Coalesce,
        _ => Stage::Spanset(spanset(random, depth.saturating_sub(1))),
    }
}

fn by_operand(random: &mut Random) -> FieldExpr {
    let field = FieldExpr::field(any_field(random));
    if random.percent(80) { field } else { FieldExpr::binary(BinaryOperator::Add, attribute(random), int(random)) }
}

fn spanset(random: &mut Random, depth: usize) -> SpansetExpr {
    if depth == 0 || random.percent(55) {
        return SpansetExpr::Filter(condition(random, 2));
    }
    if random.percent(15) {
        let inner = pipeline(random, depth - 1);
        return match inner.stages.as_slice() {
            [Stage::Spanset(only)] => only.clone(),
            _ => SpansetExpr::Pipeline(Box::new(inner)),
        };
    }
    let operators: Vec<SpansetOperator> = SpansetOperator::all().collect();
    let operator = *random.pick(&operators);
    let (left, right) = (spanset(random, depth - 1), spanset(random, depth - 1));
    SpansetExpr::Binary(Box::new(SpansetBinary { operator, left, right }))
}

fn scalar_filter(random: &mut Random) -> ScalarFilter {
    let left = scalar(random, 1);
    let right = if random.percent(75) {
        ScalarExpr::Literal(number(random), Place::default())
    } else {
        ScalarExpr::Aggregate(Box::new(aggregate(random)))
    };
    ScalarFilter { operator: *random.pick(&COMPARISONS), left, right, place: Place::default() }
}

fn scalar(random: &mut Random, depth: usize) -> ScalarExpr {
    if depth == 0 || random.percent(75) {
        return ScalarExpr::Aggregate(Box::new(aggregate(random)));
    }
    let operator = *random.pick(&ARITHMETIC);
    let left = scalar(random, depth - 1);
    let right = if random.percent(50) {
        scalar(random, depth - 1)
    } else {
        ScalarExpr::Literal(number(random), Place::default())
    };
    ScalarExpr::Binary(Box::new(ScalarBinary { operator, left, right, place: Place::default() }))
}

fn aggregate(random: &mut Random) -> Aggregate {
    let function = *random.pick(&AggregateFunction::ALL);
    let operand = (function != AggregateFunction::Count).then(|| {
        if random.percent(50) { attribute(random) } else { FieldExpr::field(Field::Intrinsic(Intrinsic::Duration)) }
    });
    Aggregate { function, operand, place: Place::default() }
}

// === expressions over one span ===

fn condition(random: &mut Random, depth: usize) -> FieldExpr {
    let place = Place::default();
    match random.below(if depth == 0 { 13 } else { 20 }) {
        0..=7 => comparison(random),
        8..=9 => {
            let (operand, is_negated) = (text_field(random), random.percent(40));
            let pattern = Pattern::new(random.pick::<&str>(&PATTERNS)).expect("these patterns are valid");
            FieldExpr::Matches(Box::new(Matches { operand, is_negated, pattern, place }))
        }
        10 => {
            let is_negated = random.percent(50);
            FieldExpr::Exists { operand: Box::new(attribute(random)), is_negated, place }
        }
        11 => attribute(random),
        12 if random.percent(50) => FieldExpr::literal(Literal::Bool(random.percent(70))),
        12 => {
            let networks = vec![Network::new(random.pick::<&str>(&NETWORKS)).expect("these networks are valid")];
            FieldExpr::Cidr(Box::new(Cidr { operand: attribute(random), networks, place }))
        }
        13..=14 => FieldExpr::Not(Box::new(condition(random, depth - 1)), place),
        15..=17 => FieldExpr::binary(BinaryOperator::And, condition(random, depth - 1), condition(random, depth - 1)),
        _ => FieldExpr::binary(BinaryOperator::Or, condition(random, depth - 1), condition(random, depth - 1)),
    }
}

fn comparison(random: &mut Random) -> FieldExpr {
    let operator = *random.pick(&COMPARISONS);
    let (left, right) = match random.below(10) {
        0..=4 => intrinsic_and_value(random),
        5..=7 => (attribute(random), FieldExpr::literal(literal(random))),
        8 => (attribute(random), attribute(random)),
        _ => (arithmetic(random, 2), FieldExpr::literal(number(random))),
    };
    let is_ordered = takes_order(&left) && takes_order(&right);
    let operator = if is_ordered { operator } else { *random.pick(&COMPARISONS[..2]) };
    if random.percent(85) {
        FieldExpr::binary(operator, left, right)
    } else {
        FieldExpr::binary(operator.flipped(), right, left)
    }
}

fn takes_order(expr: &FieldExpr) -> bool {
    !matches!(expr.value_type(), ValueType::Bool | ValueType::Status | ValueType::Kind)
}

fn intrinsic_and_value(random: &mut Random) -> (FieldExpr, FieldExpr) {
    let intrinsic = *random.pick(&Intrinsic::ALL);
    let literal = match intrinsic.value_type() {
        ValueType::Duration => Literal::Duration(*random.pick(&DURATIONS)),
        ValueType::Int => Literal::Int(*random.pick(&INTS)),
        ValueType::Status => Literal::Status(*random.pick(&Status::ALL)),
        ValueType::Kind => Literal::Kind(*random.pick(&Kind::ALL)),
        _ => match intrinsic {
            Intrinsic::TraceId | Intrinsic::LinkTraceId => Literal::String(format!("{:032x}", random.pick(&IDS))),
            Intrinsic::SpanId | Intrinsic::ParentId | Intrinsic::LinkSpanId => {
                Literal::String(format!("{:016x}", random.pick(&IDS)))
            }
            _ => Literal::String((*random.pick(&NAMES)).to_owned()),
        },
    };
    (FieldExpr::field(Field::Intrinsic(intrinsic)), FieldExpr::literal(literal))
}

fn arithmetic(random: &mut Random, depth: usize) -> FieldExpr {
    match random.below(if depth == 0 { 3 } else { 6 }) {
        0 => attribute(random),
        1 => FieldExpr::field(Field::Intrinsic(Intrinsic::Duration)),
        2 => FieldExpr::literal(number(random)),
        3 => match arithmetic(random, depth - 1) {
            // The parser makes one literal of a sign and a literal.
            literal @ FieldExpr::Literal(..) => literal,
            operand => FieldExpr::Negate(Box::new(operand), Place::default()),
        },
        _ => {
            let operator = *random.pick(&ARITHMETIC);
            FieldExpr::binary(operator, arithmetic(random, depth - 1), arithmetic(random, depth - 1))
        }
    }
}

// === fields and values ===

fn attribute(random: &mut Random) -> FieldExpr {
    FieldExpr::field(Field::Attribute(random_attribute(random)))
}

fn random_attribute(random: &mut Random) -> Attribute {
    let key = (*random.pick(&KEYS)).to_owned();
    let scopes = [Scope::Any, Scope::Span, Scope::Resource, Scope::Event, Scope::Link, Scope::Instrumentation];
    let of_parent = random.percent(5);
    // Of a parent only these scopes can be asked.
    let scope = *random.pick(if of_parent { &scopes[..3] } else { &scopes });
    Attribute { scope, of_parent, key }
}

fn any_field(random: &mut Random) -> Field {
    if random.percent(50) {
        Field::Intrinsic(*random.pick(&Intrinsic::ALL))
    } else {
        Field::Attribute(random_attribute(random))
    }
}

fn text_field(random: &mut Random) -> FieldExpr {
    let texts = [Intrinsic::Name, Intrinsic::StatusMessage, Intrinsic::EventName, Intrinsic::RootName];
    if random.percent(50) { FieldExpr::field(Field::Intrinsic(*random.pick(&texts))) } else { attribute(random) }
}

fn literal(random: &mut Random) -> Literal {
    match random.below(8) {
        0..=3 => Literal::String((*random.pick(&TEXTS)).to_owned()),
        4 => Literal::Bool(random.percent(50)),
        _ => number(random),
    }
}

fn number(random: &mut Random) -> Literal {
    match random.below(4) {
        0 | 1 => Literal::Int(*random.pick(&INTS)),
        2 => Literal::Float(*random.pick(&FLOATS)),
        _ => Literal::Duration(*random.pick(&DURATIONS)),
    }
}

fn int(random: &mut Random) -> FieldExpr {
    FieldExpr::literal(Literal::Int(*random.pick(&INTS)))
}

// === series ===

fn metrics(random: &mut Random, depth: usize) -> Metrics {
    let mut metrics = if depth > 0 && random.percent(25) {
        let operators = [ARITHMETIC[0], ARITHMETIC[1], ARITHMETIC[2], ARITHMETIC[3]];
        let operator = *random.pick(&operators);
        let input = Box::new(metrics_without_compare(random, depth - 1));
        if random.percent(50) {
            Metrics::Binary { operator, left: input, right: Box::new(metrics_without_compare(random, depth - 1)) }
        } else {
            let number = f64::from(i16::try_from(random.below(7)).unwrap_or(0)) - 2.5;
            Metrics::WithNumber { operator, input, number, number_is_left: random.percent(50) }
        }
    } else {
        series(random)
    };
    let is_compare =
        matches!(&metrics, Metrics::Series(series) if matches!(series.function, MetricsFunction::Compare(_)));
    while !is_compare && random.percent(30) {
        let stage = match random.below(3) {
            0 => SecondStage::TopK(u32::try_from(1 + random.below(3)).unwrap_or(1)),
            1 => SecondStage::BottomK(u32::try_from(1 + random.below(3)).unwrap_or(1)),
            _ => SecondStage::Filter(*random.pick(&COMPARISONS), *random.pick(&FLOATS)),
        };
        metrics = Metrics::Staged { input: Box::new(metrics), stage };
    }
    metrics
}

fn metrics_without_compare(random: &mut Random, depth: usize) -> Metrics {
    loop {
        let found = metrics(random, depth);
        if !matches!(&found, Metrics::Series(series) if matches!(series.function, MetricsFunction::Compare(_))) {
            return found;
        }
    }
}

fn series(random: &mut Random) -> Metrics {
    let number_field = |random: &mut Random| {
        if random.percent(50) {
            Field::Intrinsic(*random.pick(&[Intrinsic::Duration, Intrinsic::EventTimeSinceStart]))
        } else {
            Field::Attribute(random_attribute(random))
        }
    };
    let function = match random.below(11) {
        0 | 1 => MetricsFunction::Rate,
        2 | 3 => MetricsFunction::CountOverTime,
        4 => MetricsFunction::SumOverTime(number_field(random)),
        5 => MetricsFunction::MinOverTime(number_field(random)),
        6 => MetricsFunction::MaxOverTime(number_field(random)),
        7 => MetricsFunction::AvgOverTime(number_field(random)),
        8 => MetricsFunction::HistogramOverTime(number_field(random)),
        9 => MetricsFunction::QuantileOverTime(number_field(random), vec![0.5, 0.99]),
        _ => MetricsFunction::Compare(Box::new(Compare { selection: condition(random, 1), top: 3, range: None })),
    };
    let is_compare = matches!(function, MetricsFunction::Compare(_));
    let by = if is_compare { 0 } else { random.below(3) };
    let by = (0..by).map(|_| any_field(random)).collect();
    Metrics::Series(Box::new(MetricsSeries { pipeline: pipeline(random, 1), function, by, place: Place::default() }))
}
