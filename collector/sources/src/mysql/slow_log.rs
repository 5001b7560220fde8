//! Entries of the slow log: MySQL's, Percona's and MariaDB's forms, statements over many lines.
//!
//! Pure: lines in, statements out. An entry begins with its first comment line after a statement and ends where the next
//! begins; what cannot be read of it is left out, and what is no entry at all is skipped.

use spanlake_schemas::mysql::Statement;

use super::carrier::context_of;
use super::text::obfuscated;

/// Bytes of a statement that are looked at; the log may have megabytes of one.
const STATEMENT_BYTES_MAX: usize = 64 << 10;

/// One entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// Nanoseconds since the epoch by the server's clock; `None` where the entry does not say.
    pub(super) time: Option<i64>,
    pub(super) statement: Statement,
}

/// Gathers lines.
#[derive(Debug, Default)]
pub(super) struct SlowLog {
    header: Statement,
    time: Option<i64>,
    text: String,
    has_header: bool,
    schema: String,
}

impl SlowLog {
    /// Takes a line without its end; gives the entry that it closes.
    pub(super) fn line(&mut self, line: &str) -> Option<Entry> {
        if is_preamble(line) {
            return self.close();
        }
        if let Some(fields) = line.strip_prefix("# ") {
            let closed = if self.text.is_empty() { None } else { self.close() };
            self.has_header = true;
            self.fields(fields);
            return closed;
        }
        if !self.has_header {
            return None;
        }
        if self.text.is_empty() {
            if let Some(schema) = line.strip_prefix("use ") {
                schema.trim_end_matches(';').trim_matches('`').clone_into(&mut self.schema);
                return None;
            }
            if let Some(seconds) = line.strip_prefix("SET timestamp=") {
                let seconds = seconds.trim_end_matches(';').parse::<f64>().ok();
                #[allow(clippy::cast_possible_truncation, reason = "microseconds are all there is")]
                let nanoseconds = seconds.map(|seconds| (seconds * 1e9) as i64);
                self.time = nanoseconds.or(self.time);
                return None;
            }
        }
        if self.text.len() < STATEMENT_BYTES_MAX {
            self.text.push_str(line);
            self.text.push('\n');
        }
        None
    }

    /// Whether an entry has begun: nothing tells its end but the next one, or a while of silence.
    pub(super) fn is_open(&self) -> bool {
        self.has_header
    }

    /// Gives what has been gathered.
    pub(super) fn close(&mut self) -> Option<Entry> {
        let text = std::mem::take(&mut self.text);
        let header = std::mem::take(&mut self.header);
        let time = self.time.take();
        if !std::mem::take(&mut self.has_header) || text.trim().is_empty() {
            return None;
        }
        let schema = if header.schema.is_empty() { self.schema.clone() } else { header.schema.clone() };
        let text = text.trim_end().trim_end_matches(';');
        let statement = Statement { context: context_of(text, None), text: obfuscated(text), schema, ..header };
        Some(Entry { time, statement })
    }

    /// What stands in a comment line: `Name: value` pairs, and who it was.
    fn fields(&mut self, line: &str) {
        if let Some(who) = line.strip_prefix("User@Host: ") {
            self.who(who);
            return;
        }
        if let Some(time) = line.strip_prefix("Time: ") {
            self.time = chrono_free_moment(time.trim());
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2).filter(|pair| pair[0].ends_with(':')) {
            let (name, value) = (pair[0].trim_end_matches(':'), pair[1]);
            let seconds = || value.parse::<f64>().unwrap_or(0.0);
            #[allow(clippy::cast_possible_truncation, reason = "durations of statements")]
            let nanoseconds = || (seconds() * 1e9) as i64;
            match name {
                "Query_time" => self.header.duration_ns = nanoseconds(),
                "Lock_time" => self.header.lock_time_ns = nanoseconds(),
                "Rows_sent" => self.header.rows_sent = value.parse().unwrap_or(0),
                "Rows_examined" => self.header.rows_examined = value.parse().unwrap_or(0),
                "Thread_id" | "Id" => self.header.thread = value.parse().unwrap_or(0),
                "Schema" if !value.ends_with(':') => value.clone_into(&mut self.header.schema),
                _ => {}
            }
        }
    }

    /// `app[app] @ host [10.0.0.3]  Id:    17`
    fn who(&mut self, text: &str) {
        let (user, rest) = text.split_once('@').unwrap_or((text, ""));
        user.split('[').next().unwrap_or_default().trim().clone_into(&mut self.header.user);
        let address = rest.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(address, _)| address);
        let name = rest.split('[').next().unwrap_or_default().trim();
        address.filter(|address| !address.is_empty()).unwrap_or(name).clone_into(&mut self.header.host);
        if let Some((_, id)) = rest.split_once("Id:") {
            self.header.thread = id.trim().parse().unwrap_or(0);
        }
    }
}

/// What the server writes when it opens the file.
fn is_preamble(line: &str) -> bool {
    (line.contains(", Version: ") && line.contains("started with:"))
        || line.starts_with("Tcp port: ")
        || line.starts_with("Time                 Id Command")
}

