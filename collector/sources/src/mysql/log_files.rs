//! The slow log and the error log of a server, where their files are given.
//!
//! Owns the pace: a second between two looks, and no look while the store has not taken what the last one found. Where
//! reading stands is kept only once the rows before it are durable, so that a crash loses none; some may come twice.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use prost::Message;
use serde_json::json;
use spanlake_schemas::ingest::Signal;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::message::Target;
use super::slow_log::{Entry, SlowLog, moment_of_line};
use super::state::ServerState;
use super::tail::{Position, Tail};
use super::{MysqlSource, records};
use crate::delivery::{Delivered, Delivery, now_nanoseconds};

const LOOK_INTERVAL: Duration = Duration::from_secs(1);
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// A clock that is further off is wrong: then the time of reading counts.
const CLOCK_OFF_MAX: i64 = 86_400 * 1_000_000_000;

/// Where reading of files stands, kept by whoever runs the pollers. Calls MAY write a file, and are made aside.
pub trait Checkpoints: Send + Sync {
    fn load(&self, key: &str) -> Option<String>;

    /// Keeps it, replacing what was there.
    fn save(&self, key: &str, value: &str);
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Slow,
    Error,
}

pub(super) struct LogFile {
    form: Form,
    key: String,
    path: PathBuf,
    tail: Option<Tail>,
    slow: SlowLog,
    error: ErrorLog,
    /// What the checkpoint may become once all is stored.
    reached: Option<Position>,
    kept: Option<Position>,
    /// Where the entry begins that is not whole yet.
    open_from: Option<u64>,
    complaint: Option<String>,
}

impl LogFile {
    fn new(form: Form, path: PathBuf, checkpoints: &dyn Checkpoints) -> Self {
        let key = path.display().to_string();
        let kept = checkpoints.load(&key).and_then(|text| Position::parse(&text));
        let tail = Some(Tail::new(path.clone(), kept));
        let (slow, error) = Default::default();
        Self { form, key, path, tail, slow, error, reached: None, kept, open_from: None, complaint: None }
    }

    /// Notes that an entry begins with the line at this place.
    fn begins(&mut self, does_begin: bool, offset: u64) {
        if does_begin {
            self.open_from = Some(offset);
        }
    }

    /// Entries that have become whole.
    async fn look(&mut self, state: &ServerState) -> Vec<LogRecord> {
        let Some(mut tail) = self.tail.take() else { return Vec::new() };
        let read = tokio::task::spawn_blocking(move || {
            let read = tail.read();
            (tail, read)
        });
        // What is left of errors is a runtime that stops.
        let Ok((tail, read)) = read.await else { return Vec::new() };
        let position = tail.position();
        self.tail = Some(tail);
        let (lines, has_ended) = match read {
            Ok(read) => read,
            Err(error) => {
                let complaint = error.to_string();
                if self.complaint.as_ref() != Some(&complaint) {
                    tracing::warn!(path = %self.path.display(), error = complaint, "a log of MySQL cannot be read; trying again");
                    self.complaint = Some(complaint);
                }
                return Vec::new();
            }
        };
        self.complaint = None;
        let is_silent = lines.is_empty() || has_ended;
        let records = match self.form {
            Form::Slow => {
                let mut entries: Vec<Entry> = Vec::new();
                for (offset, line) in &lines {
                    let was_open = self.slow.is_open();
                    let closed = self.slow.line(line);
                    self.begins(closed.is_some() || !was_open, *offset);
                    entries.extend(closed);
                }
                if is_silent {
                    entries.extend(self.slow.close());
                }
                slow_records(state, entries).await
            }
            Form::Error => {
                let mut found: Vec<LogRecord> = Vec::new();
                for (offset, line) in &lines {
                    let was_open = self.error.is_open();
                    let closed = self.error.line(line);
                    self.begins(closed.is_some() || !was_open, *offset);
                    found.extend(closed);
                }
                if is_silent {
                    found.extend(self.error.close());
                }
                found
            }
        };
        let is_open = self.slow.is_open() || self.error.is_open();
        // An entry that is not whole is read again after a crash.
        let offset = self.open_from.filter(|_| is_open);
        let reached = position.map(|position| Position { offset: offset.unwrap_or(position.offset), ..position });
        self.reached = reached.or(self.reached);
        records
    }
}

