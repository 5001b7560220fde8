//! Statements whose estimates the RED sketches know better: `approx_count()` and its like over `spans`, asked by service,
//! operation, kind, status and time alone.
//!
//! Owns the change of such a statement: in the place of `spans` comes a union of sketches (`span_red`), of spans that no
//! sketch counts yet, and of kept spans at the ends of the range. Whatever it does not understand in full stays as it is
//! written. Never computes an estimate: that is the sampler's (`estimate::sketched`).

mod question;
mod range;
mod rewritten;

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, Visit, VisitMut, Visitor, VisitorMut};

use crate::session::Session;
use crate::statement_parts::sql_of;
use question::Question;

/// More queries than this in one statement are left as they are.
const QUERIES_MAX: usize = 8;

/// The plan of the statement with sketches in it; `None` where they say nothing better. `plain` is its plan without.
pub(crate) async fn plan(
    session: &Session,
    statement: Statement,
    plain: &LogicalPlan,
) -> Option<Arc<dyn ExecutionPlan>> {
    let logical = with_sketches(session, statement, plain).await?;
    // Whatever goes wrong, there is the plan without.
    let planned = session.state.create_physical_plan(&logical).await;
    planned.inspect_err(|error| tracing::debug!(%error, "a statement cannot be planned with sketches")).ok()
}

async fn with_sketches(session: &Session, mut statement: Statement, plain: &LogicalPlan) -> Option<LogicalPlan> {
    if !session.reading.has_sampled_spans() {
        return None;
    }
    let questions = questions(session, sql_of(&mut statement)?);
    if questions.iter().flatten().next().is_none() || questions.len() > QUERIES_MAX {
        return None;
    }
    let of_rows = match plain {
        LogicalPlan::Explain(explain) => explain.plan.as_ref(),
        LogicalPlan::Analyze(analyze) => analyze.input.as_ref(),
        other => other,
    };
    let names: Vec<String> = of_rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    let last = questions.len() - 1;
    let mut changes = Vec::with_capacity(questions.len());
    for (index, question) in questions.into_iter().enumerate() {
        let question = question.filter(|question| index == last || question.names_all());
        changes.push(match question {
            Some(question) => range::known(session, &question).await.map(|known| (question, known)),
            None => None,
        });
    }
    if changes.iter().all(Option::is_none) {
        return None;
    }
    let mut change = Change { changes: changes.into_iter(), names };
    let changed = sql_of(&mut statement)?.visit(&mut change).is_continue();
    if !changed {
        return None;
    }
    let planned = session.logical(statement).await;
    let planned = planned.inspect_err(|error| tracing::debug!(%error, "sketches cannot be put in")).ok()?;
    // Who asks sees no difference but in the numbers.
    let is_same = planned.schema().as_arrow().fields() == plain.schema().as_arrow().fields();
    if !is_same {
        tracing::debug!(with = %planned.schema(), without = %plain.schema(), "sketches would change the columns");
    }
    is_same.then_some(planned)
}

/// What each query of the statement asks, those within others first, as far as sketches can answer it.
fn questions(session: &Session, statement: &mut impl Visit) -> Vec<Option<Question>> {
    struct Ask<'a>(&'a Session, Vec<Option<Question>>);
    impl Visitor for Ask<'_> {
        type Break = ();

        fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let is_scalar = |name: &str| self.0.state.scalar_functions().contains_key(name);
            self.1.push(Question::of(query, &is_scalar));
            ControlFlow::Continue(())
        }
    }
    let mut ask = Ask(session, Vec::new());
    let _ = statement.visit(&mut ask);
    ask.1
}

/// Puts sketches into the queries of a statement, which come in the order of [`questions`].
struct Change {
    changes: std::vec::IntoIter<Option<(Question, range::Known)>>,
    /// Of the columns of the outermost.
    names: Vec<String>,
}

impl VisitorMut for Change {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        match self.changes.next() {
            Some(Some((question, known))) => rewritten::rewrite(query, &question, &known, &self.names),
            Some(None) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        }
    }
}
