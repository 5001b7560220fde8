//! The order of rows in a file, and the hour under which a row is filed.
//!
//! Owns sort keys: spans by (time bucket, trace id, start), logs by (time bucket, service, time), metric
//! points by (series, time), RED sums by (service, time), and the units of time. Never touches any other column.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::TimestampNanosecondType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;

pub const NANOS_PER_MILLI: i64 = 1_000_000;
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
pub const NANOS_PER_HOUR: i64 = 3600 * NANOS_PER_SECOND;
/// Events up to this much older than their receipt are filed under their own hour.
const FILED_BEFORE: i64 = 24 * NANOS_PER_HOUR;
/// Events up to this much newer than their receipt are filed under their own hour.
const FILED_AFTER: i64 = 600 * NANOS_PER_SECOND;
/// Rows of a time bucket, about: half to one row group.
const BUCKET_ROWS: i64 = 98_304;
/// Buckets so many times as long or short as the hour's rows want them are kept for the sake of its other files.
const BUCKET_TOLERANCE: u32 = 4;

/// Milliseconds of nanoseconds, both since 1970: points of one series whose times do not differ in them are at one time.
#[must_use]
pub const fn milli(nanos: i64) -> i64 {
    nanos.div_euclid(NANOS_PER_MILLI)
}

/// Where a row is and how it sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortedRow {
    pub hour: i64,
    pub bucket: i64,
    key: u128,
    /// The table's time column, nanoseconds.
    pub time: i64,
    pub batch: u32,
    pub row: u32,
    pub received: i64,
}

impl SortedRow {
    /// Whether two rows have the same trace or series.
    pub fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// The same row where its batch has another number.
    pub fn in_batch(self, batch: u32) -> Self {
        Self { batch, ..self }
    }

    /// Where a row stands in a file.
    pub fn place(&self) -> (i64, u128, i64) {
        (self.bucket, self.key, self.time)
    }

    /// The id that the row sorts by.
    pub fn key_bytes(&self) -> [u8; 16] {
        self.key.to_be_bytes()
    }
}

/// What files of an hour hold already.
#[derive(Clone, Copy, Debug)]
pub struct HourBefore {
    pub rows: u64,
    pub time_min: i64,
    pub time_max: i64,
    /// Of the newest of them.
    pub bucket_seconds: u32,
}

/// The same by hour; `None` where there are none.
pub type HoursBefore<'a> = &'a dyn Fn(i64) -> Option<HourBefore>;

/// All rows in the order in which they are written: by hour, then by the table's key.
pub fn sorted_rows(
    table: Table,
    batches: &[&RecordBatch],
    before: HoursBefore<'_>,
) -> Result<Vec<SortedRow>, ArrowError> {
    let mut rows = Vec::with_capacity(batches.iter().map(|batch| batch.num_rows()).sum());
    for (number, batch) in (0_u32..).zip(batches) {
        push_rows(table, number, batch, &mut rows)?;
    }
    if has_buckets(table) {
        rows.sort_unstable_by_key(|row| row.hour);
        for hour in rows.chunk_by_mut(|left, right| left.hour == right.hour) {
            let seconds = bucket_seconds_of(hour, before);
            set_buckets(hour, seconds);
        }
    }
    rows.sort_unstable();
    Ok(rows)
}

/// Rows of one batch of a file, in the batch's order.
pub fn rows_of(table: Table, batch: &RecordBatch, bucket_seconds: u32) -> Result<Vec<SortedRow>, ArrowError> {
    let mut rows = Vec::with_capacity(batch.num_rows());
    push_rows(table, 0, batch, &mut rows)?;
    if has_buckets(table) {
        set_buckets(&mut rows, bucket_seconds);
    }
    Ok(rows)
}

/// Whether the table's rows lie in time buckets, within which a key orders them.
pub fn has_buckets(table: Table) -> bool {
    matches!(table, Table::Spans | Table::Logs)
}

