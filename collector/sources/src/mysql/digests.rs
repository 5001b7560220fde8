//! What each digest did since it was last looked at.
//!
//! Owns the last counts of every digest. A count that fell was reset (`TRUNCATE`, a restart): what it shows is since
//! then. A digest that is first seen now began in the meantime, or was there before the first look and has no delta yet.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use mysql_async::Row;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use spanlake_schemas::mysql::{Missing, events, keys};

use super::capabilities::{Capabilities, Capability};
use super::message;
use super::names::Kind;
use super::records::{self, integer, text};
use super::session::{Cells, Session, SessionError};
use super::slow::Found;
use super::state::ServerState;

/// Digests of one look that are stored, those of most time first.
const TOLD_MAX: usize = 1000;
/// Digests that are remembered.
const KNOWN_MAX: usize = 200_000;
/// Digests of one look whose counts are metrics, those of most time; and the characters of their text there.
const METRICS_MAX: usize = 50;
const METRIC_TEXT_CHARS_MAX: usize = 120;
/// Digests that are looked at closely: their histograms and plans.
const TOP: usize = 20;

/// Columns that count, in the order of the statement; the first three are calls, time and longest time.
const COUNTS: [&str; 10] = [
    "COUNT_STAR",
    "SUM_TIMER_WAIT",
    "MAX_TIMER_WAIT",
    "SUM_LOCK_TIME",
    "SUM_ERRORS",
    "SUM_ROWS_AFFECTED",
    "SUM_ROWS_SENT",
    "SUM_ROWS_EXAMINED",
    "SUM_CREATED_TMP_DISK_TABLES",
    "SUM_NO_INDEX_USED",
];
const CALLS: usize = 0;
const TOTAL: usize = 1;
const LONGEST: usize = 2;

/// As the Collector's receiver calls them; `calls` is ours.
const KINDS: [(&str, usize); 7] = [
    ("calls", CALLS),
    ("errors", 4),
    ("rows_affected", 5),
    ("rows_sent", 6),
    ("rows_examined", 7),
    ("created_tmp_disk_tables", 8),
    ("no_index_used", 9),
];

type Counts = [u64; COUNTS.len()];

/// A digest within a schema, which may be none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DigestKey {
    pub(super) schema: Option<String>,
    pub(super) digest: String,
}

impl DigestKey {
    fn short(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// As conditions of SQL. Digests are hexadecimal, and a schema is written so that nothing is to be escaped.
    pub(super) fn condition(&self) -> String {
        let digest: String = self.digest.chars().filter(char::is_ascii_alphanumeric).collect();
        match &self.schema {
            None => format!("SCHEMA_NAME IS NULL AND DIGEST = '{digest}'"),
            Some(schema) => {
                let hex: String = schema.bytes().map(|byte| format!("{byte:02x}")).collect();
                format!("SCHEMA_NAME = CONVERT(X'{hex}' USING utf8mb4) AND DIGEST = '{digest}'")
            }
        }
    }
}

/// What a digest did in an interval.
#[derive(Clone, Debug)]
pub(super) struct Delta {
    pub(super) key: DigestKey,
    pub(super) text: String,
    counts: Counts,
    /// Whether it did not exist before the interval.
    pub(super) is_new: bool,
    has_new_longest: bool,
}

#[derive(Debug, Default)]
pub(super) struct Digests {
    known: HashMap<u64, Counts>,
    /// Whether a digest is of a statement of ours; looked at once each.
    own: HashMap<u64, bool>,
    /// Nanoseconds since the epoch.
    looked_at: Option<i64>,
    /// Those of most time at the last looks.
    pub(super) top: Vec<Delta>,
}

impl Digests {
    pub(super) async fn ask(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        state: &ServerState,
        time: i64,
        found: &mut Found,
    ) -> Result<(), SessionError> {
        if !capabilities.has(Capability::Digests) {
            return Ok(());
        }
        let seconds = self.looked_at.map(|before| (time - before) / 1_000_000_000 + 2);
        let restarted = state.picture().uptime_seconds.zip(seconds).is_some_and(|(uptime, seconds)| uptime < seconds);
        if restarted {
            self.known.clear();
        }
        let rows = session.rows(&statement(seconds)).await?;
        let is_first = self.looked_at.replace(time).is_none();
        let mut deltas = Vec::new();
        for row in &rows {
            let cells = Cells(row);
            let Some(digest) = cells.optional(1) else {
                is_full(state, cells.integer(2));
                continue;
            };
            let key = DigestKey { schema: cells.optional(0), digest };
            let counts: Counts = std::array::from_fn(|at| u64::try_from(cells.integer(2 + at)).unwrap_or(0));
            let delta = self.delta(&key, counts, is_first, restarted || cells.integer(13) != 0);
            if let Some((counts, is_new, has_new_longest)) = delta {
                deltas.push(Delta { key, text: digest_text(row), counts, is_new, has_new_longest });
            }
        }
        deltas.retain(|delta| !self.is_own(state, delta));
        deltas.sort_by_key(|delta| std::cmp::Reverse(delta.counts[TOTAL]));
        deltas.truncate(TOLD_MAX);
        found.records.extend(deltas.iter().map(|delta| record(time, delta)));
        let started = state.picture().uptime_seconds.map(|uptime| time - uptime * 1_000_000_000);
        found.metrics.extend(self.metrics((time, started), &deltas));
        deltas.truncate(TOP);
        self.top = deltas;
        Ok(())
    }

