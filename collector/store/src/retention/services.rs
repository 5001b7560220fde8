//! Services whose rows are kept for longer or shorter than those of others: whose time is over in a file, and which rows
//! are theirs. Pure.
//!
//! Owns that rule. A row is judged by its service, that of its series for metrics; by the last hour of its file, so that
//! a file is rewritten at most once for each time that is set. Never reads a file.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;
use xxhash_rust::xxh3::Xxh3;

use super::{Retention, oldest_hour};
use crate::catalog::Catalog;
use crate::compact::Revision;
use crate::forget::scan::{Found, Wanted};

/// Whether rows of a table tell whose they are.
pub fn tells(table: Table) -> bool {
    column(table).is_some()
}

/// The column that does.
fn column(table: Table) -> Option<&'static str> {
    let schema = table.schema();
    let has = |name: &&str| schema.column_with_name(name).is_some();
    ["service_name", "series_id"].into_iter().find(has).filter(|_| !table.is_dimension())
}

/// Whose time is over for the rows of some hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Services that have a time of their own, and whether it is over.
    named: BTreeSet<(String, bool)>,
    /// Whether that of all others is.
    others: bool,
}

impl Over {
    /// Of rows filed up to an hour; `None` where nobody's time is over.
    pub fn of(retention: &Retention, table: Table, last_hour: i64, now: i64) -> Option<Self> {
        if retention.services.is_empty() || !tells(table) {
            return None;
        }
        let is_over = |age| last_hour < oldest_hour(now, age);
        let named = retention.services.iter().map(|(name, age)| (name.clone(), is_over(*age))).collect();
        let this = Self { named, others: retention.of(table).is_some_and(is_over) };
        (this.others || this.named.iter().any(|(_, is_over)| *is_over)).then_some(this)
    }

    /// Tells this from any other, to remember what was looked at.
    pub fn mark(&self) -> u64 {
        let mut hasher = Xxh3::new();
        for (name, is_over) in &self.named {
            hasher.update(name.as_bytes());
            hasher.update(&[0xff, u8::from(*is_over)]);
        }
        hasher.update(&[u8::from(self.others)]);
        hasher.digest()
    }

    fn is_over(&self, service: &str) -> bool {
        let known = self.named.iter().find(|(name, _)| name == service);
        known.map_or(self.others, |(_, is_over)| *is_over)
    }

    /// The rows that go. Of metrics those of series that the catalog knows to be of such a service.
    pub fn rows(&self, catalog: &Catalog) -> OverRows {
        let mut series = HashSet::new();
        for batch in catalog.series.rows().batches {
            let Some(services) = batch.column_by_name("service_name").and_then(|names| names.as_string_opt::<i32>())
            else {
                continue;
            };
            let ids = catalog.series.ids(&batch).into_iter().zip(services);
            series.extend(ids.filter(|(_, name)| name.is_some_and(|name| self.is_over(name))).map(|(id, _)| id));
        }
        OverRows { over: self.clone(), series }
    }
}

/// Rows of services whose time is over.
#[derive(Clone, Debug)]
pub struct OverRows {
    over: Over,
    series: HashSet<[u8; 16]>,
}

impl OverRows {
    fn gone(&self, table: Table, batch: &RecordBatch) -> Vec<bool> {
        let none = || vec![false; batch.num_rows()];
        match column(table).and_then(|name| batch.column_by_name(name)) {
            Some(column) => self.gone_by(column).unwrap_or_else(none),
            None => none(),
        }
    }

    fn gone_by(&self, column: &ArrayRef) -> Option<Vec<bool>> {
        if let Some(names) = column.as_string_opt::<i32>() {
            // Rows lie in no order of theirs, but services are few.
            let mut last: Option<(&str, bool)> = None;
            let is_over = |name: Option<&'_ str>| name.is_some_and(|name| self.over.is_over(name));
            return Some(
                (0..names.len())
                    .map(|row| {
                        let name = names.is_valid(row).then(|| names.value(row));
                        if let (Some((known, answer)), Some(name)) = (last, name)
                            && known == name
                        {
                            return answer;
                        }
                        let answer = is_over(name);
                        last = name.map(|name| (name, answer)).or(last);
                        answer
                    })
                    .collect(),
            );
        }
        let ids = column.as_fixed_size_binary_opt()?;
        let is_gone = |id: Option<&[u8]>| {
            id.and_then(|id| <[u8; 16]>::try_from(id).ok()).is_some_and(|id| self.series.contains(&id))
        };
        Some(ids.iter().map(is_gone).collect())
    }
}

