//! Points of a file as blocks, whatever form the file has.

use std::path::Path;

use arrow::array::{
    ArrayRef, FixedSizeBinaryArray, Float64Array, TimestampNanosecondArray, UInt32Array, new_null_array,
};
use spanlake_schemas::tables::Table;

use super::*;
use crate::catalog::Catalog;
use crate::cold::place::Place;
use crate::cold::write::{Names, hour_folder, write_cold};
use crate::read::ReadHalf;
use crate::seal::order::hour_of;
use crate::seal::{SealName, seal_rows};
use crate::version::Version;

const SECOND: i64 = 1_000_000_000;
/// An hour's beginning, of 2026-11-18.
const HOUR: i64 = 1_794_992_400;
const SERIES: u8 = 20;
const POINTS: i64 = 360;

fn id(series: u8) -> [u8; 16] {
    [series; 16]
}

/// Ten seconds apart, in the order of arrival: as many of each series.
fn points() -> RecordBatch {
    let rows: Vec<(u8, i64)> = (0..POINTS).flat_map(|at| (0..SERIES).map(move |series| (series, at))).collect();
    let schema = Table::Points.schema();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let times = || {
            let times = rows.iter().map(|(_, at)| (HOUR + at * 10) * SECOND);
            Arc::new(TimestampNanosecondArray::from_iter_values(times).with_timezone("UTC"))
        };
        match field.name().as_str() {
            "series_id" => {
                let ids = rows.iter().map(|(series, _)| id(*series));
                Arc::new(FixedSizeBinaryArray::try_from_iter(ids).unwrap())
            }
            "time" | "received_time" => times(),
            "flags" => Arc::new(UInt32Array::from(vec![0; rows.len()])),
            "value_double" => {
                Arc::new(Float64Array::from_iter_values(rows.iter().map(|(series, at)| value(*series, *at))))
            }
            _ => new_null_array(field.data_type(), rows.len()),
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "few points")]
fn value(series: u8, at: i64) -> f64 {
    f64::from(series) / 7.0 + at as f64
}

/// The same points in a file of the hot tier and in one of the cold tier.
fn files(dir: &Path) -> [Arc<DataFile>; 2] {
    let name = SealName { epoch: 1, last_lsn: 1 };
    let sealed = seal_rows(dir, Table::Points, &[&points()], (name, &[])).unwrap().files;
    let place = Place::folder(dir.join("cold"));
    let folder = hour_folder(Table::Points, hour_of(HOUR * SECOND));
    let mut names = Names::of("0123456789", 1);
    let cold = write_cold(dir, &place, &folder, &sealed, &mut names, None, || false).unwrap().remove(0);
    let path = dir.join("cold").join(&cold.path);
    [Arc::clone(&sealed[0].1), Arc::new(DataFile::new(cold, path))]
}

/// Times and values of a series.
fn of_series(blocks: &[Arc<PointBlock>], series: u8) -> Vec<(i64, f64)> {
    let (mut times, mut values) = (Vec::new(), Vec::new());
    let runs = blocks.iter().flat_map(|block| (0..block.len()).map(|at| block.run(at)));
    for run in runs.filter(|run| *run.series_id() == id(series)) {
        let rows = run.within(i64::MIN, i64::MAX);
        run.copy_times(rows.clone(), &mut times);
        run.copy_values(rows, &mut values);
    }
    times.into_iter().zip(values).collect()
}

/// Guarantee: blocks have every point of the series asked for, once, whether they were read or kept; and what is forgotten of a
/// file is not kept of it.
#[test]
fn blocks_have_every_point_once() {
    let dir = tempfile::tempdir().unwrap();
    for file in files(dir.path()) {
        let read = ReadHalf::new(Version::default(), Catalog::default(), None);
        let some = (&id(3), &id(9));
        assert!(read.kept_point_blocks(&file, some).is_none());
        let found = read.point_blocks(&file, some).unwrap();
        for series in 3..=9 {
            let expected: Vec<(i64, f64)> =
                (0..POINTS).map(|at| ((HOUR + at * 10) * 1_000, value(series, at))).collect();
            assert_eq!(of_series(&found, series), expected, "series {series} of {}", file.path.display());
        }
        assert_eq!(read.kept_point_blocks(&file, some).map(|kept| kept.len()), Some(found.len()));
        let all = read.point_blocks(&file, (&id(0), &id(SERIES))).unwrap();
        assert!((0..SERIES).all(|series| of_series(&all, series).len() == 360));
        read.drop_kept(&file.entry.path, None);
        assert!(read.kept_point_blocks(&file, some).is_none());
        assert!(read.point_blocks(&file, (&id(200), &id(201))).unwrap().is_empty());
    }
}

/// Guarantee: of a damaged file nothing is given out.
#[test]
fn damage_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let [file, _] = files(dir.path());
    let mut bytes = std::fs::read(&file.path).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(&file.path, bytes).unwrap();
    let read = ReadHalf::new(Version::default(), Catalog::default(), None);
    let said = read.point_blocks(&file, (&id(0), &id(SERIES))).unwrap_err();
    assert!(format!("{:?}", said).contains("damaged"), "{said:?}");
}
