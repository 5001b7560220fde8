//! Log records that came since the last look.
//!
//! Owns which records a client has: those of the last seconds by digest, because a record may come after another that is
//! younger. Of records that are the same in every column the client gets one. Bounded: the newest so many a look.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use spanlake_store::now_nanos;
use xxhash_rust::xxh3::xxh3_128;

use super::protocol::LogFilter;
use crate::error::ApiError;
use crate::parameters::{sql_moment, sql_text};
use crate::state::Shared;
use crate::{query, render};

/// Columns of a record, as every frame has them.
pub(super) const COLUMNS: &str =
    "time, service_name, severity_number, severity_text, event_name, body, trace_id, span_id";
/// Records of one look; more than a list can show at once.
const ROWS_MAX: usize = 500;
/// How much later than a younger one a record may come.
const LATE_NS: i64 = 15_000_000_000;

/// What a client has.
#[derive(Debug)]
pub(super) struct LogTail {
    filter: LogFilter,
    from_ns: i64,
    known: HashMap<u128, i64>,
    pub(super) is_new: bool,
}

/// New records, newest first.
#[derive(Debug, Default)]
pub(super) struct NewRecords {
    pub(super) rows: Vec<Box<RawValue>>,
    /// Whether there were more than one look takes.
    pub(super) is_cut: bool,
}

impl LogTail {
    pub(super) fn new(filter: LogFilter, from_ns: i64) -> Self {
        Self { filter, from_ns, known: HashMap::new(), is_new: true }
    }

    pub(super) async fn look(&mut self, shared: &Shared) -> Result<NewRecords, ApiError> {
        let now = now_nanos();
        let (batches, _) = query::rows(shared, &self.statement()).await?;
        let mut found = NewRecords::default();
        let mut seen: HashSet<u128> = HashSet::new();
        let mut count = 0;
        for batch in &batches {
            for row in 0..batch.num_rows() {
                count += 1;
                let mut text = Vec::new();
                render::push_rows(&batch.slice(row, 1), true, &mut text);
                let digest = xxh3_128(&text);
                if self.known.insert(digest, now).is_none() && seen.insert(digest) {
                    let text = String::from_utf8(text).unwrap_or_default();
                    found.rows.extend(RawValue::from_string(text));
                }
            }
        }
        found.is_cut = count == ROWS_MAX;
        self.from_ns = self.from_ns.max(now - LATE_NS);
        self.known.retain(|_, at| now - *at < 4 * LATE_NS);
        self.is_new = false;
        Ok(found)
    }

    fn statement(&self) -> String {
        let mut conditions = format!("time >= {}", sql_moment(self.from_ns));
        if let Some(service) = self.filter.service.as_deref().filter(|service| !service.is_empty()) {
            conditions.push_str(&format!(" AND service_name = {}", sql_text(service)));
        }
        if let Some(least) = self.filter.severity_min {
            conditions.push_str(&format!(" AND severity_number >= {least}"));
        }
        if let Some(text) = self.filter.text.as_deref().filter(|text| !text.is_empty()) {
            conditions.push_str(&format!(" AND strpos(lower(body), {}) > 0", sql_text(&text.to_lowercase())));
        }
        format!("SELECT {COLUMNS} FROM logs WHERE {conditions} ORDER BY time DESC LIMIT {ROWS_MAX}")
    }
}
