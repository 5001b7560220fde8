//! Which traces of the windows may match: their ids, newest span first, by SQL.
//!
//! Owns how far a scan has come. A row's moment is never earlier than its trace's place in the list, so what is said of
//! [`Scan::frontier`] holds for places too. Never decides whether a trace matches.

use std::collections::{HashMap, HashSet, VecDeque};

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampNanosecondType;
use arrow::record_batch::RecordBatch;
use spanlake_engine::{PinnedEngine, QueryStats};
use spanlake_schemas::ids::TraceId;

use super::filter::{Filter, Reach};
use crate::columns::{Ids, Numbers};
use crate::error::ApiError;
use crate::parameters::sql_moment;
use crate::query;
use crate::state::Shared;

/// Rows of the first statement, for each trace of the page; and of the largest. The fewer, the sooner a statement knows that what
/// is older cannot be among them.
const ROWS_FIRST_A_TRACE: usize = 3;
/// Fewer cost as much.
const ROWS_FIRST_MIN: usize = 64;
const ROWS_MAX: usize = 128_000;
/// Each statement of a window reads this many times the rows of the one before.
const GROWTH: usize = 8;
/// Traces that filled half a statement's rows are left out of the next ones; so many at most.
const LEFT_OUT_MAX: usize = 32;

/// Candidates of a search by the length of traces whose length is looked at one by one; where that is not enough, lengths are
/// reckoned in SQL for all traces of the rest of the window, which costs a scan.
const LOOKED_AT_MAX: usize = if cfg!(test) { 5 } else { 400 };

/// Candidates of a window after which, where hardly any of them matches, another condition of the query is looked for that leads
/// to fewer.
const FRUITLESS_MIN: usize = if cfg!(test) { 5 } else { 300 };
/// The column that says whether a row's trace surely matches.
const SURE: &str = "is_sure";
/// Rows of a condition that leads to few.
const FEW_ROWS: usize = 4_000;

/// A trace that may match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) id: TraceId,
    /// The moment of the row that led to it.
    pub(super) at: i64,
    /// By that row alone the query finds something.
    pub(super) is_sure: bool,
}

/// Windows of one order, read from the newest row on.
pub(super) struct Scan<'a> {
    filter: &'a Filter,
    windows: VecDeque<Reach>,
    /// In the window that is read: rows at or before this moment are still to be read.
    read_to: Option<i64>,
    rows: usize,
    /// Rows that were read and not handed out.
    waiting: VecDeque<Candidate>,
    left_out: Vec<TraceId>,
    /// Ids that were handed out, and those of this window.
    handed_out: usize,
    of_window: usize,
    /// Which condition of the query leads in this window, and whether another was looked for.
    leading: usize,
    is_settled: bool,
    frontier: i64,
    /// Of all its statements. One that goes on in a window reads some of the files of the one before.
    pub(super) cost: QueryStats,
}

impl<'a> Scan<'a> {
    /// Of windows of one order, newest first; `from` where an earlier page came to.
    pub(super) fn new(filter: &'a Filter, windows: impl Iterator<Item = Reach>, from: Option<i64>) -> Self {
        let is_read = |window: &Reach| from.is_some_and(|from| from == i64::MIN || window.start() > from);
        let windows: VecDeque<Reach> = windows.filter(|window| !is_read(window)).collect();
        let frontier = if windows.is_empty() { i64::MIN } else { from.unwrap_or(i64::MAX) };
        Self {
            filter,
            windows,
            read_to: from,
            rows: filter.rows_first(),
            waiting: VecDeque::new(),
            left_out: Vec::new(),
            handed_out: 0,
            of_window: 0,
            leading: 0,
            is_settled: false,
            frontier,
            cost: QueryStats::default(),
        }
    }

    /// Every trace that may match and has its place after this moment was handed out; `i64::MIN` once all were.
    pub(super) const fn frontier(&self) -> i64 {
        self.frontier
    }

    pub(super) const fn is_exhausted(&self) -> bool {
        self.frontier == i64::MIN
    }

    /// The next that were not seen, about `wanted` of them; none only where a statement found none or nothing is left.
    pub(super) async fn next(
        &mut self,
        shared: &Shared,
        engine: &PinnedEngine,
        seen: &mut HashSet<TraceId>,
        wanted: usize,
        is_fruitless: bool,
    ) -> Result<Vec<Candidate>, ApiError> {
        let mut fresh = Vec::new();
        if is_fruitless && self.of_window >= FRUITLESS_MIN && !self.is_settled {
            self.lead_by_fewer(shared, engine).await?;
        }
        if self.waiting.is_empty() {
            self.fetch(shared, engine).await?;
        }
        while let Some(candidate) = self.waiting.pop_front() {
            self.frontier = self.frontier.min(candidate.at);
            if seen.insert(candidate.id) {
                fresh.push(candidate);
                self.handed_out += 1;
                self.of_window += 1;
                if fresh.len() >= wanted {
                    break;
                }
            }
        }
        if self.waiting.is_empty() && self.read_to.is_none() {
            // The window was read to its end.
            self.frontier = match self.windows.pop_front() {
                Some(window) if !self.windows.is_empty() => window.start().saturating_sub(1),
                _ => i64::MIN,
            };
            self.read_to = Some(self.frontier);
            self.rows = self.filter.rows_first();
            (self.of_window, self.leading, self.is_settled) = (0, 0, false);
        }
        Ok(fresh)
    }

