//! What runs at this moment, and which of it is kept as a sample.
//!
//! Owns the statements that ask for it and the memory of what each thread ran last: a statement is a sample once, when it
//! has ended or its thread has gone on. Literals never leave this module.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mysql_async::Row;
use spanlake_schemas::mysql::Statement;

use super::capabilities::{Capabilities, Capability};
use super::carrier::context_of;
use super::session::{Cells, Session, SessionError};
use super::text::obfuscated;

/// Threads of one answer.
const THREADS_MAX: usize = 200;
/// Samples of one answer.
const SAMPLES_MAX: usize = 20;

/// Whom to ask for.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    /// Everybody but these connections, which are ours. With performance schema also those who ended a statement since
    /// the moment of its clock that is given.
    AllBut(&'a [u64], u64),
    /// These, whatever they do.
    Only(&'a [u64]),
}

/// A row of the answer.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) statement: Statement,
    /// Tells statements of one thread apart.
    event: i64,
    pub(super) has_ended: bool,
    timer_start: u64,
    /// With its literals, where the server keeps no sample of it: for its plan.
    raw: Option<String>,
}

impl Seen {
    /// By performance schema's clock; zero where there is none.
    pub(super) fn timer_start(&self) -> u64 {
        self.timer_start
    }

    /// Its digest and its text with literals, where that is to be remembered.
    pub(super) fn to_remember(&self) -> Option<(&str, &str)> {
        Some((self.statement.digest.as_deref()?, self.raw.as_deref()?))
    }
}

fn statement_of_performance_schema(capabilities: &Capabilities, whose: Whose<'_>) -> String {
    let (variable, join) = match capabilities.has(Capability::SessionVariables) {
        true => (
            "v.VARIABLE_VALUE",
            "LEFT JOIN performance_schema.user_variables_by_thread v ON v.THREAD_ID = t.THREAD_ID AND v.VARIABLE_NAME = 'traceparent' ",
        ),
        false => ("NULL", ""),
    };
    let condition = match whose {
        Whose::AllBut(own, since) => format!(
            "(t.PROCESSLIST_ID = CONNECTION_ID() OR t.PROCESSLIST_ID NOT IN ({}) AND (t.PROCESSLIST_COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') OR e.TIMER_START > {since}))",
            list(own)
        ),
        Whose::Only(threads) => format!("t.PROCESSLIST_ID IN (CONNECTION_ID(), {})", list(threads)),
    };
    format!(
        "SELECT /* spanlake */ t.PROCESSLIST_ID, t.PROCESSLIST_USER, t.PROCESSLIST_HOST, t.PROCESSLIST_DB, t.PROCESSLIST_COMMAND, \
         t.PROCESSLIST_STATE, e.SQL_TEXT, e.DIGEST, e.TIMER_WAIT, e.LOCK_TIME, e.ROWS_EXAMINED, e.ROWS_SENT, e.EVENT_ID, \
         e.END_EVENT_ID IS NOT NULL, e.TIMER_START, IF(x.AUTOCOMMIT = 'NO', x.TIMER_WAIT, NULL), {variable} \
         FROM performance_schema.threads t \
         LEFT JOIN performance_schema.events_statements_current e ON e.THREAD_ID = t.THREAD_ID AND e.NESTING_EVENT_LEVEL = 0 \
         LEFT JOIN performance_schema.events_transactions_current x ON x.THREAD_ID = t.THREAD_ID AND x.STATE = 'ACTIVE' \
         {join}WHERE t.PROCESSLIST_ID IS NOT NULL AND t.TYPE = 'FOREGROUND' AND {condition} \
         ORDER BY t.PROCESSLIST_ID = CONNECTION_ID() DESC, t.PROCESSLIST_COMMAND = 'Sleep', e.TIMER_WAIT DESC LIMIT {THREADS_MAX}"
    )
}

