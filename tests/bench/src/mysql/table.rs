//! The figures as a table of Markdown, with their targets.
//!
//! Owns the words `reached` and `missed`. Never measures.

use std::io::Write as _;

/// Rows that were measured so far; each is also said on standard error when it is known.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<String>,
}

impl Table {
    /// A figure that may be at most `target`.
    pub fn at_most(&mut self, what: &str, value: f64, target: f64, unit: &str) {
        let word = if value <= target { "reached" } else { "missed" };
        self.row(what, &with_unit(value, unit), &format!("≤ {}", with_unit(target, unit)), word);
    }

    /// A figure without a target.
    pub fn figure(&mut self, what: &str, value: f64, unit: &str) {
        self.row(what, &with_unit(value, unit), "", "");
    }

    /// Any row.
    pub fn row(&mut self, what: &str, value: &str, target: &str, word: &str) {
        let row = format!("| {what} | {value} | {target} | {word} |");
        let _ = writeln!(std::io::stderr(), "{row}");
        self.rows.push(row);
    }

    /// The whole.
    #[must_use]
    pub fn markdown(&self) -> String {
        format!("| figure | measured | target | |\n|---|---:|---:|---|\n{}\n", self.rows.join("\n"))
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let number = format!("{value:.digits$}");
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_verdict() {
        let mut table = Table::default();
        table.at_most("a", 0.305, 0.3, "%");
        table.at_most("b", 1200.0, 2000.0, "ms");
        assert_eq!(table.rows, ["| a | 0.3 % | ≤ 0.3 % | missed |", "| b | 1200 ms | ≤ 2000 ms | reached |"]);
    }
}
