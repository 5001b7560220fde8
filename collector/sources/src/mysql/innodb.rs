//! InnoDB beside the status: its metrics, its report, and deadlocks in that.

use std::sync::Arc;

use spanlake_schemas::mysql::InnodbPicture;

use super::capabilities::{Capabilities, Capability};
use super::figures::Beside;
use super::message;
use super::names::Kind;
use super::session::{Cells, Session, SessionError};
use super::slow::Found;
use super::state::ServerState;
use super::{records, report};

/// What was read last.
#[derive(Debug, Default)]
pub(super) struct Innodb {
    /// Deadlocks so far, and when that was read.
    deadlocks: Option<(i64, f64)>,
    has_new_deadlock: bool,
    /// When the report's last deadlock was, in the server's words; empty for none.
    last_deadlock: Option<String>,
}

impl Innodb {
    /// `INNODB_METRICS`: what MySQL's status lacks.
    pub(super) async fn ask_metrics(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        state: &ServerState,
        time: i64,
        found: &mut Found,
    ) -> Result<(), SessionError> {
        if !capabilities.has(Capability::InnodbMetrics) {
            return Ok(());
        }
        let statement = "SELECT /* spanlake */ NAME, `COUNT` FROM information_schema.INNODB_METRICS WHERE NAME IN ('lock_deadlocks', 'trx_rseg_history_len')";
        let rows = session.pairs(statement).await?;
        let get =
            |name: &str| rows.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.parse::<f64>().ok());
        let (history_list_length, deadlocks) = (get("trx_rseg_history_len"), get("lock_deadlocks"));
        let before = std::mem::replace(&mut self.deadlocks, deadlocks.map(|count| (time, count)));
        self.has_new_deadlock |= before.zip(deadlocks).is_some_and(|((_, before), now)| now > before);
        #[allow(clippy::cast_precision_loss, reason = "a length of time")]
        let deadlocks_per_second = before
            .zip(deadlocks)
            .filter(|((from, before), now)| time > *from && now >= before)
            .map(|((from, before), now)| (now - before) / ((time - from) as f64 / 1e9));
        state.set_beside(Beside { history_list_length, deadlocks_per_second, ..Beside::default() });
        if let Some(length) = history_list_length {
            let about = ("mysql.innodb.history_list.length", "1", "Undo log pages that are not purged yet.");
            found.metrics.push(message::number(about, (Kind::Gauge, None), time, [(Vec::new(), length)]));
        }
        if let Some(count) = deadlocks {
            let about = ("mysql.innodb.deadlocks", "1", "Deadlocks since the server's start.");
            found.metrics.push(message::number(about, (Kind::UpDown, None), time, [(Vec::new(), count)]));
        }
        Ok(())
    }

    /// Whether somebody has been rolled back since the report was read.
    pub(super) fn has_new_deadlock(&self) -> bool {
        self.has_new_deadlock
    }

    /// `SHOW ENGINE INNODB STATUS`, and the status that belongs to it.
    pub(super) async fn ask_status(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        state: &ServerState,
        time: i64,
        found: &mut Found,
    ) -> Result<(), SessionError> {
        let status = session.pairs("SHOW /* spanlake */ GLOBAL STATUS LIKE 'Innodb%'").await?;
        let mut picture = picture_of(&status, &state.variables());
        if capabilities.has(Capability::InnodbStatus) {
            let rows = session.rows("SHOW /* spanlake */ ENGINE INNODB STATUS").await?;
            let report = rows.first().map(|row| Cells(row).text(2)).unwrap_or_default();
            self.has_new_deadlock = false;
            self.tell_deadlock(&report, time, found);
            let positions =
                ["Log sequence number", "Last checkpoint at"].map(|words| report::number_after(&report, words));
            if let [Some(now), Some(checkpoint)] = positions {
                picture.log_checkpoint_age_bytes = Some((now - checkpoint).max(0));
            }
            picture.history_list_length =
                report::number_after(&report, "History list length").or(picture.history_list_length);
            picture.semaphore_waits = report::number_after(&report, "OS WAIT ARRAY INFO: reservation count");
            picture.status_text = report::cleaned(&report);
        }
        state.set_innodb(picture);
        Ok(())
    }

    /// The one of before the first look is not told: nobody knows when that was.
    fn tell_deadlock(&mut self, report: &str, time: i64, found: &mut Found) {
        let section = report::deadlock_section(report);
        let when = section.as_deref().and_then(|section| section.lines().next()).unwrap_or_default().to_owned();
        let before = self.last_deadlock.replace(when.clone());
        if let Some(section) = section.filter(|_| before.is_some_and(|before| before != when)) {
            let detail = report::deadlock(&section);
            let transactions = detail["transactions"].as_array().map_or(0, Vec::len);
            let title = format!("{transactions} transactions waited for each other; one was rolled back");
            found.records.push(records::event(time, "deadlock", &title, &detail));
        }
    }
}

/// The number of a name, whatever its case.
fn number_of<T: std::ops::Deref<Target = str>>(pairs: &[(T, T)], name: &str) -> Option<i64> {
    pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.parse().ok())
}

fn picture_of(status: &[(String, String)], variables: &[(Arc<str>, Arc<str>)]) -> InnodbPicture {
    let get = |name: &str| number_of(status, &format!("innodb_{name}"));
    let variable = |name: &str| number_of(variables, name);
    #[allow(clippy::cast_precision_loss, reason = "a ratio")]
    let hit_ratio = get("buffer_pool_reads")
        .zip(get("buffer_pool_read_requests"))
        .filter(|(_, requests)| *requests > 0)
        .map(|(reads, requests)| 1.0 - reads as f64 / requests as f64);
    let rows = ["read", "inserted", "updated", "deleted"];
    InnodbPicture {
        buffer_pool_size_bytes: variable("innodb_buffer_pool_size"),
        buffer_pool_data_bytes: get("buffer_pool_bytes_data"),
        buffer_pool_dirty_bytes: get("buffer_pool_bytes_dirty"),
        buffer_pool_free_pages: get("buffer_pool_pages_free"),
        buffer_pool_hit_ratio: hit_ratio,
        log_checkpoint_age_bytes: get("checkpoint_age"),
        log_capacity_bytes: get("checkpoint_max_age")
            .or(variable("innodb_redo_log_capacity"))
            .or(variable("innodb_log_file_size")),
        history_list_length: get("history_list_length"),
        row_operations: rows.iter().filter_map(|kind| Some((*kind, get(&format!("rows_{kind}"))?))).collect(),
        semaphore_waits: None,
        status_text: String::new(),
    }
}
