use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, RecordBatch, TimestampNanosecondArray, UInt32Array,
};
use spanlake_schemas::prometheus::STALE_NAN_BITS;

use super::*;

const MILLI: i64 = 1_000_000;

/// Series, milliseconds, start in milliseconds, value as double, as integer, flags.
type Row = (u8, i64, i64, Option<f64>, Option<i64>, u32);

fn batch(rows: &[Row]) -> RecordBatch {
    let ids = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|row| [row.0; 16])).unwrap();
    let times =
        |of: fn(&Row) -> i64| Arc::new(TimestampNanosecondArray::from_iter_values(rows.iter().map(of))) as ArrayRef;
    RecordBatch::try_from_iter([
        ("series_id", Arc::new(ids) as ArrayRef),
        ("time", times(|row| row.1 * MILLI + 7)),
        ("start_time", times(|row| row.2 * MILLI)),
        ("flags", Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.5)))),
        ("value_double", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.3)))),
        ("value_int", Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.4)))),
    ])
    .unwrap()
}

fn built(rows: &[Row]) -> PointBlock {
    let mut builder = PointBlockBuilder::default();
    builder.add(&batch(rows));
    builder.finish()
}

/// Times, bits of values and starts of a run.
type Copied = (Vec<i64>, Vec<u64>, Vec<i64>);

fn copied(run: PointRun<'_>, rows: Range<usize>) -> Copied {
    let (mut times, mut values, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    run.copy_times(rows.clone(), &mut times);
    run.copy_values(rows.clone(), &mut values);
    run.copy_starts(rows, &mut starts);
    (times, values.iter().map(|value| value.to_bits()).collect(), starts)
}

fn all(block: &PointBlock, at: usize) -> Copied {
    copied(block.run(at), block.run(at).within(i64::MIN, i64::MAX))
}

/// Guarantee: whatever form values take, they come back bit by bit.
#[test]
fn values_come_back_bit_by_bit() {
    let values = [
        [1.0, 2.0, 2_147_483_648.0],
        [1.0, 2.0, 4_294_967_296.0],
        [0.0, -0.0, 1.0],
        [-5.0, f64::NAN, 1.0],
        [f64::INFINITY, f64::MIN_POSITIVE, 9_007_199_254_740_993.0],
        [-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_807.0, 0.0],
        [0.1, 0.2, 0.3],
    ];
    for three in values {
        let rows: Vec<Row> = three.iter().zip(0..).map(|(value, at)| (1, at, 0, Some(*value), None, 0)).collect();
        let expected: Vec<u64> = three.iter().map(|value| value.to_bits()).collect();
        assert_eq!(all(&built(&rows), 0).1, expected, "{three:?}");
    }
    let rows = [(1, 0, 0, None, Some(i64::MAX), 0), (1, 1, 0, None, Some(3), 0), (1, 2, 0, Some(0.5), None, 0)];
    let expected: Vec<u64> =
        [9_223_372_036_854_775_807.0, 3.0, 0.5].iter().map(|value: &f64| value.to_bits()).collect();
    assert_eq!(all(&built(&rows), 0).1, expected);
}

#[test]
fn rows_become_runs_of_their_series() {
    let rows = [
        (1, 10, 5, Some(1.0), None, 0),
        (1, 20, 5, Some(2.0), None, 0),
        (2, 10, 0, Some(0.5), None, 0),
        (2, 20, 15, None, None, 1),
        (3, 10, 0, None, None, 0),
        (4, 10, 0, None, Some(7), 0),
    ];
    let mut builder = PointBlockBuilder::default();
    let batch = batch(&rows);
    // A series goes on in the next batch, and a batch may be a part of another.
    builder.add(&batch.slice(0, 1));
    builder.add(&batch.slice(1, 5));
    let block = builder.finish();
    let one = |value: f64| value.to_bits();
    assert_eq!(block.len(), 3);
    assert_eq!(all(&block, 0), (vec![10, 20], vec![one(1.0), one(2.0)], vec![5, 5]));
    assert_eq!(all(&block, 1), (vec![10, 20], vec![one(0.5), STALE_NAN_BITS], vec![0, 15]));
    // Nothing is known of the third, whose row has no number.
    assert_eq!((*block.run(2).series_id(), all(&block, 2)), ([4; 16], (vec![10], vec![one(7.0)], vec![0])));
    assert_eq!((block.first_from(&[2; 16]), block.first_from(&[3; 16]), block.first_from(&[5; 16])), (1, 2, 3));
}

#[test]
fn equal_times_of_neighbours_are_there_once() {
    let series = |id: u8| (0..100).map(move |at| (id, 10_000 * at + i64::from(id), 0, Some(1.0), None, 0));
    let one: Vec<Row> = series(1).collect();
    let two: Vec<Row> = series(1).chain(series(2)).collect();
    let more = built(&two).memory_bytes() - built(&one).memory_bytes();
    assert!(more < 100 * 4 + 200, "{more}");
    assert_eq!(all(&built(&two), 1).0[99], 990_002);
}

#[test]
fn a_part_of_a_run_is_found_by_its_times() {
    let rows: Vec<Row> = (0..10).map(|at| (1, 100 + 10 * at, 0, Some(at as f64), None, 0)).collect();
    let block = built(&rows);
    let run = block.run(0);
    assert_eq!((run.within(100, 190), run.within(101, 189), run.within(0, 99)), (0..10, 1..9, 0..0));
    assert_eq!((run.within(191, 300), run.within(130, 130), run.within(140, 120)), (10..10, 3..4, 4..4));
    assert_eq!(copied(run, 3..5).0, [130, 140]);
    assert_eq!((run.time_ms(9), run.is_ascending()), (190, true));
}

/// Guarantee: times of a run never fall, and no offset is cut.
#[test]
fn times_that_fall_or_are_far_apart_begin_another_run() {
    let far = 10 + i64::from(u32::MAX);
    let rows = [
        (1, 10, 0, Some(1.0), None, 0),
        (1, 10, 0, Some(2.0), None, 0),
        (1, far, 0, Some(3.0), None, 0),
        (1, far + 1, 0, Some(4.0), None, 0),
        (1, 5, 0, Some(5.0), None, 0),
    ];
    let block = built(&rows);
    let times: Vec<Vec<i64>> = (0..block.len()).map(|at| all(&block, at).0).collect();
    assert_eq!(times, [vec![10, 10, far], vec![far + 1], vec![5]]);
    assert!(!block.run(0).is_ascending() && block.run(1).is_ascending());
}

#[test]
fn rows_in_any_order_are_sorted_and_narrowed() {
    let rows = [
        (2, 20, 0, Some(1.0), None, 0),
        (1, 30, 0, Some(2.0), None, 0),
        (2, 10, 0, Some(3.0), None, 0),
        (3, 10, 0, Some(4.0), None, 0),
        (1, 40, 0, Some(5.0), None, 0),
    ];
    let block = points_of_batch(&batch(&rows), |id| id[0] < 3, (0, 40 * MILLI)).unwrap();
    let runs: Vec<(u8, Vec<i64>)> =
        (0..block.len()).map(|at| (block.run(at).series_id()[0], all(&block, at).0)).collect();
    assert_eq!(runs, [(1, vec![30]), (2, vec![10, 20])]);
    assert!(points_of_batch(&batch(&rows), |_| false, (0, i64::MAX)).unwrap().is_empty());
}