    /// What those of most time have counted so far, as the Collector's receiver has it, and their times in seconds.
    fn metrics(&self, (time, started): (i64, Option<i64>), deltas: &[Delta]) -> Vec<Metric> {
        #[allow(clippy::cast_precision_loss, reason = "counts and times, as a number of a metric")]
        let number = |value: u64| value as f64;
        let (mut counts, mut seconds, mut locks) = (Vec::new(), Vec::new(), Vec::new());
        for delta in deltas.iter().take(METRICS_MAX) {
            let Some(now) = self.known.get(&delta.key.short()) else { continue };
            let short: String = delta.text.chars().take(METRIC_TEXT_CHARS_MAX).collect();
            let of = || {
                let schema = delta.key.schema.as_deref().unwrap_or_default();
                vec![text("schema", schema), text("digest", &delta.key.digest), text("digest_text", &short)]
            };
            for (kind, at) in KINDS {
                let mut attributes = of();
                attributes.push(text("kind", kind));
                counts.push((attributes, number(now[at])));
            }
            seconds.push((of(), number(now[TOTAL]) / 1e12));
            locks.push((of(), number(now[3]) / 1e12));
        }
        if counts.is_empty() {
            return Vec::new();
        }
        let counter = (Kind::Counter, started);
        let metric =
            |name, unit, description, points: Vec<_>| message::number((name, unit, description), counter, time, points);
        vec![
            metric("mysql.statement_event.count", "1", "What statements of a digest did.", counts),
            metric("mysql.statement_event.seconds", "s", "Time that statements of a digest took.", seconds),
            metric("mysql.statement_event.lock_seconds", "s", "Time that they waited for locks of tables.", locks),
        ]
    }

    /// Looks at a text once; what is not ours is remembered by its form.
    fn is_own(&mut self, state: &ServerState, delta: &Delta) -> bool {
        let short = delta.key.short();
        if let Some(is_own) = self.own.get(&short) {
            return *is_own;
        }
        if self.own.len() >= KNOWN_MAX {
            self.own.clear();
        }
        let is_own = state.own.is_own(&delta.text);
        if !is_own {
            state.knows(&delta.text, &delta.key.digest);
        }
        self.own.insert(short, is_own);
        is_own
    }