    /// Takes the first of the query's other conditions that few spans of the window meet, and reads the window again by it:
    /// a matching trace may have such a span above those that were read.
    async fn lead_by_fewer(&mut self, shared: &Shared, engine: &PinnedEngine) -> Result<(), ApiError> {
        self.is_settled = true;
        let Some(window) = self.windows.front().copied() else { return Ok(()) };
        let others = if self.filter.asked.is_empty() { 1..self.filter.leading.len() } else { 0..0 };
        for leading in others {
            let conditions = [vec![window.condition()], self.filter.span_conditions(leading)].concat().join(" AND ");
            let statement = format!("SELECT trace_id FROM spans WHERE {conditions} LIMIT {FEW_ROWS}");
            let (batches, stats) = query::rows_at(shared, engine, &statement).await?;
            self.cost = self.cost.and(stats);
            if batches.iter().map(RecordBatch::num_rows).sum::<usize>() < FEW_ROWS {
                (self.leading, self.read_to, self.rows) = (leading, None, FEW_ROWS);
                self.waiting.clear();
                self.left_out.clear();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads on in the window; `read_to` is none once it is read.
    async fn fetch(&mut self, shared: &Shared, engine: &PinnedEngine) -> Result<(), ApiError> {
        let Some(window) = self.windows.front().copied() else { return Ok(()) };
        let by_length = self.filter.has_duration() && self.handed_out >= LOOKED_AT_MAX;
        let statement = self.filter.candidates(window, self, by_length);
        let (batches, stats) = query::rows_at(shared, engine, &statement).await?;
        self.cost = self.cost.and(stats);
        self.take(&batches);
        let last = self.waiting.back().map(|candidate| candidate.at).filter(|_| self.waiting.len() >= self.rows);
        if last.is_some() && last == self.read_to {
            // All of one moment: only more rows get past it.
            self.rows = self.rows.saturating_mul(GROWTH);
        } else {
            self.rows = (self.rows * GROWTH).min(ROWS_MAX.max(self.rows));
        }
        self.read_to = last;
        self.leave_out_the_largest();
        Ok(())
    }

    fn take(&mut self, batches: &[RecordBatch]) {
        for batch in batches {
            let schema = batch.schema();
            let (ids, moments) =
                (Ids::of(batch, "trace_id"), Numbers::<TimestampNanosecondType>::of(batch, schema.field(1).name()));
            let sure = batch.column_by_name(SURE).and_then(|column| column.as_boolean_opt());
            self.waiting.extend((0..batch.num_rows()).filter_map(|row| {
                let is_sure = sure.is_some_and(|sure| sure.is_valid(row) && sure.value(row));
                Some(Candidate { id: ids.at(row).and_then(TraceId::from_slice)?, at: moments.at(row)?, is_sure })
            }));
        }
    }

    /// A trace of very many spans would fill statement after statement.
    fn leave_out_the_largest(&mut self) {
        let mut counts: HashMap<TraceId, usize> = HashMap::new();
        for candidate in &self.waiting {
            *counts.entry(candidate.id).or_default() += 1;
        }
        let half = self.waiting.len() / 2;
        let largest = counts.into_iter().find(|(_, count)| *count > half.max(self.filter.limit));
        if let Some((id, _)) = largest.filter(|_| self.left_out.len() < LEFT_OUT_MAX) {
            self.left_out.push(id);
        }
    }
}

impl Filter {
    fn rows_first(&self) -> usize {
        (self.limit * ROWS_FIRST_A_TRACE).max(ROWS_FIRST_MIN)
    }

    /// Candidates of a window as their ids and the moment of the newest span that meets the conditions, latest first; where asked,
    /// only those of the right length. The moment keeps its name: by the name of a column row groups are read in its order.
    fn candidates(&self, window: Reach, scan: &Scan<'_>, by_length: bool) -> String {
        let Scan { read_to, left_out, rows, leading, .. } = scan;
        let mut conditions = vec![window.condition()];
        conditions.extend(self.span_conditions(*leading));
        let left_out: Vec<String> = left_out.iter().map(|id| format!("'{id}'")).collect();
        let left_out = (!left_out.is_empty()).then(|| format!("trace_id NOT IN ({})", left_out.join(", ")));
        let order = window.order();
        let until = read_to.map(sql_moment);
        if !by_length {
            conditions.extend(left_out);
            conditions.extend(until.map(|until| format!("{order} <= {until}")));
            let conditions = conditions.join(" AND ");
            let sure = self.sure.as_ref().map(|sure| format!(", {sure} AS {SURE}")).unwrap_or_default();
            return format!(
                "SELECT trace_id, {order}{sure} FROM spans WHERE {conditions} ORDER BY {order} DESC LIMIT {rows}"
            );
        }
        // How long a trace is can be said of all its spans only, also those beside the window.
        let newest = format!("max({order}) FILTER (WHERE {})", conditions.join(" AND "));
        let mut around = vec![window.wider(self.widest()).condition()];
        around.extend(left_out);
        let mut having = self.length_conditions();
        having.push(until.map_or_else(|| format!("{newest} IS NOT NULL"), |until| format!("{newest} <= {until}")));
        format!(
            "SELECT trace_id, {newest} AS at FROM spans WHERE {} GROUP BY trace_id HAVING {} ORDER BY at DESC LIMIT {rows}",
            around.join(" AND "),
            having.join(" AND ")
        )
    }
}