fn push_rows(table: Table, number: u32, batch: &RecordBatch, rows: &mut Vec<SortedRow>) -> Result<(), ArrowError> {
    let times = times(batch, table.time_column())?;
    let received = times_or(batch, "received_time", times)?;
    let key: Box<dyn Fn(usize) -> u128> = match table {
        Table::Spans => fixed_key(column(batch, "trace_id")?),
        Table::Logs => {
            let names = column(batch, "service_name")?.as_string::<i32>();
            Box::new(|row| name_key(names.value(row)))
        }
        Table::Points | Table::Histograms | Table::ExpHistograms | Table::Summaries | Table::Exemplars => {
            fixed_key(column(batch, "series_id")?)
        }
        Table::SpanRed => {
            let names = column(batch, "service_name")?.as_string::<i32>();
            Box::new(|row| name_key(names.value(row)))
        }
        Table::Resources | Table::Scopes | Table::Series => Box::new(|_| 0),
    };
    for row in 0..batch.num_rows() {
        rows.push(SortedRow {
            hour: filing_hour(times[row], received[row]),
            bucket: 0,
            key: key(row),
            time: times[row],
            batch: number,
            row: u32::try_from(row).expect("a batch has fewer than 2^32 rows"),
            received: received[row],
        });
    }
    Ok(())
}

/// Orders names by their first letters, and keeps each apart from those that begin alike.
fn name_key(name: &str) -> u128 {
    let mut first = [0; 8];
    let length = name.len().min(8);
    first[..length].copy_from_slice(&name.as_bytes()[..length]);
    u128::from(u64::from_be_bytes(first)) << 64 | u128::from(xxhash_rust::xxh3::xxh3_64(name.as_bytes()))
}

fn fixed_key(ids: &ArrayRef) -> Box<dyn Fn(usize) -> u128 + '_> {
    let ids = ids.as_fixed_size_binary();
    Box::new(|row| ids.value(row).try_into().map_or(0, u128::from_be_bytes))
}

/// Length of a time bucket: a power of two of seconds, 1 to 64, so that a bucket holds about half to one row group.
pub fn bucket_seconds(rows: u64, time_min: i64, time_max: i64) -> u32 {
    let seconds = (time_max.saturating_sub(time_min) / NANOS_PER_SECOND).max(1);
    let rows = i64::try_from(rows).unwrap_or(i64::MAX).max(1);
    let wanted = (BUCKET_ROWS.saturating_mul(seconds) / rows).clamp(1, 64);
    1 << wanted.ilog2()
}

/// The same, of the rows of one hour and of what files of it hold: as long as theirs, unless that is far from what all of them want. Rows
/// of one seal say little, as they may be half a second of a busy server, or the end of a burst. Files with buckets of one length are
/// merged as streams; of others whole buckets would have to be in memory to be put in order.
pub fn bucket_seconds_of(rows: &[SortedRow], before: HoursBefore<'_>) -> u32 {
    let first = rows.iter().map(|row| row.time).min().unwrap_or(0);
    let last = rows.iter().map(|row| row.time).max().unwrap_or(0);
    let count = rows.len() as u64;
    let Some(before) = rows.first().and_then(|row| before(row.hour)) else {
        return bucket_seconds(count, first, last);
    };
    let wanted = bucket_seconds(before.rows + count, before.time_min.min(first), before.time_max.max(last));
    let known = before.bucket_seconds.max(1);
    let is_near = wanted <= known * BUCKET_TOLERANCE && known <= wanted * BUCKET_TOLERANCE;
    if is_near { known } else { wanted }
}

fn set_buckets(rows: &mut [SortedRow], bucket_seconds: u32) {
    for row in rows {
        row.bucket = row.time.div_euclid(i64::from(bucket_seconds) * NANOS_PER_SECOND);
    }
}

/// Hours since the epoch under which a row is filed: of its event if that is near its receipt, else of the receipt.
pub fn filing_hour(time: i64, received: i64) -> i64 {
    let near = time >= received.saturating_sub(FILED_BEFORE) && time <= received.saturating_add(FILED_AFTER);
    hour_of(if near { time } else { received })
}

/// Hours since the epoch.
pub fn hour_of(time: i64) -> i64 {
    time.div_euclid(NANOS_PER_HOUR)
}

/// `2026-11-21` and the hour of the day, of hours since the epoch.
pub fn date_and_hour(hours: i64) -> (String, i64) {
    let days = hours.div_euclid(24);
    // Howard Hinnant's civil_from_days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (format!("{year:04}-{month:02}-{day:02}"), hours.rem_euclid(24))
}