    /// The growth, whether all of it is new, and whether the longest call is among it; `None` where there is none.
    fn delta(&mut self, key: &DigestKey, now: Counts, is_first: bool, began: bool) -> Option<(Counts, bool, bool)> {
        let short = key.short();
        let before = self.known.get(&short).copied();
        if before.is_some() || self.known.len() < KNOWN_MAX {
            self.known.insert(short, now);
        }
        match before {
            Some(before) if before[CALLS] <= now[CALLS] => {
                let grown = std::array::from_fn(|at| now[at].saturating_sub(before[at]));
                (now[CALLS] > before[CALLS]).then(|| {
                    let mut grown: Counts = grown;
                    grown[LONGEST] = now[LONGEST];
                    (grown, false, now[LONGEST] > before[LONGEST])
                })
            }
            Some(_) => Some((now, true, true)),
            None if began && !is_first => Some((now, true, true)),
            None => None,
        }
    }
}

/// All counts at first, later only those that have changed.
fn statement(seconds: Option<i64>) -> String {
    let counts = COUNTS.join(", ");
    let (text, began, condition) = match seconds {
        None => ("''", "0".to_owned(), String::new()),
        Some(seconds) => {
            let since = format!("NOW(6) - INTERVAL {seconds} SECOND");
            ("LEFT(DIGEST_TEXT, 4096)", format!("FIRST_SEEN >= {since}"), format!("WHERE LAST_SEEN >= {since}"))
        }
    };
    format!(
        "SELECT /* spanlake */ SCHEMA_NAME, DIGEST, {counts}, {text}, {began} \
         FROM performance_schema.events_statements_summary_by_digest {condition}"
    )
}

fn digest_text(row: &Row) -> String {
    Cells(row).text(12).trim().to_owned()
}

/// The row of all statements that found no place among the digests.
fn is_full(state: &ServerState, calls: i64) {
    const SETTING: &str = "performance_schema_digests_size";
    state.note(|picture| {
        if calls > 0 && !picture.missing.iter().any(|known| known.name == SETTING) {
            let text = format!(
                "the server's table of digests is full, and {calls} statements are in none: TRUNCATE TABLE performance_schema.events_statements_summary_by_digest, or set {SETTING} higher in its configuration and start it anew"
            );
            picture.missing.push(Missing { what: "setting", name: SETTING.to_owned(), text });
        }
    });
}

fn record(time: i64, delta: &Delta) -> LogRecord {
    let count = |at: usize| i64::try_from(delta.counts[at]).unwrap_or(i64::MAX);
    let mut attributes = vec![
        text("db.system.name", "mysql"),
        text(keys::DIGEST, &delta.key.digest),
        text(keys::SCHEMA, delta.key.schema.as_deref().unwrap_or_default()),
        text(keys::TEXT, &delta.text),
        integer(keys::CALLS, count(CALLS)),
        // The server counts in picoseconds.
        integer(keys::TOTAL_TIME, count(TOTAL) / 1000),
        integer(keys::LOCK_TIME, count(3) / 1000),
        integer(keys::ERRORS, count(4)),
        integer(keys::ROWS_AFFECTED, count(5)),
        integer(keys::ROWS_SENT, count(6)),
        integer(keys::ROWS_EXAMINED, count(7)),
        integer(keys::TMP_DISK_TABLES, count(8)),
        integer(keys::NO_INDEX_USED, count(9)),
    ];
    if delta.has_new_longest {
        attributes.push(integer(keys::MAX_TIME, count(LONGEST) / 1000));
    }
    records::record(time, events::TOP_QUERY, "", attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digest: &str) -> DigestKey {
        DigestKey { schema: Some("it's".to_owned()), digest: digest.to_owned() }
    }

    fn counts(calls: u64, total: u64, longest: u64) -> Counts {
        let mut counts = [0; COUNTS.len()];
        (counts[CALLS], counts[TOTAL], counts[LONGEST]) = (calls, total, longest);
        counts
    }

    #[test]
    fn growth_is_told_and_resets_are_seen() {
        let mut digests = Digests::default();
        let mut look = |digest: &str, now, is_first, began| {
            let (counts, is_new, has_new_longest) = digests.delta(&key(digest), now, is_first, began)?;
            Some((counts[CALLS], counts[TOTAL], is_new, has_new_longest))
        };
        assert_eq!(look("a", counts(100, 900, 50), true, true), None, "of before the first look");
        assert_eq!(look("a", counts(103, 960, 50), false, false), Some((3, 60, false, false)));
        assert_eq!(look("a", counts(103, 960, 50), false, false), None);
        assert_eq!(look("a", counts(104, 1060, 100), false, false), Some((1, 100, false, true)));
        assert_eq!(look("a", counts(2, 7, 4), false, true), Some((2, 7, true, true)), "truncated");
        assert_eq!(look("b", counts(5, 5, 1), false, true), Some((5, 5, true, true)), "began since");
        assert_eq!(look("c", counts(5, 5, 1), false, false), None, "older than the look, but unknown");
    }

    #[test]
    fn names_cannot_leave_their_literal() {
        assert_eq!(key("ab'--").condition(), "SCHEMA_NAME = CONVERT(X'69742773' USING utf8mb4) AND DIGEST = 'ab'");
    }
}