/// The same columns of the list of processes; times in picoseconds, as performance schema has them.
fn statement_of_process_list(capabilities: &Capabilities, whose: Whose<'_>) -> String {
    let (transaction, join) = match capabilities.has(Capability::InnodbLockWaits) {
        true => (
            "TIMESTAMPDIFF(MICROSECOND, x.trx_started, NOW(6)) * 1000000",
            "LEFT JOIN information_schema.INNODB_TRX x ON x.trx_mysql_thread_id = p.ID ",
        ),
        false => ("NULL", ""),
    };
    let condition = match whose {
        Whose::AllBut(own, _) => {
            format!("p.ID NOT IN ({}) AND p.COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump')", list(own))
        }
        Whose::Only(threads) => format!("p.ID IN ({})", list(threads)),
    };
    format!(
        "SELECT /* spanlake */ p.ID, p.USER, p.HOST, p.DB, p.COMMAND, p.STATE, LEFT(p.INFO, 8192), NULL, \
         IF(p.COMMAND = 'Sleep', 0, p.TIME_MS) * 1000000000, 0, p.EXAMINED_ROWS, 0, p.QUERY_ID, 0, 0, {transaction}, NULL \
         FROM information_schema.PROCESSLIST p {join}WHERE {condition} ORDER BY p.TIME_MS DESC LIMIT {THREADS_MAX}"
    )
}