impl Wanted for OverRows {
    fn columns(&self, table: Table) -> Vec<String> {
        column(table).into_iter().map(str::to_owned).collect()
    }

    fn count(&self, table: Table, batch: &RecordBatch) -> Found {
        let rows = self.gone(table, batch).into_iter().filter(|is_gone| *is_gone).count() as u64;
        Found { rows, links: 0 }
    }
}

impl Revision for OverRows {
    fn sets(&self, _: Table) -> &[&'static str] {
        &[]
    }

    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let stays: BooleanArray = self.gone(table, batch).into_iter().map(|is_gone| Some(!is_gone)).collect();
        filter_record_batch(batch, &stays)
    }
}

/// The rows of one kind after another: most files of a turn have the same.
#[derive(Debug, Default)]
pub struct OverCache(Option<(Over, Arc<OverRows>)>);

impl OverCache {
    /// As [`Over::rows`], made once.
    pub fn rows(&mut self, over: &Over, catalog: &Catalog) -> Arc<OverRows> {
        match &self.0 {
            Some((known, rows)) if known == over => Arc::clone(rows),
            _ => {
                let rows = Arc::new(over.rows(catalog));
                self.0 = Some((over.clone(), Arc::clone(&rows)));
                rows
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arrow::array::StringArray;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    /// 2026-11-21, 10:30.
    const NOW: i64 = 1_795_257_000 * 1_000_000_000;

    fn retention() -> Retention {
        let services = [("text 0", 2 * HOUR), ("audit", 24 * HOUR)].map(|(name, age)| (name.to_owned(), age));
        Retention { spans: Some(4 * HOUR), services: services.into(), ..Retention::default() }
    }

    fn over(table: Table, hours_ago: i64) -> Option<Over> {
        Over::of(&retention(), table, crate::seal::order::hour_of(NOW) - hours_ago, NOW)
    }

    #[test]
    fn each_service_has_its_time_and_all_others_the_tables() {
        assert_eq!(over(Table::Spans, 2), None);
        let first = over(Table::Spans, 3).unwrap();
        assert!(first.is_over("text 0") && !first.is_over("audit") && !first.is_over("shop"));
        let second = over(Table::Spans, 5).unwrap();
        assert!(second.is_over("text 0") && !second.is_over("audit") && second.is_over("shop"));
        assert!(first.mark() != second.mark() && first.mark() == over(Table::Spans, 4).unwrap().mark());
        let logs = over(Table::Logs, 20).unwrap();
        assert!(logs.is_over("text 0") && !logs.is_over("shop"), "logs are kept for ever");
        assert_eq!(over(Table::Series, 1000), None);
        let none = Over::of(&Retention { spans: Some(HOUR), ..Retention::default() }, Table::Spans, 0, NOW);
        assert_eq!(none, None, "files go whole");
    }

    #[test]
    fn rows_of_a_service_go_and_points_of_its_series() {
        let catalog = Catalog::default();
        catalog.series.insert_new(&crate::cold::samples::sample(Table::Series)).unwrap();
        let rows = over(Table::Points, 3).unwrap().rows(&catalog);
        // Samples are of the services `text 0` to `text 2`, and of the series 0 to 2, which are of these.
        for table in [Table::Spans, Table::Logs, Table::Points, Table::Histograms, Table::Summaries, Table::Exemplars] {
            let batch = crate::cold::samples::sample(table);
            assert_eq!(rows.gone(table, &batch), [true, false, false], "{}", table.name());
            let left = rows.revise(table, &batch).unwrap();
            assert_eq!((left, rows.count(table, &batch).rows), (batch.slice(1, 2), 1));
        }
    }

    #[test]
    fn a_name_is_judged_wherever_it_stands() {
        let rows = over(Table::Spans, 5).unwrap().rows(&Catalog::default());
        let names: ArrayRef =
            Arc::new(StringArray::from(vec![Some("shop"), Some("shop"), Some("audit"), Some("shop"), None]));
        assert_eq!(rows.gone_by(&names), Some(vec![true, true, false, true, false]));
    }
}
