//! Estimates that sketches know better: what is exact, what its ends leave open, and what stays an estimate.

use arrow::record_batch::RecordBatch;
use serde_json::{Value, json};
use spanlake_sampler::red::RedLimits;
use spanlake_sampler::red::seal::SealedSpanSums;
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::red::SpanSums;
use spanlake_schemas::tables::Table;

use super::ask;
use super::corpus::{Lake, MINUTE, SECOND, batch};

/// Ends of rollups of every length.
const START: i64 = 1_800_000_000 * SECOND;
const SPANS: i64 = 4000;
const STEP: i64 = 150_000_000;

/// Every 150 ms one, in turn of two services; each fiftieth fails, four of twenty have no parent.
fn span(number: i64, probability: Option<f64>) -> Value {
    let mut id = [0_u8; 16];
    id[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()).to_be_bytes());
    id[0] = 1;
    let mut span = json!({
        "trace_id": to_hex(&id), "span_id": format!("{:016x}", number + 1), "start_time": START + number * STEP,
        "duration": duration(number), "name": "a", "kind": "server",
        "status_code": if number % 50 == 0 { "error" } else { "unset" }, "flags": 0, "dropped_attributes_count": 0,
        "dropped_events_count": 0, "dropped_links_count": 0, "resource_id": 1, "scope_id": 1,
        "service_name": if number / 4 % 2 == 0 { "shop" } else { "cart" }, "received_time": START, "attributes": {},
    });
    if number / 4 % 5 > 0 {
        span["parent_span_id"] = json!(format!("{:016x}", number));
    }
    if let Some(probability) = probability {
        span["sampling_probability"] = json!(probability);
    }
    span
}

/// 1 to 100 ms, each as often, also among every fourth.
fn duration(number: i64) -> i64 {
    1_000_000 * ((number / 4 * 29 + number % 4 * 25) % 100 + 1)
}

/// Sketches of all spans, and every fourth span, in files.
async fn sampled() -> Lake {
    sampled_with(sums_of_all()).await
}

fn sums_of_all() -> RecordBatch {
    let all: Vec<Value> = (0..SPANS).map(|number| span(number, None)).collect();
    SealedSpanSums::new(RedLimits::default()).sum(&[&batch(Table::Spans, &all)]).unwrap()
}

async fn sampled_with(sums: RecordBatch) -> Lake {
    let mut lake = Lake::empty();
    let kept: Vec<Value> = (0..SPANS).step_by(4).map(|number| span(number, Some(0.25))).collect();
    lake.put_batches(Signal::Traces, vec![(Table::Spans, batch(Table::Spans, &kept)), (Table::SpanRed, sums)]).await;
    lake.store.seal().await;
    lake
}