fn list(threads: &[u64]) -> String {
    // No connection has the id 0.
    threads.iter().chain([&0]).map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Asks; empty where the server cannot be asked.
pub(super) async fn ask(
    session: &mut Session,
    capabilities: &Capabilities,
    whose: Whose<'_>,
    now: i64,
) -> Result<Vec<Seen>, SessionError> {
    let statement = if capabilities.has(Capability::Statements) {
        statement_of_performance_schema(capabilities, whose)
    } else if capabilities.has(Capability::ProcessList) {
        statement_of_process_list(capabilities, whose)
    } else {
        return Ok(Vec::new());
    };
    let began = Instant::now();
    let rows = session.rows(&statement).await?;
    let took = i64::try_from(began.elapsed().as_nanos()).unwrap_or(0);
    let mut all: Vec<Seen> = rows.iter().map(|row| seen(row, now)).collect();
    let own = all.iter().filter(|seen| is_own(seen)).max_by_key(|seen| seen.timer_start);
    let (asked, ran) = own.map_or((0, 0), |seen| (seen.timer_start, seen.statement.duration_ns));
    // The way there took as long as the way back: half of what the answer took beside running.
    let now = now.saturating_add((took - ran).max(0) / 2);
    all.retain(|seen| !is_own(seen));
    let keeps_samples = capabilities.has(Capability::Samples);
    Ok(all.into_iter().map(|seen| cleaned(seen, (asked, now), keeps_samples)).collect())
}

fn is_own(seen: &Seen) -> bool {
    seen.statement.text.contains("/* spanlake */")
}

/// With its literals still in it.
fn seen(row: &Row, now: i64) -> Seen {
    let cells = Cells(row);
    let text = cells.text(6);
    let transaction = Some(cells.integer(15) / 1000).filter(|age| *age > 0);
    Seen {
        event: cells.integer(12),
        has_ended: cells.integer(13) != 0 || cells.text(4) == "Sleep",
        timer_start: u64::try_from(cells.integer(14)).unwrap_or(0),
        raw: None,
        statement: Statement {
            thread: u64::try_from(cells.integer(0)).unwrap_or(0),
            user: cells.text(1),
            // Ports tell nobody anything.
            host: cells.text(2).split(':').next().unwrap_or_default().to_owned(),
            schema: cells.text(3),
            command: cells.text(4),
            state: cells.text(5),
            digest: cells.optional(7).filter(|digest| !digest.is_empty()),
            duration_ns: cells.integer(8) / 1000,
            lock_time_ns: cells.integer(9) / 1000,
            rows_examined: cells.integer(10),
            rows_sent: cells.integer(11),
            context: context_of(&text, cells.optional(16).as_deref()),
            transaction_started: transaction.map(|age| now.saturating_sub(age)),
            ran_until: None,
            text,
        },
    }
}

/// Without literals, and with the time at which it ended or was seen to run: `asked` is this question's own start by the
/// server's timer, `now` the same moment here. Whatever the server's clock shows, both say how long ago something was.
fn cleaned(mut seen: Seen, (asked, now): (u64, i64), keeps_samples: bool) -> Seen {
    let statement = &mut seen.statement;
    statement.ran_until = match (asked, seen.timer_start) {
        (1.., start @ 1..) => {
            let ago = i128::from(asked) - i128::from(start);
            i64::try_from(ago / 1000).ok().map(|ago| now.saturating_sub(ago).saturating_add(statement.duration_ns))
        }
        // Of a list of processes: it ran at that moment.
        _ if !seen.has_ended => Some(now),
        _ => None,
    };
    let shown = obfuscated(&statement.text);
    let text = std::mem::replace(&mut statement.text, shown);
    seen.raw = (!keeps_samples && !text.is_empty()).then_some(text);
    seen
}

/// What each thread ran when it was last seen.
#[derive(Debug, Default)]
pub(super) struct Samples {
    threads: HashMap<u64, (Seen, bool)>,
}

impl Samples {
    /// Takes in an answer about everybody; gives what has become a sample, at most so many: those that say which span
    /// sent them first, then the longest.
    pub(super) fn take(&mut self, answer: &[Seen]) -> Vec<Statement> {
        let mut done = Vec::new();
        for seen in answer.iter().filter(|seen| is_worth_it(&seen.statement)) {
            let thread = seen.statement.thread;
            match self.threads.remove(&thread) {
                Some((before, is_told)) if before.event == seen.event => {
                    if seen.has_ended && !is_told {
                        done.push(seen.statement.clone());
                    }
                    self.threads.insert(thread, (seen.clone(), is_told || seen.has_ended));
                    continue;
                }
                Some((before, false)) => done.push(before.statement),
                _ => {}
            }
            if seen.has_ended {
                done.push(seen.statement.clone());
            }
            self.threads.insert(thread, (seen.clone(), seen.has_ended));
        }
        let gone: Vec<u64> = self
            .threads
            .keys()
            .filter(|thread| !answer.iter().any(|seen| seen.statement.thread == **thread))
            .copied()
            .collect();
        for thread in gone {
            // Of a thread that sleeps, only what it ended since is in the answer.
            if let Some((before, false)) = self.threads.remove(&thread) {
                done.push(before.statement);
            }
        }
        done.sort_by_key(|statement| (statement.context.is_none(), std::cmp::Reverse(statement.duration_ns)));
        done.truncate(SAMPLES_MAX);
        done
    }
}

/// Whether it is a statement that someone would look for.
fn is_worth_it(statement: &Statement) -> bool {
    let first = statement.text.split(|char: char| !char.is_ascii_alphabetic()).find(|word| !word.is_empty());
    let is_housekeeping = first.is_none_or(|word| {
        ["set", "use", "begin", "start", "commit", "rollback", "show"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    });
    !is_housekeeping && statement.user != "event_scheduler"
}

/// Between two looks at what runs.
pub(super) const WATCHED: Duration = Duration::from_secs(1);
pub(super) const UNWATCHED: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(thread: u64, event: i64, has_ended: bool, duration_ns: i64) -> Seen {
        let statement = Statement { thread, text: format!("SELECT {event}"), duration_ns, ..Statement::default() };
        Seen { statement, event, has_ended, timer_start: 0, raw: None }
    }

    #[test]
    fn every_statement_is_a_sample_once() {
        let mut samples = Samples::default();
        let texts = |done: Vec<Statement>| done.into_iter().map(|one| (one.text, one.duration_ns)).collect::<Vec<_>>();
        assert!(samples.take(&[seen(1, 1, false, 5)]).is_empty(), "it runs still");
        assert_eq!(texts(samples.take(&[seen(1, 1, true, 9)])), [("SELECT 1".to_owned(), 9)]);
        assert!(samples.take(&[seen(1, 1, true, 9)]).is_empty(), "told already");
        assert!(samples.take(&[seen(1, 2, false, 1)]).is_empty());
        assert_eq!(texts(samples.take(&[seen(1, 3, false, 1)])), [("SELECT 2".to_owned(), 1)]);
        assert_eq!(texts(samples.take(&[])), [("SELECT 3".to_owned(), 1)]);
        assert!(samples.take(&[]).is_empty() && samples.threads.is_empty());
    }
}
