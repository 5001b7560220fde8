//! What stands outside of braces: sets of spans, pipelines, numbers of sets, series.
//!
//! Owns which of these may stand where. They share signs, so an operator means what its left side makes of it. Never
//! looks into braces.

use crate::position::{Place, TextRange};

use super::Parser;
use super::field::binary_operator;
use crate::syntax::expectations::Expectation;
use crate::syntax::field::Field;
use crate::syntax::operator::{BinaryOperator, Relation, SpansetOperator, StructuralForm, binding};
use crate::syntax::token::{Sign, Token, TokenKind};
use crate::syntax::tree::{
    AggregateFunction, Body, Metrics, MetricsFunction, Pipeline, ScalarExpr, ScalarFilter, SpansetBinary, SpansetExpr,
    Stage,
};

/// What stands between two pipes, or in parentheses.
pub(super) enum Node {
    Spanset(SpansetExpr),
    /// `by(…)`, `select(…)`, `coalesce()`.
    Stage(Stage),
    Scalar(ScalarExpr),
    ScalarFilter(ScalarFilter),
    /// More than one stage, in parentheses.
    Pipeline(Pipeline),
    Metrics(Metrics),
    /// A hole; what is wrong is said already.
    Missing,
}

impl Node {
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Spanset(_) => "a set of spans",
            Self::Stage(_) => "by(), select() or coalesce()",
            Self::Scalar(_) => "a number",
            Self::ScalarFilter(_) => "a comparison of numbers",
            Self::Pipeline(_) => "a pipeline",
            Self::Metrics(_) => "series",
            Self::Missing => "nothing",
        }
    }
}

