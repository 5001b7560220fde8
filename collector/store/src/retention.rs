//! Retention: which files are too old, or too much; pure, of one version and the time.
//!
//! Owns the rule. Files go whole, by the hour that they are filed under, oldest hours first; nothing goes unless a
//! setting says so. A service may have a time of its own: a file that holds rows of several is rewritten when one's time
//! is over ([`services`]), and goes whole when everybody's is. Resources, scopes and series stay: rows that are kept
//! point to them. Never deletes a file.

pub(crate) mod checked;
mod hot;
pub(crate) mod services;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::tables::Table;

use crate::seal::order::hour_of;
use crate::version::{TableFile, Version};

/// How long rows are kept after the hour that they are filed under, and how much in all. `None`: for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    pub spans: Option<Duration>,
    pub logs: Option<Duration>,
    /// Number points, histograms, summaries and exemplars.
    pub metrics: Option<Duration>,
    /// Bytes of all files together.
    pub bytes_max: Option<u64>,
    /// Services whose rows of every table are kept for as long as this instead.
    pub services: BTreeMap<String, Duration>,
}

impl Retention {
    fn of(&self, table: Table) -> Option<Duration> {
        match table {
            Table::Spans | Table::SpanRed => self.spans,
            Table::Logs => self.logs,
            Table::Points | Table::Histograms | Table::ExpHistograms | Table::Summaries | Table::Exemplars => {
                self.metrics
            }
            Table::Resources | Table::Scopes | Table::Series => None,
        }
    }

    /// After how long nothing of a file of the table is kept, whoever's it is.
    fn of_everybody(&self, table: Table) -> Option<Duration> {
        let longest = self.services.values().filter(|_| services::tells(table)).max();
        self.of(table).map(|age| longest.map_or(age, |longest| age.max(*longest)))
    }
}

/// What is to go now.
pub fn expired(version: &Version, now: i64, retention: &Retention) -> Vec<TableFile> {
    if *retention == Retention::default() {
        return Vec::new();
    }
    let mut gone: Vec<TableFile> = Vec::new();
    let mut kept: BTreeMap<i64, Vec<TableFile>> = BTreeMap::new();
    let mut bytes = 0;
    for table in Table::ALL {
        let oldest = retention.of_everybody(table).map(|age| oldest_hour(now, age));
        for file in version.files(table) {
            if oldest.is_some_and(|oldest| file.entry.last_hour() < oldest) && !table.is_dimension() {
                gone.push((table, Arc::clone(file)));
                continue;
            }
            bytes += file.entry.bytes;
            if !table.is_dimension() {
                kept.entry(file.entry.last_hour()).or_default().push((table, Arc::clone(file)));
            }
        }
    }
    let bytes_max = retention.bytes_max.unwrap_or(u64::MAX);
    while bytes > bytes_max {
        let Some((_, files)) = kept.pop_first() else { break };
        bytes -= files.iter().map(|(_, file)| file.entry.bytes).sum::<u64>();
        gone.extend(files);
    }
    gone
}

/// The first hour, since the epoch, that is not over for longer than `age`.
fn oldest_hour(now: i64, age: Duration) -> i64 {
    hour_of(now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{DataFile, FileEntry, TableVersion};

    /// 2026-11-21, 10:30.
    const NOW: i64 = 1_795_257_000 * 1_000_000_000;
    const HOUR: Duration = Duration::from_secs(3600);

    fn file(table: Table, hour: u8, bytes: u64) -> Arc<DataFile> {
        let path = format!("hot/{}/date=2026-11-21/hour={hour:02}/{bytes}.parquet", table.name());
        Arc::new(DataFile::new(FileEntry::sample(&path, table, bytes), path.into()))
    }

    fn gone(retention: Retention) -> Vec<(Table, String)> {
        let mut version = Version::default();
        for table in [Table::Resources, Table::Spans, Table::Points] {
            let files = (6..=10).map(|hour| file(table, hour, 100)).collect();
            version.tables[table as usize] = TableVersion { hot: Vec::new(), files: Arc::new(files) };
        }
        let gone = expired(&version, NOW, &retention);
        gone.into_iter()
            .map(|(table, file)| (table, file.entry.partition().rsplit('/').next().unwrap().to_owned()))
            .collect()
    }

    fn hours(table: Table, hours: &[&str]) -> Vec<(Table, String)> {
        hours.iter().map(|hour| (table, format!("hour={hour}"))).collect()
    }

    #[test]
    fn nothing_goes_unless_it_is_said() {
        assert_eq!(gone(Retention::default()), []);
        assert_eq!(gone(Retention { bytes_max: Some(1500), ..Retention::default() }), []);
    }

    #[test]
    fn a_service_that_is_kept_for_longer_keeps_files_whole() {
        let services = BTreeMap::from([("audit".to_owned(), 2 * HOUR), ("noise".to_owned(), HOUR / 2)]);
        let spans = |spans| gone(Retention { spans, services: services.clone(), ..Retention::default() });
        assert_eq!(spans(Some(HOUR)), hours(Table::Spans, &["06", "07"]));
        assert_eq!(spans(Some(3 * HOUR)), hours(Table::Spans, &["06"]));
        assert_eq!(spans(None), []);
    }

    #[test]
    fn whole_hours_go_once_they_are_over_for_long_enough() {
        let spans = |age| gone(Retention { spans: Some(age), ..Retention::default() });
        // 08 ended at 09:00, an hour and a half ago.
        assert_eq!(spans(HOUR), hours(Table::Spans, &["06", "07", "08"]));
        assert_eq!(spans(2 * HOUR), hours(Table::Spans, &["06", "07"]));
        assert_eq!(spans(100 * HOUR), []);
    }

    #[test]
    fn the_oldest_hours_of_all_tables_go_until_the_rest_fits() {
        let bytes = |bytes_max| gone(Retention { bytes_max: Some(bytes_max), ..Retention::default() });
        assert_eq!(bytes(1499), [(Table::Spans, "hour=06".into()), (Table::Points, "hour=06".into())]);
        assert_eq!(bytes(1100).len(), 4);
        // What describes rows does not go.
        assert_eq!(bytes(0).len(), 10);
    }
}
