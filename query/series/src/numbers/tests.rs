use arrow::array::{ArrayRef, FixedSizeBinaryArray, Float64Array, RecordBatch, TimestampNanosecondArray};

use super::*;

const MILLI: i64 = 1_000_000;

/// Series, milliseconds, value.
fn block(rows: &[(u8, i64, f64)]) -> Arc<PointBlock> {
    let ids = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|row| [row.0; 16])).unwrap();
    let times = TimestampNanosecondArray::from_iter_values(rows.iter().map(|row| row.1 * MILLI));
    let values = Float64Array::from_iter_values(rows.iter().map(|row| row.2));
    let columns = [
        ("series_id", Arc::new(ids) as ArrayRef),
        ("time", Arc::new(times) as ArrayRef),
        ("value_double", Arc::new(values) as ArrayRef),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    Arc::new(points_of_batch(&batch, |_| true, (i64::MIN, i64::MAX)).unwrap())
}

fn gathered(ids: &[u8], (start_ms, end_ms): (i64, i64), blocks: &[Arc<PointBlock>]) -> Vec<Option<Vec<(i64, f64)>>> {
    let ids: Vec<Id> = ids.iter().map(|id| [*id; 16]).collect();
    let mut gathered = Gathered::of(&ids, Window { start_ms, end_ms });
    blocks.iter().for_each(|block| gathered.add(block));
    let pairs = |samples: Samples<f64>| {
        assert_eq!(samples.times_ms.len(), samples.start_times_ms.len());
        samples.times_ms.into_iter().zip(samples.values).collect()
    };
    gathered.pieces.into_iter().map(|pieces| joined(pieces).map(pairs)).collect()
}

#[test]
fn runs_become_samples_of_their_series() {
    let first = block(&[(1, 10, 1.0), (1, 20, 2.0), (2, 10, 3.0), (5, 10, 4.0), (5, 20, 5.0)]);
    let second = block(&[(1, 30, 6.0), (3, 30, 7.0), (5, 30, 8.0)]);
    // In the order asked for, without what was not; the ninth has none.
    let found = gathered(&[5, 9, 1], (20, 30), &[second, first]);
    assert_eq!(found, [Some(vec![(20, 5.0), (30, 8.0)]), Some(vec![]), Some(vec![(20, 2.0), (30, 6.0)])]);
}

#[test]
fn what_comes_late_is_put_in_order() {
    let late = [block(&[(1, 10, 1.0), (1, 40, 4.0)]), block(&[(1, 20, 2.0)]), block(&[(1, 50, 5.0)])];
    let found = gathered(&[1], (0, 100), &late);
    assert_eq!(found, [Some(vec![(10, 1.0), (20, 2.0), (40, 4.0), (50, 5.0)])]);
}

/// Guarantee: of two points of one time none is chosen without a look at when they were received.
#[test]
fn two_points_of_one_time_are_told() {
    let apart = [block(&[(1, 10, 1.0), (1, 40, 4.0), (2, 10, 1.0)]), block(&[(1, 40, 5.0), (2, 20, 2.0)])];
    assert_eq!(gathered(&[1, 2], (0, 100), &apart), [None, Some(vec![(10, 1.0), (20, 2.0)])]);
    let between = [block(&[(1, 10, 1.0), (1, 40, 4.0), (1, 50, 1.0)]), block(&[(1, 40, 5.0)])];
    assert_eq!(gathered(&[1], (0, 100), &between), [None]);
    assert_eq!(gathered(&[1], (0, 100), &[block(&[(1, 10, 1.0), (1, 10, 4.0)])]), [None]);
}
