//! Time, places, memory and a client that goes away.

use std::time::{Duration, Instant};

use futures::StreamExt;

use super::ask;
use super::corpus::Lake;
use crate::EngineError;

const ENDLESS: &str =
    "select sum(a.value * b.value % 7) from generate_series(1, 1000000) a cross join generate_series(1, 1000000) b";

#[tokio::test]
async fn a_long_statement_is_stopped() {
    let lake = Lake::with_limits(|limits| limits.timeout = Duration::from_millis(300));
    let began = Instant::now();
    let error = ask(&lake.engine, ENDLESS).await.expect_err("too long");
    assert!(matches!(error, EngineError::Timeout { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn one_too_many_is_refused_and_a_dropped_answer_frees_its_place() {
    let lake = Lake::with_limits(|limits| limits.concurrency = 1);
    let running = lake.engine.query(ENDLESS).await.unwrap();
    let error = ask(&lake.engine, "select 1").await.expect_err("busy");
    assert!(matches!(error, EngineError::Busy { running: 1 }), "{error:?}");
    drop(running);
    tokio::time::sleep(Duration::from_millis(500)).await;
    ask(&lake.engine, "select 1").await.unwrap();
}

#[tokio::test]
async fn a_statement_may_not_hold_more_than_its_memory() {
    let lake = Lake::with_limits(|limits| {
        limits.memory_bytes_max = 4 << 20;
        limits.spill_bytes_max = 1 << 20;
    });
    let sql = "select array_agg(repeat('x', 100) || value::text) from generate_series(1, 1000000)";
    let error = ask(&lake.engine, sql).await.expect_err("too much");
    assert!(matches!(error, EngineError::OutOfMemory { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_comes_while_it_is_made() {
    let lake = Lake::empty();
    let mut answer = lake.engine.query("select value from generate_series(1, 100000000000)").await.unwrap();
    let first = answer.batches.next().await.unwrap().unwrap();
    assert!(first.num_rows() > 0);
}

#[tokio::test]
async fn other_work_of_a_question_is_done_on_the_engines_threads_and_ends_with_who_asks() {
    let lake = Lake::empty();
    let name = lake.engine.beside(async { std::thread::current().name().map(str::to_owned) }).await.unwrap();
    assert_eq!(name.as_deref(), Some("spanlake-query"));
    let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
    let endless = lake.engine.beside(async move {
        let _held = alive;
        std::future::pending::<()>().await;
    });
    assert!(tokio::time::timeout(Duration::from_millis(50), endless).await.is_err());
    assert!(ended.recv().await.is_none(), "what it held is dropped with it");
    let error = lake.engine.beside(async { panic!("on purpose") }).await.expect_err("a fault");
    assert!(matches!(error, EngineError::Failed { .. }), "{error:?}");
}