/// Hours since the epoch, first and last, of a folder: `…/date=2026-11-21/hour=10`, a whole day's without the hour, or
/// a month's, `…/month=2026-11`.
pub fn hours_of_folder(folder: &str) -> Option<(i64, i64)> {
    let part = |name: &str| folder.split('/').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let number = |text: &str| text.parse::<i64>().ok();
    if let Some(month) = part("month") {
        let (year, month) = month.split_once('-')?;
        let (year, month) = (number(year)?, number(month)?);
        let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        return Some((days_of(year, month, 1) * 24, days_of(next.0, next.1, 1) * 24 - 1));
    }
    let mut date = part("date")?.splitn(3, '-').map(number);
    let days = days_of(date.next()??, date.next()??, date.next()??);
    match part("hour") {
        Some(hour) => number(hour).map(|hour| (days * 24 + hour, days * 24 + hour)),
        None => Some((days * 24, days * 24 + 23)),
    }
}

/// Days since the epoch. Howard Hinnant's days_from_civil.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A time as ISO 8601 with milliseconds, cut: `2026-11-21T10:30:00.123Z`.
pub fn civil_time(nanos: i64) -> String {
    let (date, hour) = date_and_hour(hour_of(nanos));
    let in_hour = nanos.rem_euclid(NANOS_PER_HOUR) / 1_000_000;
    let (minute, second, milli) = (in_hour / 60_000, in_hour / 1000 % 60, in_hour % 1000);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("a batch lacks its column {name}")))
}

/// The values of a timestamp column that is never null.
pub fn times<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a [i64], ArrowError> {
    Ok(column(batch, name)?.as_primitive::<TimestampNanosecondType>().values())
}

fn times_or<'a>(batch: &'a RecordBatch, name: &str, otherwise: &'a [i64]) -> Result<&'a [i64], ArrowError> {
    if batch.column_by_name(name).is_some() { times(batch, name) } else { Ok(otherwise) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_filed_under_their_own_hour_only_near_their_receipt() {
        let hour = NANOS_PER_HOUR;
        let received = 1000 * hour + 5;
        assert_eq!(filing_hour(999 * hour, received), 999);
        assert_eq!(filing_hour(976 * hour + 5, received), 976);
        assert_eq!(filing_hour(976 * hour + 4, received), 1000);
        assert_eq!(filing_hour(received + FILED_AFTER + 1, received), 1000);
        assert_eq!(filing_hour(0, received), 1000);
    }

    #[test]
    fn buckets_of_an_hour_stay_as_long_as_they_were_while_that_fits_all_its_rows() {
        let second = NANOS_PER_SECOND;
        let rows = |count: i64, seconds: i64| -> Vec<SortedRow> {
            let row = |at: i64| SortedRow {
                hour: 0,
                bucket: 0,
                key: 0,
                time: at * seconds * second / (count - 1),
                batch: 0,
                row: 0,
                received: 0,
            };
            (0..count).map(row).collect()
        };
        // A burst of two seconds, and the same spread over a minute.
        let (burst, spread) = (rows(70_000, 2), rows(70_000, 60));
        let alone = |rows: &[SortedRow]| bucket_seconds_of(rows, &|_| None);
        assert_eq!((alone(&burst), alone(&spread)), (2, 64));
        let after =
            |rows: &[SortedRow], before: HourBefore| bucket_seconds_of(rows, &|hour| (hour == 0).then_some(before));
        let hour = |bucket_seconds| HourBefore { rows: 2_000_000, time_min: 0, time_max: 360 * second, bucket_seconds };
        // Of 5,800 rows a second 16 s want to lie together.
        for (known, expected) in [(16, 16), (64, 64), (4, 4), (2, 16), (1, 16)] {
            assert_eq!((after(&burst, hour(known)), after(&spread, hour(known))), (expected, expected), "{known}");
        }
    }

    #[test]
    fn dates_are_civil() {
        assert_eq!(date_and_hour(0), ("1970-01-01".to_owned(), 0));
        assert_eq!(date_and_hour(-1), ("1969-12-31".to_owned(), 23));
        assert_eq!(date_and_hour(19_782 * 24 + 7), ("2024-02-29".to_owned(), 7));
        for hours in [-1, 0, 19_782 * 24 + 7, 498_682] {
            let (date, hour) = date_and_hour(hours);
            assert_eq!(hours_of_folder(&format!("hot/spans/date={date}/hour={hour:02}")), Some((hours, hours)));
        }
        assert_eq!(hours_of_folder("spans/date=1970-01-02"), Some((24, 47)));
        assert_eq!(hours_of_folder("spans/month=1970-12"), Some((334 * 24, 365 * 24 - 1)));
        assert_eq!(hours_of_folder("spans"), None);
        assert_eq!(civil_time(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(civil_time(1_795_257_012_345_678_901), "2026-11-21T10:30:12.345Z");
    }
}
