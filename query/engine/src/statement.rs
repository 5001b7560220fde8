//! Reading a statement: one, of bounded size, that only reads.
//!
//! Owns what is refused, with the sentence that says why. Never runs anything.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer, TokenizerError};

use crate::driver::Planned;
use crate::explain_error::explain;
use crate::session::Sessions;
use crate::stream::Cost;
use crate::{EngineError, Position, approx, critical_path, output_names, sketched};

/// Bytes of text; longer ones are no query that a person or a dashboard wrote.
const SQL_BYTES_MAX: usize = 256 << 10;
/// Nesting of parentheses, subqueries and the like.
const RECURSION_MAX: usize = 64;
/// Words and signs but for commas and literals, which may be many in a list. What can make an expression deep
/// (`a or b or c …`) is bounded by it: the stack that a plan takes, and the time, which grows with its square.
const TOKENS_MAX: usize = 4_000;

/// Reads, checks and plans a statement against one version of the store.
pub(crate) async fn plan(sessions: &Sessions, sql: &str) -> Result<Planned, EngineError> {
    let statement = read(sql)?;
    let planned = plan_as(sessions, sql, statement.clone(), false).await?;
    // Only the plan knows which files are read, and so whether they hold a sample.
    if planned.cost.weighs && !planned.is_sketched && planned.cost.reading.stats().sampled_files > 0 {
        return plan_as(sessions, sql, statement, true).await;
    }
    Ok(planned)
}

async fn plan_as(
    sessions: &Sessions,
    sql: &str,
    statement: Statement,
    over_sample: bool,
) -> Result<Planned, EngineError> {
    let statement = critical_path::with_columns(approx::with_weights(statement, over_sample));
    let session = sessions.open();
    let explained = |error| with_place(explain(&error), sql);
    let named = statement.clone();
    let logical = match session.logical(statement).await {
        Err(error) if output_names::is_about_names(&error.to_string()) => {
            let named = output_names::with_unique_names(named.clone());
            session.logical(named).await.map_err(explained)?
        }
        planned => planned.map_err(explained)?,
    };
    read_only_options().verify_plan(&logical).map_err(|error| refusal(&error.to_string()))?;
    let weighs = approx::weighs(sql);
    let sketched = if weighs && !over_sample { sketched::plan(&session, named, &logical).await } else { None };
    let is_sketched = sketched.is_some();
    let plan = match sketched {
        Some(plan) => plan,
        None => session.state.create_physical_plan(&logical).await.map_err(explained)?,
    };
    let cost = Arc::new(Cost { plan: Arc::clone(&plan), reading: session.reading, weighs });
    Ok(Planned { plan, context: session.state.task_ctx(), cost, is_sketched })
}

/// The place of a mistake that does not come with one: the end, where more was expected; of a text that is no id
/// where the statement has just that text, if it is there once.
fn with_place(error: EngineError, sql: &str) -> EngineError {
    let EngineError::InvalidQuery { message, position: None, hint } = error else { return error };
    if approx::needs_weights(&message) && sql.to_ascii_lowercase().contains("approx_") {
        let hint = "approx_count and its like need the columns trace_id and sampling_probability of spans or logs: \
                    select both in a subquery, or pass the ones that are meant as the last two arguments";
        return EngineError::InvalidQuery { message, position: None, hint: Some(hint.to_owned()) };
    }
    if message.ends_with("found: EOF") {
        let position = Some(place_of(sql, sql.trim_end().len()));
        return EngineError::InvalidQuery { message: message.replace("found: EOF", "found: the end"), position, hint };
    }
    let quoted = message.strip_prefix('"').filter(|_| message.contains(" id: expected"));
    let text = quoted.and_then(|rest| rest.split('"').next());
    let position = text.and_then(|text| {
        let literal = format!("'{text}'");
        let mut places = sql.match_indices(&literal).map(|(offset, _)| offset);
        let only = places.next().filter(|_| places.next().is_none())?;
        Some(place_of(sql, only))
    });
    EngineError::InvalidQuery { message, position, hint }
}

fn place_of(sql: &str, offset: usize) -> Position {
    let before = &sql[..offset];
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    Position { line, column }
}

fn read_only_options() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

fn refusal(message: &str) -> EngineError {
    let first = message.lines().next().unwrap_or_default();
    let reason = first.trim_start_matches("Error during planning: ");
    EngineError::Unsupported { message: format!("only statements that read are allowed ({reason})") }
}

fn read(sql: &str) -> Result<Statement, EngineError> {
    if sql.len() > SQL_BYTES_MAX {
        let message = format!("the statement is {} bytes long; at most {SQL_BYTES_MAX} are read", sql.len());
        return Err(EngineError::Unsupported { message });
    }
    let tokens =
        Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|error| explain(&tokenizer_error(error)))?;
    let nesting = tokens.iter().filter(|token| may_nest(token)).count();
    if nesting > TOKENS_MAX {
        let message =
            format!("the statement has {nesting} words and signs beside literals; at most {TOKENS_MAX} are read");
        return Err(EngineError::Unsupported { message });
    }
    let mut statements = DFParserBuilder::new(sql)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(RECURSION_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| with_place(explain(&error), sql))?;
    let Some(statement) = statements.pop_front() else {
        return Err(EngineError::InvalidQuery { message: "the statement is empty".into(), position: None, hint: None });
    };
    if !statements.is_empty() {
        let message = format!("one statement at a time: there are {}", statements.len() + 1);
        return Err(EngineError::Unsupported { message });
    }
    check(&statement)?;
    Ok(statement)
}

fn tokenizer_error(error: TokenizerError) -> DataFusionError {
    DataFusionError::SQL(Box::new(ParserError::TokenizerError(error.to_string())), None)
}

fn may_nest(token: &Token) -> bool {
    !matches!(token, Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_))
}

fn check(statement: &Statement) -> Result<(), EngineError> {
    match statement {
        Statement::Explain(explain) => check(&explain.statement),
        Statement::Statement(sql) => check_sql(sql),
        Statement::CreateExternalTable(_) => Err(refused("CREATE EXTERNAL TABLE")),
        Statement::CopyTo(_) => Err(refused("COPY")),
        Statement::Reset(_) => Err(refused("RESET")),
    }
}

fn check_sql(statement: &SqlStatement) -> Result<(), EngineError> {
    match statement {
        SqlStatement::Query(_)
        | SqlStatement::ExplainTable { .. }
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. } => Ok(()),
        SqlStatement::Explain { statement, .. } => check_sql(statement),
        other => {
            let text = other.to_string();
            let verb: Vec<&str> = text.split_whitespace().take(1).collect();
            Err(refused(&verb.join(" ").to_uppercase()))
        }
    }
}

fn refused(verb: &str) -> EngineError {
    EngineError::Unsupported {
        message: format!("{verb} is not allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW are"),
    }
}
