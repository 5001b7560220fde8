//! Our additions to DataFusion's planner and optimiser.
//!
//! Owns rewrites of plans. None changes what a statement means, only how fast it is answered, but for text
//! beside an id, which is read as that id.

mod attribute_access;
mod early_rows;
mod id_literals;
mod joins_yield;
mod planner;
mod regexes;
mod top_rows;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::optimizer::{Analyzer, Optimizer, OptimizerRule};

/// The state with our rules: those on meaning before DataFusion coerces types, the others after its own.
pub(crate) fn install(state: SessionState) -> Result<SessionState> {
    let mut analyzer = Analyzer::new();
    analyzer.rules.insert(0, Arc::new(id_literals::IdLiterals));
    analyzer.rules.insert(1, Arc::new(attribute_access::AttributeAccess));
    let mut optimizer = Optimizer::new();
    let top: Arc<dyn OptimizerRule + Send + Sync> = Arc::new(top_rows::TopRowsBeforeColumns);
    optimizer.rules.push(top);
    optimizer.rules.push(Arc::new(regexes::CompiledRegexes));
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(planner::SpanlakePlanner)];
    planners.extend(state.expr_planners().iter().cloned());
    let yields = Arc::new(joins_yield::JoinsYield);
    let mut builder = SessionStateBuilder::new_from_existing(state)
        .with_expr_planners(planners)
        .with_physical_optimizer_rule(yields)
        .with_physical_optimizer_rule(Arc::new(early_rows::EarlyRows));
    *builder.analyzer() = Some(analyzer);
    *builder.optimizer() = Some(optimizer);
    Ok(builder.build())
}
