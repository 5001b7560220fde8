//! What is not read.

use super::ask;
use super::corpus::{Lake, MINUTE, Place, SECOND, span, trace_id};
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::tables::Table;

async fn files(lake: &Lake, sql: &str) -> (String, u64, u64) {
    let (rows, stats) = ask(&lake.engine, sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    (rows, stats.files_read, stats.files_total)
}

/// A file a chunk, oldest first.
async fn a_file_a_chunk() -> Lake {
    let mut lake = Lake::empty();
    for chunk in 0..12 {
        let rows = (0..100).map(|row| span(lake.now, chunk, row)).collect();
        lake.put(Signal::Traces, vec![(Table::Spans, rows)]).await;
        lake.store.seal().await;
    }
    lake
}

#[tokio::test]
async fn count_comes_from_the_manifest() {
    let lake = a_file_a_chunk().await;
    let (rows, read, total) = files(&lake, "select count(*) from spans").await;
    assert!(rows.contains("1200"), "{rows}");
    assert_eq!(read, 0);
    assert!(total >= 12);
    let (_, read, _) = files(&lake, "select min(start_time), max(start_time) from spans").await;
    assert_eq!(read, 0);
}

#[tokio::test]
async fn times_prune_files() {
    let lake = a_file_a_chunk().await;
    let (rows, read, _) =
        files(&lake, "select count(*) from spans where start_time > now() - interval '12 minutes'").await;
    assert!(rows.contains("200"), "{rows}");
    assert_eq!(read, 2);
    let start = lake.now - 40 * MINUTE - SECOND;
    let sql = format!(
        "select count(*) from spans where start_time between {start}::timestamp and to_timestamp_nanos({}) and name like 'op%'",
        start + 2 * MINUTE
    );
    let sql = sql.replace(&format!("{start}::timestamp"), &format!("to_timestamp_nanos({start})"));
    let (rows, read, _) = files(&lake, &sql).await;
    assert!(rows.contains("100"), "{rows}");
    assert_eq!(read, 1);
}

#[tokio::test]
async fn the_newest_rows_are_found_without_reading_the_rest() {
    let lake = a_file_a_chunk().await;
    let (_, read, total) = files(&lake, "select * from spans order by start_time desc limit 20").await;
    assert!(total >= 12);
    assert!(read <= 3, "read {read} of {total}");
}

/// Scenario: the newest rows, and the oldest, of files and of memory, under other names, behind filters that no file can answer.
/// Guarantee: scans know the order, so that they read the row groups first that may hold them; the rows are the right ones.
#[tokio::test]
async fn scans_know_in_which_order_rows_are_wanted() {
    let mut lake = a_file_a_chunk().await;
    let rows = (0..100).map(|row| span(lake.now, 12, row)).collect();
    lake.put(Signal::Traces, vec![(Table::Spans, rows)]).await;
    let (all, _) = ask(&lake.engine, "select start_time from spans where attributes['tenant'] = 't1'").await.unwrap();
    let times_of = |table: &str| -> Vec<String> {
        let cells = table.lines().map(|line| line.trim_matches(['|', ' ']).to_owned());
        cells.filter(|cell| cell.contains("T")).collect()
    };
    let mut times = times_of(&all);
    times.sort_unstable_by(|left, right| right.cmp(left));
    for (columns, order) in
        [("start_time", "start_time desc"), ("start_time as at", "at desc"), ("start_time as at", "at")]
    {
        let sql = format!("select {columns} from spans where attributes['tenant'] = 't1' order by {order} limit 30");
        let (plan, _) = ask(&lake.engine, &format!("explain {sql}")).await.unwrap();
        assert!(plan.contains("FilterExec") && plan.contains("UnionExec"), "{plan}");
        assert!(plan.contains("sort_order_for_reorder=[start_time@"), "{sql}: {plan}");
        assert_eq!(plan.contains("reverse_row_groups=true"), order.ends_with("desc"), "{plan}");
        let (found, _) = ask(&lake.engine, &sql).await.unwrap();
        let mut expected = times.clone();
        if !order.ends_with("desc") {
            expected.reverse();
        }
        assert_eq!(times_of(&found), expected[..30], "{sql}");
    }
}

/// Scenario: values of attributes that no row has, or one, of keys with a column and of keys without.
/// Guarantee: only what may hold them is read.
#[tokio::test]
async fn values_of_attributes_prune_files() {
    let mut lake = Lake::empty();
    for chunk in 0..6 {
        let mut rows: Vec<_> = (0..100).map(|row| span(lake.now, chunk, row)).collect();
        for (row, of) in rows.iter_mut().enumerate() {
            of["attributes"]["order.id"] = serde_json::json!(format!("order-{chunk}-{row}"));
        }
        if chunk >= 4 {
            rows[7]["attributes"]["rare"] = serde_json::json!(format!("of {chunk}"));
        }
        lake.put(Signal::Traces, vec![(Table::Spans, rows)]).await;
        lake.store.seal().await;
    }
    let cost = async |filter: &str, rows: usize| {
        let sql = format!("select span_id from spans where {filter}");
        let (found, stats) = ask(&lake.engine, &sql).await.unwrap();
        assert_eq!(found.lines().count(), 4 + rows, "{filter}: {found}");
        stats.bytes_scanned
    };
    let all = cost("attributes['order.id'] > ''", 600).await;
    let one = cost("attributes['order.id'] = 'order-3-17'", 1).await;
    assert!(one * 4 < all, "{one} of {all}");
    let one = cost("attributes['rare'] = 'of 5'", 1).await;
    assert!(one * 4 < all, "{one} of {all}");
    for nothing in
        ["attributes['tenant'] = 't7'", "attributes['nowhere'] = 'x'", "attributes['http.request.method'] = 'PATCH'"]
    {
        assert_eq!(cost(nothing, 0).await, 0, "{nothing}");
    }
    // A filter of values lets some through.
    for nothing in ["attributes['order.id'] = 'order-3-170'", "attributes['rare'] = 'of 9'"] {
        let read = cost(nothing, 0).await;
        assert!(read * 3 < all, "{nothing}: {read} of {all}");
    }
    // As searches ask, who look at lists themselves: no value of these keys is one.
    for (key, value, rows) in
        [("order.id", "order-3-170", 0), ("order.id", "order-3-17", 1), ("tenant", "t7", 0), ("rare", "of 5", 1)]
    {
        let plain = format!("attributes['{key}'] = '{value}'");
        let or_list = format!("{plain} or attribute_type(other_attributes, other_attribute_types, '{key}') = 'a'");
        let (plain, or_list) = (cost(&plain, rows).await, cost(&or_list, rows).await);
        // A row that is found is looked at as a whole.
        let more = if rows > 0 { all / 5 } else { 0 };
        assert!(or_list <= plain + more, "{key} = {value}: {or_list}, not {plain}, of {all}");
    }
}

#[tokio::test]
async fn a_trace_is_looked_up() {
    let lake = a_file_a_chunk().await;
    let id = trace_id(4, 3);
    let (rows, read, _) = files(&lake, &format!("select count(*) from spans where trace_id = '{id}'")).await;
    assert!(rows.contains("| 5 "), "{rows}");
    assert_eq!(read, 1);
    let (_, read, _) = files(&lake, &format!("select span_count from traces where trace_id = '{id}'")).await;
    assert_eq!(read, 1);
}

#[tokio::test]
async fn a_metric_by_name_reads_its_files_only() {
    let lake = Lake::filled(Place::Files).await;
    let (rows, read, total) = files(&lake, "select count(*) from metrics where name = 'metric.4'").await;
    assert!(rows.contains("| 40 "), "{rows}");
    assert!(read < total, "{read} of {total}");
    let (_, read, _) = files(&lake, "select count(*) from metrics where name = 'nothing'").await;
    assert_eq!(read, 0);
    let (_, read, _) = files(&lake, "select count(*) from spans where k8s_pod_name = 'nothing'").await;
    assert_eq!(read, 0);
}

#[tokio::test]
async fn what_was_left_out_and_what_was_kept_is_told() {
    let lake = a_file_a_chunk().await;
    let cost = async |sql: &str| ask(&lake.engine, sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).1;
    let absent = "select count(*) from spans where name = 'between all names' or duration < -5";
    let first = cost(absent).await;
    assert_eq!(first.cache_misses, 12, "{first:?}");
    let again = cost(absent).await;
    assert_eq!((again.cache_hits, again.cache_misses), (first.cache_hits + 12, 0), "{again:?}");
    let pruned = cost("select count(*) from spans where duration < -5").await;
    assert_eq!(pruned.row_groups_pruned, 12, "{pruned:?}");
    assert_eq!(pruned.bytes_scanned, 0, "{pruned:?}");
}