/// The cells of each row.
async fn rows(lake: &Lake, sql: &str) -> Vec<Vec<String>> {
    let (text, _) = ask(&lake.engine, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let lines = text.lines().skip(3).filter(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

async fn is_exact(lake: &Lake, call: &str, rest: &str) -> bool {
    let rows = rows(lake, &format!("select ({call})['is_exact'] from spans {rest}")).await;
    rows.iter().all(|row| row[0] == "true")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sketches_know_is_exact() {
    let lake = sampled().await;
    let counts =
        "select service_name, approx_count()['value'], approx_count()['is_exact'] from spans group by 1 order by 1";
    assert_eq!(rows(&lake, counts).await, [["cart", "2000.0", "true"], ["shop", "2000.0", "true"]]);
    let sum: i64 = (0..SPANS).map(duration).sum();
    let numbers = "select approx_sum(duration)['value'], approx_avg(duration / 1e6)['value'], \
                   approx_ratio(status_code = 'error', true)['value'], \
                   approx_sum(case when s.status_code = 'error' then 1 else 0 end)['value'], \
                   approx_count() filter (where s.status_code = 'error')['high'] from spans s where s.name = 'a'";
    assert_eq!(rows(&lake, numbers).await, [[&format!("{sum}.0"), "50.5", "0.02", "80.0", "80.0"]]);
    let nested = "select sum(c['value']) from (select kind, approx_count() c from spans group by kind)";
    assert_eq!(rows(&lake, nested).await, [["4000.0"]]);
    let minutes =
        "select date_bin(interval '1 minute', start_time) m, approx_count()['value'] from spans group by 1 order by 1";
    let by_minute = rows(&lake, minutes).await;
    assert_eq!(by_minute.len(), 10);
    assert!(by_minute.iter().all(|row| row[1] == "400.0"), "{by_minute:?}");
    let none = rows(&lake, "select approx_count()['high'] from spans where service_name = 'nobody'").await;
    assert_eq!(none, [["0.0"]], "sketches know that there was none");
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_without_a_parent_are_counted_apart() {
    let entries = "approx_count() filter (where kind in ('client', 'consumer') or s.parent_span_id is null)";
    let sql = format!(
        "select approx_count()['value'], ({entries})['value'], ({entries})['is_exact'] from spans s where name = 'a'"
    );
    let lake = sampled().await;
    assert_eq!(rows(&lake, &sql).await, [["4000.0", "800.0", "true"]]);
    let with = "select approx_count()['high'] from spans where parent_span_id is not null and service_name = 'shop'";
    assert_eq!(rows(&lake, with).await, [["1600.0"]]);
    let groups = "select parent_span_id is null, approx_count()['value'] from spans group by 1 order by 1";
    assert_eq!(rows(&lake, groups).await, [["false", "3200.0"], ["true", "800.0"]]);
    for rest in ["where parent_span_id = x'0000000000000007'", "where coalesce(parent_span_id, span_id) is null"] {
        assert!(!is_exact(&lake, "approx_count()", rest).await, "{rest}");
    }
    // Sketches of an earlier version do not say.
    let mut sums = sums_of_all();
    sums.remove_column(sums.schema().index_of("is_root").unwrap());
    let lake = sampled_with(sums).await;
    assert!(is_exact(&lake, "approx_count()", "").await);
    assert!(!is_exact(&lake, "approx_count()", "where parent_span_id is null").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_of_a_range_are_bounded_by_the_rollups_that_they_cut() {
    let lake = sampled().await;
    for (start, end) in [(5, 305), (1, 599), (12, 14), (0, 300), (-50, 33)] {
        let (start, end) = (START + start * SECOND, START + end * SECOND);
        let truth = (0..SPANS).filter(|number| (start..end).contains(&(START + number * STEP))).count();
        let sql = format!(
            "select c['low'] <= {truth} and {truth} <= c['high'], c['high'] - c['low'] from (select approx_count() c \
             from spans where start_time >= to_timestamp_nanos({start}) and start_time < to_timestamp_nanos({end}))"
        );
        let row = rows(&lake, &sql).await.remove(0);
        let width: f64 = row[1].parse().unwrap();
        assert!(row[0] == "true" && width <= 2.0 * 67.0, "{start}..{end}: {row:?}");
    }
    let step = "where start_time >= to_timestamp_nanos(1800000005000000000) group by date_bin(interval '1 minute', start_time)";
    let rows = rows(&lake, &format!("select (approx_count())['high'] from spans {step}")).await;
    assert_eq!(rows.len(), 10, "the rollup that is cut belongs to the minute that is");
    assert!(rows.iter().all(|row| row[0].parse::<f64>().unwrap() <= 400.0), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantile_lies_in_its_bucket() {
    let lake = sampled().await;
    for (share, truth) in [("0.5", 50.0), ("0.95", 95.0), ("0.99", 99.0)] {
        let call = format!("approx_quantile(duration / 1e6, {share})");
        let sql =
            format!("select ({call})['value'], ({call})['low'], ({call})['high'] from spans where kind = 'server'");
        let [value, low, high] = <[f64; 3]>::try_from(
            rows(&lake, &sql).await[0].iter().map(|cell| cell.parse().unwrap()).collect::<Vec<_>>(),
        )
        .unwrap();
        assert!(low <= truth && truth <= high && high / low < 1.1, "{share}: {value} in {low}..{high}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_that_are_in_no_file_yet_are_added() {
    let mut lake = sampled().await;
    let new: Vec<Value> = (0..10).map(|number| span(number, None)).collect();
    lake.put(Signal::Traces, vec![(Table::Spans, new)]).await;
    let counts = rows(&lake, "select approx_count()['value'], approx_count()['is_exact'] from spans").await;
    assert_eq!(counts, [["4010.0", "true"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sketches_do_not_know_stays_an_estimate() {
    let lake = sampled().await;
    for (call, rest) in [
        ("approx_count()", "where duration > 5000000"),
        ("approx_count()", "where attributes['k'] is null"),
        ("approx_count()", "where start_time + interval '1 second' > to_timestamp_nanos(0)"),
        ("approx_count()", "group by date_bin(interval '15 seconds', start_time)"),
        ("approx_count()", "group by start_time"),
        ("approx_sum(duration / 1000000)", ""),
        ("approx_sum(duration * duration)", ""),
        ("approx_count() filter (where duration > 1)", ""),
    ] {
        assert!(!is_exact(&lake, call, rest).await, "{call} {rest}");
    }
    for rest in ["where service_name in ('shop', 'nobody')", "where upper(name) = 'A' and kind <> 'client'"] {
        assert!(is_exact(&lake, "approx_count()", rest).await, "{rest}");
    }
    // A plain count beside it is of rows that are there.
    let both = rows(&lake, "select count(*), approx_count()['is_exact'] from spans").await;
    assert_eq!(both, [["1000", "false"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_keep_their_names_and_the_plan_says_what_happens() {
    let lake = sampled().await;
    for sql in ["select approx_count() from spans", "select name, approx_avg(duration)['value'] from spans group by 1"]
    {
        let (text, _) = ask(&lake.engine, sql).await.unwrap();
        let header = text.lines().nth(1).unwrap();
        assert!(header.contains("approx_") && !header.contains("sketched"), "{header}");
    }
    let (plan, _) = ask(&lake.engine, "explain select approx_count() from spans").await.unwrap();
    assert!(plan.contains("sketched_total"), "{plan}");
    let (ordered, _) = ask(
        &lake.engine,
        "select service_name from spans group by 1 having approx_count()['value'] > 10 order by approx_count()['value'] desc, 1 limit 1",
    )
    .await
    .unwrap();
    assert!(ordered.contains("cart"), "{ordered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sketches_of_spans_that_came_sampled_are_not_taken() {
    let mut lake = sampled().await;
    let door: Vec<Value> = (0..10)
        .map(|number| {
            let mut span = span(number, Some(0.5));
            span["sampling_threshold"] = json!(1_i64 << 55);
            span
        })
        .collect();
    let door = batch(Table::Spans, &door);
    let sums = SealedSpanSums::new(RedLimits::default()).sum(&[&door]).unwrap();
    lake.put_batches(Signal::Traces, vec![(Table::Spans, door), (Table::SpanRed, sums)]).await;
    lake.store.seal().await;
    let hour = format!("where start_time < to_timestamp_nanos({})", START + 60 * MINUTE);
    assert!(!is_exact(&lake, "approx_count()", &hour).await);
}