/// `2026-11-21T20:00:00.123456Z`, or with an offset; MariaDB's local time says nothing and is none.
fn chrono_free_moment(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let end = clock.find(['Z', '+', '-'])?;
    let (clock, zone) = clock.split_at(end);
    let mut clock = clock.split(':');
    let (hours, minutes) = (clock.next()?.parse::<i64>().ok()?, clock.next()?.parse::<i64>().ok()?);
    let seconds = clock.next()?.parse::<f64>().ok()?;
    let offset = match zone.as_bytes().first()? {
        b'Z' => 0,
        sign => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if *sign == b'-' { -minutes } else { minutes }
        }
    };
    // Howard Hinnant's `days_from_civil`.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    let whole = (days * 1440 + hours * 60 + minutes - offset) * 60;
    #[allow(clippy::cast_possible_truncation, reason = "less than a minute")]
    let rest = (seconds * 1e9).round() as i64;
    Some(whole * 1_000_000_000 + rest)
}

/// A moment at the start of a line of the error log.
pub(super) fn moment_of_line(line: &str) -> Option<i64> {
    chrono_free_moment(line.split(' ').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Entry> {
        let mut log = SlowLog::default();
        let mut all: Vec<Entry> = text.lines().filter_map(|line| log.line(line)).collect();
        all.extend(log.close());
        all
    }

    #[test]
    fn mysqls_form() {
        let all = entries(
            "/usr/sbin/mysqld, Version: 9.7.4 (Debian). started with:
Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock
Time                 Id Command    Argument
# Time: 2026-11-21T20:00:00.250000Z
# User@Host: app[app] @ web-1 [10.0.0.3]  Id:    17
# Query_time: 1.500000  Lock_time: 0.000002 Rows_sent: 3  Rows_examined: 4000
use shop;
SET timestamp=1795291200;
SELECT *
  FROM orders
 WHERE name = 'Ada'
   AND x = 1 /* traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' */;
# Time: 2026-11-21T20:00:01.000000Z
# User@Host: root[root] @ localhost []  Id:    18
# Query_time: 2.000000  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 1
SET timestamp=1795291201;
SELECT sleep(2);
",
        );
        assert_eq!(all.len(), 2);
        let first = &all[0].statement;
        assert_eq!(
            (first.text.as_str(), first.schema.as_str()),
            ("SELECT * FROM orders WHERE name = ? AND x = ?", "shop")
        );
        assert_eq!((first.duration_ns, first.lock_time_ns, first.rows_examined), (1_500_000_000, 2000, 4000));
        assert_eq!((first.user.as_str(), first.host.as_str(), first.thread), ("app", "10.0.0.3", 17));
        assert!(first.context.is_some());
        assert_eq!(all[0].time, Some(1_795_291_200_000_000_000));
        assert_eq!((all[1].statement.host.as_str(), all[1].statement.schema.as_str()), ("localhost", "shop"));
    }

    #[test]
    fn perconas_and_mariadbs_forms() {
        let all = entries(
            "# Time: 2026-11-21T20:00:00.123456Z
# User@Host: app[app] @  [10.0.0.4]  Id: 21
# Schema: shop  Last_errno: 0  Killed: 0
# Query_time: 0.250000  Lock_time: 0.000100  Rows_sent: 1  Rows_examined: 10  Rows_affected: 0  Bytes_sent: 60
# Tmp_tables: 0  Tmp_disk_tables: 0  Tmp_table_sizes: 0
# InnoDB_trx_id: 0
SET timestamp=1795291200.123456;
SELECT 1;
# Time: 261121 20:00:05
# User@Host: app[app] @ web [10.0.0.5]
# Thread_id: 33  Schema: stock  QC_hit: No
# Query_time: 0.500000  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 0
# Rows_affected: 1  Bytes_sent: 11
SET timestamp=1795291205;
UPDATE t SET a = 'x';
",
        );
        let short: Vec<_> = all
            .iter()
            .map(|entry| {
                (entry.statement.schema.as_str(), entry.statement.thread, entry.statement.text.as_str(), entry.time)
            })
            .collect();
        assert_eq!(
            short,
            [
                ("shop", 21, "SELECT ?", Some(1_795_291_200_123_456_000)),
                ("stock", 33, "UPDATE t SET a = ?", Some(1_795_291_205_000_000_000)),
            ]
        );
    }

    #[test]
    fn what_is_no_entry_is_skipped() {
        assert!(entries("garbage\n\u{fffd}\u{0}\nmore").is_empty());
        assert!(entries("# Time: nonsense\n# Query_time: x\n").is_empty());
        assert_eq!(chrono_free_moment("1970-01-02T00:00:01.5+01:00"), Some(82_801_500_000_000));
        assert_eq!(chrono_free_moment("261121 20:00:05"), None);
        let long = format!("# Query_time: 1\n{}", "SELECT 'x',\n".repeat(1_000_000));
        assert_eq!(entries(&long).len(), 1);
    }
}
