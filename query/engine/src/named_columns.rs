//! Which columns a statement may name, as far as its words say.
//!
//! Owns that guess, which has too many columns rather than too few. Tables have dozens of columns, of which each takes its time
//! at every step of planning, and a statement names a handful. Never plans.

use std::collections::HashSet;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Columns that a statement may mean without a word: by which rows are found and ordered, the weights of samples, and those that
/// our rules put in the place of maps (`rules/attribute_access.rs`).
const ALWAYS: [&str; 10] = [
    "trace_id",
    "span_id",
    "start_time",
    "time",
    "sampling_probability",
    "resource_id",
    "scope_id",
    "series_id",
    "other_attributes",
    "other_attribute_types",
];
/// Words by which a statement means columns that it does not name.
const MEAN_MORE: [&str; 4] = ["natural", "table", "information_schema", "columns"];

/// The words of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum NamedColumns {
    /// It may mean any.
    #[default]
    All,
    Words(HashSet<String>),
}

impl NamedColumns {
    pub(crate) fn of(statement: &Statement) -> Self {
        match statement {
            Statement::Explain(explain) => Self::of(&explain.statement),
            Statement::Statement(sql) => Self::of_sql(sql),
            _ => Self::All,
        }
    }

    fn of_sql(statement: &SqlStatement) -> Self {
        match statement {
            SqlStatement::Query(query) => Self::of_text(&query.to_string()),
            SqlStatement::Explain { statement, .. } => Self::of_sql(statement),
            _ => Self::All,
        }
    }

    fn of_text(sql: &str) -> Self {
        let Ok(mut tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else { return Self::All };
        tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
        let mut words = HashSet::new();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Word(word) => {
                    words.insert(word.value.to_lowercase());
                }
                // A key of the map may have a column of its own: the key with underscores.
                Token::SingleQuotedString(key) => {
                    words.insert(key.replace('.', "_"));
                }
                Token::Mul
                    if means_columns(at.checked_sub(1).and_then(|before| tokens.get(before)), tokens.get(at + 1)) =>
                {
                    return Self::All;
                }
                _ => {}
            }
        }
        if MEAN_MORE.iter().any(|word| words.contains(*word)) { Self::All } else { Self::Words(words) }
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        match self {
            Self::All => true,
            Self::Words(words) => ALWAYS.contains(&column) || words.contains(column),
        }
    }
}

/// Whether a `*` is all columns: not where it counts rows, nor surely where it multiplies.
fn means_columns(before: Option<&Token>, after: Option<&Token>) -> bool {
    match before {
        Some(Token::LParen) => !matches!(after, Some(Token::RParen)),
        Some(Token::Word(word)) => word.keyword != Keyword::NoKeyword,
        Some(Token::Number(..) | Token::RParen | Token::RBracket) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(sql: &str) -> Option<Vec<&'static str>> {
        let some = ["name", "duration", "http_route", "kind"];
        match NamedColumns::of_text(sql) {
            NamedColumns::All => None,
            named @ NamedColumns::Words(_) => Some(some.into_iter().filter(|column| named.has(column)).collect()),
        }
    }

    #[test]
    fn words_are_columns() {
        assert_eq!(
            named("SELECT s.name FROM spans AS s WHERE \"http_route\" = 'it''s'"),
            Some(vec!["name", "http_route"])
        );
        assert_eq!(
            named("SELECT count(*), count( * ), max(DURATION)*2, 3 * duration FROM spans"),
            Some(vec!["duration"])
        );
        assert_eq!(named("SELECT attributes['http.route'] FROM spans"), Some(vec!["http_route"]));
        assert!(NamedColumns::of_text("SELECT 1 FROM spans").has("trace_id"));
    }

    #[test]
    fn what_may_mean_any_column_means_all() {
        for sql in [
            "SELECT * FROM spans",
            "SELECT name, * FROM spans",
            "SELECT s.* FROM spans AS s",
            "SELECT DISTINCT * FROM spans",
            "SELECT name FROM (SELECT * EXCLUDE (kind) FROM spans)",
            "SELECT name FROM spans NATURAL JOIN logs",
            "TABLE spans",
            "SELECT column_name FROM information_schema.columns",
        ] {
            assert_eq!(named(sql), None, "{sql}");
        }
    }
}