impl Parser<'_> {
    pub(super) fn body(&mut self) -> Body {
        if self.is_at_end() && self.lex_error.is_none() && !self.gave_up {
            self.expect_first_stage();
            let range = self.peek().range;
            self.error(range, "the query is empty; `{}` finds all spans");
            return Self::empty_body();
        }
        let start = self.peek().range.start;
        let node = self.pipe();
        let range = TextRange::new(start, self.last_end());
        match node {
            Node::Metrics(metrics) => Body::Metrics(metrics),
            Node::Pipeline(pipeline) => Body::Spans(pipeline),
            other => {
                let stages = self.stage_of(other, range).into_iter().collect();
                Body::Spans(Pipeline { stages })
            }
        }
    }

    /// Stages with `|` between them, and what makes series of them.
    pub(super) fn pipe(&mut self) -> Node {
        let start = self.peek().range;
        if self.peek_word().is_some_and(is_metrics_word) && self.parenthesis_follows() {
            let word = self.peek();
            let name = self.written(word);
            self.error(word.range, format!("{name}() needs spans before it, as in `{{}} | {name}()`"));
            self.skip_call();
            return Node::Missing;
        }
        let first = self.node(0);
        if matches!(first, Node::Missing) {
            self.skip_to_pipe();
        }
        let mut metrics = None;
        let mut stages = Vec::new();
        match first {
            Node::Metrics(found) => metrics = Some(found),
            first => {
                let range = TextRange::new(start.start, self.last_end());
                if matches!(&first, Node::Stage(Stage::Coalesce)) {
                    self.error(range, "a query cannot begin with coalesce(); there is nothing to put together yet");
                }
                if !matches!(self.peek_sign(), Some(Sign::Pipe)) {
                    // Alone it may be a part of something larger, such as `(1 + 2)`.
                    return unwrapped(first);
                }
                stages.extend(self.stage_of(first, range));
            }
        }
        while self.take_sign(Sign::Pipe).is_some() {
            metrics = match metrics {
                Some(metrics) => Some(self.second_stage(metrics)),
                None => self.next_stage(&mut stages),
            };
        }
        match metrics {
            Some(metrics) => Node::Metrics(metrics),
            None => {
                self.expecting(Expectation::Symbol("|"));
                Node::Pipeline(Pipeline { stages })
            }
        }
    }

    /// The stage behind a pipe, or the series that end the pipeline.
    fn next_stage(&mut self, stages: &mut Vec<Stage>) -> Option<Metrics> {
        self.expecting(Expectation::Stage);
        let token = self.peek();
        if let Some(word) = self.peek_word().filter(|_| self.parenthesis_follows()) {
            if MetricsFunction::NAMES.contains(&word) {
                let pipeline = Pipeline { stages: std::mem::take(stages) };
                let metrics = self.series(pipeline)?;
                return Some(self.metrics_filters(metrics));
            }
            if matches!(word, "topk" | "bottomk") {
                self.error(token.range, format!("{word}() needs series before it, as in `{{}} | rate() | {word}(10)`"));
                self.skip_call();
                return None;
            }
        }
        let node = self.node(0);
        if matches!(node, Node::Missing) {
            self.skip_to_pipe();
        }
        let range = TextRange::new(token.range.start, self.last_end().max(token.range.start));
        stages.extend(self.stage_of(node, range));
        None
    }

    /// The stage that a node is, if it can be one.
    fn stage_of(&mut self, node: Node, range: TextRange) -> Option<Stage> {
        match node {
            Node::Spanset(spanset) => Some(Stage::Spanset(spanset)),
            Node::Pipeline(pipeline) => Some(Stage::Spanset(SpansetExpr::Pipeline(Box::new(pipeline)))),
            Node::Stage(stage) => Some(stage),
            Node::ScalarFilter(filter) => Some(Stage::Scalar(filter)),
            Node::Scalar(_) => {
                self.failed_at_end |= self.is_at_end();
                self.error(range, "a number alone keeps no spans; compare it, as in `count() > 2`");
                None
            }
            Node::Metrics(_) => {
                self.error(range, "series cannot be a stage of a pipeline");
                None
            }
            Node::Missing => None,
        }
    }

    // === operators ===

    /// An expression of operators that bind at least this strongly.
    pub(super) fn node(&mut self, binding_min: u8) -> Node {
        if !self.descend() {
            return Node::Missing;
        }
        let mut left = self.primary();
        loop {
            self.expect_node_operator(&left);
            let Some(sign) = self.peek_sign() else { break };
            let Some(binding) = node_binding(sign) else { break };
            if binding < binding_min || matches!(left, Node::Missing) || !self.count_operator() {
                break;
            }
            let token = self.advance();
            let right_min = if sign == Sign::Power { binding } else { binding + 1 };
            let right = self.node(right_min);
            left = self.join(left, sign, token, right);
        }
        self.depth -= 1;
        left
    }

    fn join(&mut self, left: Node, sign: Sign, token: Token, right: Node) -> Node {
        let spanset = spanset_operator(sign);
        let binary = binary_operator(sign);
        match (left, right) {
            // What is there already stays, for who works with a half-typed query.
            (left @ (Node::Spanset(_) | Node::Pipeline(_) | Node::Metrics(_)), Node::Missing) => left,
            (Node::Missing, _) | (_, Node::Missing) => Node::Missing,
            (left @ (Node::Spanset(_) | Node::Pipeline(_)), right @ (Node::Spanset(_) | Node::Pipeline(_)))
                if spanset.is_some() =>
            {
                match (spanset, as_spanset(left), as_spanset(right)) {
                    (Some(operator), Some(left), Some(right)) => {
                        Node::Spanset(SpansetExpr::Binary(Box::new(SpansetBinary { operator, left, right })))
                    }
                    _ => Node::Missing,
                }
            }
            (Node::Scalar(left), Node::Scalar(right)) if binary.is_some_and(|one| !one.is_logic()) => {
                self.scalar_operation(left, binary.unwrap_or(BinaryOperator::Add), token, right)
            }
            (left @ (Node::Metrics(_) | Node::Scalar(_)), right @ (Node::Metrics(_) | Node::Scalar(_)))
                if binary.is_some_and(|one| !one.is_logic()) =>
            {
                self.metrics_operation(left, binary.unwrap_or(BinaryOperator::Add), token, right)
            }
            (left, right) => {
                let sign = self.written(token).to_owned();
                let message = format!("`{sign}` cannot stand between {} and {}", left.describe(), right.describe());
                let hint = matches!(right, Node::Stage(_) | Node::ScalarFilter(_) | Node::Scalar(_))
                    .then(|| "stages of a pipeline are separated by `|`".to_owned());
                self.error_with_hint(token.range, message, hint);
                Node::Missing
            }
        }
    }

    fn expect_node_operator(&mut self, left: &Node) {
        match left {
            Node::Spanset(_) | Node::Pipeline(_) => {
                self.expecting(Expectation::SpansetOperator);
                self.expecting(Expectation::Symbol("|"));
            }
            Node::Scalar(_) => self.expecting(Expectation::ComparisonOperator),
            Node::Stage(_) | Node::ScalarFilter(_) => self.expecting(Expectation::Symbol("|")),
            Node::Metrics(_) | Node::Missing => {}
        }
    }

    // === operands ===

    fn expect_first_stage(&mut self) {
        self.expecting(Expectation::Symbol("{"));
        self.expecting(Expectation::Stage);
    }

    pub(super) fn primary(&mut self) -> Node {
        self.expecting(Expectation::Symbol("{"));
        let token = self.peek();
        match token.kind {
            TokenKind::Sign(Sign::OpenBrace) => Node::Spanset(SpansetExpr::Filter(self.braces())),
            TokenKind::Sign(Sign::OpenParen) => {
                self.advance();
                if !self.descend() {
                    return Node::Missing;
                }
                let inner = self.pipe();
                self.depth -= 1;
                self.close_paren("an operator, `|` or `)`");
                unwrapped(inner)
            }
            TokenKind::Sign(Sign::Subtract) | TokenKind::Int | TokenKind::Float | TokenKind::Duration => {
                self.scalar_literal()
            }
            TokenKind::Word => self.word_node(token),
            _ => {
                self.unexpected("`{`, `(`, a function or a number");
                Node::Missing
            }
        }
    }

    fn word_node(&mut self, token: Token) -> Node {
        let word = self.written(token);
        if !self.parenthesis_follows() {
            self.unknown_stage(token, word);
            return Node::Missing;
        }
        match word {
            "by" => self.by_stage(),
            "select" => self.select_stage(),
            "coalesce" => {
                self.advance();
                self.open_paren();
                self.close_paren("`)`");
                Node::Stage(Stage::Coalesce)
            }
            _ => match AggregateFunction::from_name(word) {
                Some(function) => self.aggregate(function),
                None => {
                    self.unknown_stage(token, word);
                    Node::Missing
                }
            },
        }
    }

    fn by_stage(&mut self) -> Node {
        self.advance();
        self.open_paren();
        let operand = self.field_expression(0);
        self.close_paren("an operator or `)`");
        Node::Stage(Stage::By(operand))
    }

    fn select_stage(&mut self) -> Node {
        self.advance();
        self.open_paren();
        let fields = self.field_list();
        Node::Stage(Stage::Select(fields))
    }

    /// Fields with commas between them, up to the closing parenthesis.
    pub(super) fn field_list(&mut self) -> Vec<Field> {
        let mut fields = Vec::new();
        while let Some(field) = self.lone_field() {
            fields.push(field);
            self.expecting(Expectation::Symbol(","));
            if self.take_sign(Sign::Comma).is_none() {
                break;
            }
        }
        self.close_paren("`,` or `)`");
        fields
    }

    fn unknown_stage(&mut self, token: Token, word: &str) {
        let functions = AggregateFunction::ALL.map(AggregateFunction::as_str);
        let stages = ["by", "select", "coalesce", "topk", "bottomk"];
        let names = functions.into_iter().chain(stages).chain(MetricsFunction::NAMES);
        let near = crate::syntax::nearest::nearest(word, names);
        let hint =
            near.map(|near| if near == word { format!("write {word}(…)") } else { format!("did you mean {near}()?") });
        let hint = hint.or_else(|| Some("spans are selected in braces, as in `{ name = \"x\" }`".to_owned()));
        self.failed_at_end |= token.range.end == self.text.len();
        self.error_with_hint(token.range, format!("unknown function or stage {word}"), hint);
        self.advance();
        if self.peek_sign() == Some(Sign::OpenParen) {
            self.skip_parens();
        }
    }

    /// Skips the rest of a stage that is wrong, so that the next one is read.
    pub(super) fn skip_to_pipe(&mut self) {
        let mut depth = 0_usize;
        while !self.is_at_end() {
            match self.peek_sign() {
                Some(Sign::OpenParen | Sign::OpenBrace) => depth += 1,
                Some(Sign::CloseParen | Sign::CloseBrace | Sign::Pipe) if depth == 0 => return,
                Some(Sign::CloseParen | Sign::CloseBrace) => depth -= 1,
                _ => {}
            }
            self.advance();
        }
    }

    fn skip_call(&mut self) {
        self.advance();
        self.skip_parens();
    }

    /// Skips what stands in parentheses, which open next.
    fn skip_parens(&mut self) {
        let mut depth = 0_usize;
        while !self.is_at_end() {
            match self.advance().kind {
                TokenKind::Sign(Sign::OpenParen) => depth += 1,
                TokenKind::Sign(Sign::CloseParen) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    pub(super) fn scalar_filter(left: ScalarExpr, operator: BinaryOperator, token: Token, right: ScalarExpr) -> Node {
        Node::ScalarFilter(ScalarFilter { operator, left, right, place: Place(token.range) })
    }
}

fn is_metrics_word(word: &str) -> bool {
    MetricsFunction::NAMES.contains(&word) || matches!(word, "topk" | "bottomk")
}

/// Parentheses around one thing say nothing.
fn unwrapped(node: Node) -> Node {
    match node {
        Node::ScalarFilter(filter) => Node::Pipeline(Pipeline { stages: vec![Stage::Scalar(filter)] }),
        Node::Stage(stage) => Node::Pipeline(Pipeline { stages: vec![stage] }),
        other => other,
    }
}

fn as_spanset(node: Node) -> Option<SpansetExpr> {
    match node {
        Node::Spanset(spanset) => Some(spanset),
        Node::Pipeline(pipeline) => Some(SpansetExpr::Pipeline(Box::new(pipeline))),
        _ => None,
    }
}

fn node_binding(sign: Sign) -> Option<u8> {
    let of_values = binary_operator(sign).map(BinaryOperator::binding);
    // `>` and `<` bind alike in both of their senses.
    of_values.or_else(|| spanset_operator(sign).map(|_| binding::COMPARISON))
}

fn spanset_operator(sign: Sign) -> Option<SpansetOperator> {
    let (relation, form) = match sign {
        Sign::And => return Some(SpansetOperator::And),
        Sign::Or => return Some(SpansetOperator::Or),
        Sign::Descendant => (Relation::Descendant, StructuralForm::Plain),
        Sign::Greater => (Relation::Child, StructuralForm::Plain),
        Sign::Ancestor => (Relation::Ancestor, StructuralForm::Plain),
        Sign::Less => (Relation::Parent, StructuralForm::Plain),
        Sign::Sibling => (Relation::Sibling, StructuralForm::Plain),
        Sign::NotDescendant => (Relation::Descendant, StructuralForm::Negated),
        Sign::NotChild => (Relation::Child, StructuralForm::Negated),
        Sign::NotAncestor => (Relation::Ancestor, StructuralForm::Negated),
        Sign::NotParent => (Relation::Parent, StructuralForm::Negated),
        Sign::NotMatches => (Relation::Sibling, StructuralForm::Negated),
        Sign::UnionDescendant => (Relation::Descendant, StructuralForm::Union),
        Sign::UnionChild => (Relation::Child, StructuralForm::Union),
        Sign::UnionAncestor => (Relation::Ancestor, StructuralForm::Union),
        Sign::UnionParent => (Relation::Parent, StructuralForm::Union),
        Sign::UnionSibling => (Relation::Sibling, StructuralForm::Union),
        _ => return None,
    };
    Some(SpansetOperator::structural(relation, form))
}
