//! InnoDB's report in words: the numbers in it, the last deadlock, and the report without anybody's data.
//!
//! Pure. Statements in the report lose their literals, dumps of records are left out: they are rows.

use serde_json::{Value, json};
use spanlake_schemas::ids::to_hex;

use super::carrier::context_of;
use super::text::obfuscated;

/// A number after some words.
pub(super) fn number_after(report: &str, words: &str) -> Option<i64> {
    let rest = &report[report.find(words)? + words.len()..];
    let digits: String = rest.trim_start_matches([' ', ':', '\t']).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The report as it may be shown and stored.
pub(super) fn cleaned(report: &str) -> String {
    let mut out = String::with_capacity(report.len());
    let mut statement = String::new();
    let mut is_statement = false;
    for line in report.lines() {
        if is_statement && !ends_statement(line) {
            statement.push_str(line);
            statement.push('\n');
            continue;
        }
        if is_statement {
            push_line(&mut out, &obfuscated(&std::mem::take(&mut statement)));
            is_statement = false;
        }
        if is_record_dump(line) {
            continue;
        }
        push_line(&mut out, line);
        is_statement = line.contains("thread id ") && line.contains("query id ");
    }
    push_line(&mut out, &obfuscated(&statement));
    // Kept until the next one comes.
    out.shrink_to_fit();
    out
}

fn push_line(out: &mut String, line: &str) {
    if !line.is_empty() || !out.ends_with("\n\n") {
        out.push_str(line);
        out.push('\n');
    }
}

fn ends_statement(line: &str) -> bool {
    ["***", "---", "TABLE LOCK", "RECORD LOCKS", "Trx read view", "Trx #rec", "ROLLING BACK"]
        .iter()
        .any(|start| line.starts_with(start))
        || line.is_empty()
        || line.contains("TRX HAS BEEN WAITING")
}

fn is_record_dump(line: &str) -> bool {
    let text = line.trim_start();
    let is_field =
        text.split_once(": len ").is_some_and(|(number, _)| number.chars().all(|char| char.is_ascii_digit()));
    is_field || text.starts_with("Record lock, heap no") || text.contains("SQL NULL;")
}

/// The section of the last deadlock, cleaned.
pub(super) fn deadlock_section(report: &str) -> Option<String> {
    const TITLE: &str = "LATEST DETECTED DEADLOCK\n";
    let rest = &report[report.find(TITLE)? + TITLE.len()..];
    let rest = rest.trim_start_matches('-').trim_start();
    let end = rest.find("\n------------\nTRANSACTIONS").unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

/// A deadlock in parts: who ran what, held what, waited for what, and whose work was undone.
pub(super) fn deadlock(section: &str) -> Value {
    let mut transactions: Vec<Transaction> = Vec::new();
    let mut part = Part::Nothing;
    let mut victim = None;
    for line in section.lines() {
        if let Some(title) = line.strip_prefix("*** ") {
            part = part_of(title, &mut transactions);
            if let Some(rest) = title.strip_prefix("WE ROLL BACK TRANSACTION (") {
                victim = rest.split(')').next().and_then(|number| number.parse::<usize>().ok());
            }
            continue;
        }
        let Some(transaction) = transactions.last_mut() else { continue };
        match part {
            Part::Transaction if line.contains("thread id ") => {
                transaction.thread = number_after(line, "thread id ");
                part = Part::Statement;
            }
            Part::Statement => {
                transaction.statement.push_str(line);
                transaction.statement.push('\n');
            }
            Part::Holds if is_lock(line) => push_lock(&mut transaction.holds, line),
            Part::Waits if is_lock(line) => push_lock(&mut transaction.waits_for, line),
            _ => {}
        }
    }
    let transactions: Vec<Value> = transactions.iter().map(Transaction::as_json).collect();
    json!({"transactions": transactions, "victim": victim, "text": cleaned(section)})
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Nothing,
    Transaction,
    Statement,
    Holds,
    Waits,
}

#[derive(Default)]
struct Transaction {
    thread: Option<i64>,
    statement: String,
    holds: String,
    waits_for: String,
}

impl Transaction {
    fn as_json(&self) -> Value {
        let context = context_of(&self.statement, None);
        json!({
            "thread": self.thread,
            "statement": obfuscated(&self.statement),
            "holds": self.holds,
            "waits_for": self.waits_for,
            "trace_id": context.map(|context| to_hex(&context.trace_id)),
            "span_id": context.map(|context| to_hex(&context.span_id)),
        })
    }
}

/// MySQL numbers the parts; MariaDB has `*** WAITING FOR…` and `*** CONFLICTING WITH:` below each transaction.
fn part_of(title: &str, transactions: &mut Vec<Transaction>) -> Part {
    if title.contains("TRANSACTION:") {
        transactions.push(Transaction::default());
        Part::Transaction
    } else if title.contains("HOLDS THE LOCK") {
        Part::Holds
    } else if title.contains("WAITING FOR THIS LOCK") {
        Part::Waits
    } else {
        Part::Nothing
    }
}

fn is_lock(line: &str) -> bool {
    line.starts_with("RECORD LOCKS") || line.starts_with("TABLE LOCK")
}

fn push_lock(locks: &mut String, line: &str) {
    if !locks.is_empty() {
        locks.push_str("; ");
    }
    locks.push_str(line.trim());
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "=====================================
2026-11-21 20:00:00 0x7f INNODB MONITOR OUTPUT
------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-11-21 19:59:00 0x7f01
*** (1) TRANSACTION:
TRANSACTION 1801, ACTIVE 5 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 3 lock struct(s), heap size 1128, 2 row lock(s)
MySQL thread id 9, OS thread handle 14012, query id 55 localhost root updating
UPDATE accounts SET owner = 'Ada'
 WHERE id = 2 /* traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' */

*** (1) HOLDS THE LOCK(S):
RECORD LOCKS space id 2 page no 4 n bits 72 index PRIMARY of table `shop`.`accounts` trx id 1801 lock_mode X locks rec but not gap
Record lock, heap no 2 PHYSICAL RECORD: n_fields 4; compact format; info bits 0
 0: len 4; hex 80000001; asc     ;;

*** (1) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 2 page no 4 n bits 72 index PRIMARY of table `shop`.`accounts` trx id 1801 lock_mode X locks rec but not gap waiting

*** (2) TRANSACTION:
TRANSACTION 1802, ACTIVE 3 sec starting index read
MySQL thread id 10, OS thread handle 14013, query id 56 localhost root updating
DELETE FROM accounts WHERE owner = 'Grace'

*** WE ROLL BACK TRANSACTION (2)
------------
TRANSACTIONS
------------
Trx id counter 1810
History list length 31
---TRANSACTION 1803, ACTIVE 1 sec
MySQL thread id 11, OS thread handle 14014, query id 60 localhost root executing
SELECT 'secret'
---
LOG
---
Log sequence number          19465184
Last checkpoint at           19465174
";

    #[test]
    fn a_deadlock_in_parts() {
        let section = deadlock_section(REPORT).unwrap();
        assert!(section.starts_with("2026-11-21 19:59:00") && section.ends_with("TRANSACTION (2)"), "{section}");
        let detail = deadlock(&section);
        assert_eq!(detail["victim"], 2);
        let first = &detail["transactions"][0];
        assert_eq!(
            (first["thread"].as_i64(), first["statement"].as_str()),
            (Some(9), Some("UPDATE accounts SET owner = ? WHERE id = ?"))
        );
        assert_eq!(first["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(first["holds"].as_str().unwrap().contains("index PRIMARY of table `shop`.`accounts`"));
        assert!(first["waits_for"].as_str().unwrap().ends_with("waiting"));
        assert_eq!(detail["transactions"][1]["statement"], "DELETE FROM accounts WHERE owner = ?");
        let shown = detail.to_string();
        assert!(!shown.contains("Ada") && !shown.contains("Grace") && !shown.contains("80000001"), "{shown}");
    }

    #[test]
    fn the_report_is_shown_without_data() {
        let shown = cleaned(REPORT);
        assert!(!shown.contains("secret") && !shown.contains("hex 8") && shown.contains("SELECT ?"), "{shown}");
        assert_eq!(number_after(&shown, "History list length"), Some(31));
        assert_eq!(number_after(&shown, "Log sequence number"), Some(19_465_184));
        assert_eq!(number_after(&shown, "nothing"), None);
        assert_eq!(deadlock_section("no such thing"), None);
    }
}