/// Reads both files until `stop`.
pub(super) async fn follow(
    (source, state): (MysqlSource, Arc<ServerState>),
    mut delivery: Delivery,
    checkpoints: Arc<dyn Checkpoints>,
    stop: CancellationToken,
) {
    let target = Target::at(&source.url);
    let given = [(Form::Slow, source.slow_log), (Form::Error, source.error_log)];
    let mut files: Vec<LogFile> =
        given.into_iter().filter_map(|(form, path)| Some(LogFile::new(form, path?, &*checkpoints))).collect();
    if files.is_empty() {
        return;
    }
    let mut has_room = true;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        let mut found = Vec::new();
        if has_room {
            for file in &mut files {
                found.extend(file.look(&state).await);
            }
        }
        let deadline = Instant::now() + DELIVERY_TIMEOUT;
        let delivered = if found.is_empty() {
            delivery.retry(deadline).await
        } else {
            let body = records::request(&target, found).encode_to_vec();
            delivery.send_signal(Signal::Logs, body.into(), deadline).await
        };
        has_room = delivered == Delivered::All;
        if has_room {
            keep(&mut files, &checkpoints).await;
        }
    }
}

/// Keeps where reading stands: all before it is stored.
async fn keep(files: &mut [LogFile], checkpoints: &Arc<dyn Checkpoints>) {
    for file in files.iter_mut().filter(|file| file.reached.is_some() && file.reached != file.kept) {
        file.kept = file.reached;
        let (key, checkpoints) = (file.key.clone(), Arc::clone(checkpoints));
        if let Some(position) = file.kept {
            let _ = tokio::task::spawn_blocking(move || checkpoints.save(&key, &position.text())).await;
        }
    }
}

async fn slow_records(state: &ServerState, mut entries: Vec<Entry>) -> Vec<LogRecord> {
    entries.retain(|entry| !entry.statement.text.contains("performance_schema"));
    if entries.is_empty() {
        return Vec::new();
    }
    let texts = entries.iter().map(|entry| entry.statement.text.clone()).collect();
    let digests = state.digests_of(texts).await;
    let now = now_nanoseconds();
    let records = entries.into_iter().zip(digests).map(|(mut entry, digest)| {
        entry.statement.digest = digest;
        let time = entry.time.filter(|time| (now - time).abs() < CLOCK_OFF_MAX).unwrap_or(now);
        records::sample(time, &entry.statement, "slow_log")
    });
    records.collect()
}

/// Lines of the error log: one that begins with a time begins an entry, others belong to the one before.
#[derive(Debug, Default)]
struct ErrorLog {
    entry: Option<(Option<i64>, String)>,
}

const MESSAGE_BYTES_MAX: usize = 16 << 10;

impl ErrorLog {
    fn line(&mut self, line: &str) -> Option<LogRecord> {
        let begins =
            line.len() > 19 && line.as_bytes()[..4].iter().all(u8::is_ascii_digit) && line.as_bytes()[4] == b'-';
        if begins {
            let closed = self.close();
            self.entry = Some((moment_of_line(line), line.to_owned()));
            return closed;
        }
        if let Some((_, text)) = self.entry.as_mut().filter(|(_, text)| text.len() < MESSAGE_BYTES_MAX) {
            text.push('\n');
            text.push_str(line);
        }
        None
    }

    fn is_open(&self) -> bool {
        self.entry.is_some()
    }

    fn close(&mut self) -> Option<LogRecord> {
        let (time, text) = self.entry.take()?;
        let now = now_nanoseconds();
        let time = time.filter(|time| (now - time).abs() < CLOCK_OFF_MAX).unwrap_or(now);
        let (level, rest) = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).unwrap_or(("Note", &text));
        let (severity, word) = match level.to_ascii_lowercase().as_str() {
            "error" => (SeverityNumber::Error, "ERROR"),
            "warning" => (SeverityNumber::Warn, "WARN"),
            _ => (SeverityNumber::Info, "INFO"),
        };
        let code = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(code, _)| code);
        let message = match code {
            Some(_) => rest.splitn(3, ']').last().unwrap_or(rest),
            None => rest,
        };
        let detail = json!({"severity": word, "code": code, "text": text});
        let mut record = records::event(time, "error_log", message.trim(), &detail);
        record.severity_number = i32::from(severity);
        word.clone_into(&mut record.severity_text);
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;

    use super::*;

    #[test]
    fn error_logs_of_both_forms() {
        let mut log = ErrorLog::default();
        let lines = [
            "2026-11-21T20:00:00.123456Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
            "2026-11-21 20:00:01 0 [ERROR] InnoDB: Something broke",
            "  and goes on",
            "2026-11-21 20:00:02 5 [Note] Ready",
        ];
        let mut records: Vec<LogRecord> = lines.iter().filter_map(|line| log.line(line)).collect();
        records.extend(log.close());
        let shown: Vec<(String, String)> = records
            .iter()
            .map(|record| match record.body.as_ref().unwrap().value.as_ref().unwrap() {
                Any::StringValue(text) => (record.severity_text.clone(), text.clone()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("WARN".to_owned(), "CA certificate ca.pem is self signed.".to_owned()),
                ("ERROR".to_owned(), "InnoDB: Something broke\n  and goes on".to_owned()),
                ("INFO".to_owned(), "Ready".to_owned()),
            ]
        );
    }
}
