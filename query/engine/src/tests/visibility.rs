//! Every acknowledged row once, whatever is sealed meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;

use super::ask;
use super::corpus::{Lake, Place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seal_in_the_middle_shows_no_row_twice_or_never() {
    let lake = Lake::filled(Place::Both).await;
    let before = lake.engine.query("select span_id from spans").await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let sealing = {
        let (store, stop) = (lake.store.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                store.seal().await;
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        })
    };
    for _ in 0..30 {
        let sql = "select count(distinct span_id) a, count(span_id) b, (select count(*) from spans) c from spans";
        let (rows, _) = ask(&lake.engine, sql).await.unwrap();
        assert!(rows.contains("| 1200 | 1200 | 1200 |"), "{rows}");
    }
    let batches: Vec<RecordBatch> = before.batches.try_collect().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1200);
    stop.store(true, Ordering::Relaxed);
    sealing.await.unwrap();
}
