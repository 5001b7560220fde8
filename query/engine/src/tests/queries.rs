//! The same statements over memory, files and both: the same rows.

use super::ask;
use super::corpus::{Lake, Place, trace_id};
use crate::facts::FilterPlace;

fn statements() -> Vec<String> {
    let mut all = statements_on_attributes();
    let id = trace_id(3, 2);
    let other = trace_id(7, 1).to_uppercase();
    let fixed = [
        "select count(*), min(start_time), max(start_time) from spans",
        "select count(*) from logs",
        "select count(*), count(value), sum(value), count(value_int) from metrics",
        "select service_name, count(*) n, avg(duration) d from spans group by 1 order by 1",
        "select * from spans order by start_time desc, span_id limit 7",
        "select * from logs order by time, body limit 5",
        "select * from metrics order by time, series_id limit 5",
        "select name, kind, end_time from spans where status_code = 'error' order by start_time, span_id",
        "select count(*) from spans where http_request_method = 'GET'",
        "select count(*) from spans where attributes['http.request.method'] = 'GET'",
        "select attributes['http.response.status_code'] c, count(*) from spans group by 1 order by 1",
        "select attributes['tenant'], attributes['nothing'], count(*) from spans group by 1, 2 order by 1",
        "select a.attributes['tenant'] t, count(*) from (select * from spans) a group by 1 order by 1",
        "with s as (select attributes, name from spans) select attributes['http.request.method'] m, count(*) from s group by 1 order by 1",
        "select count(*) from spans where k8s_pod_name = 'pod-3'",
        "select k8s_pod_name, resource_attributes['zone'] z, count(*) from spans group by 1, 2 order by 1",
        "select count(*) from spans where resource_attributes['zone'] = 'z1' and service_namespace = 'shop'",
        "select count(*) from spans where service_namespace = 'nowhere'",
        "select scope_name, scope_version, scope_attributes['team'], count(*) from spans group by 1, 2, 3",
        "select body from logs where k8s_pod_name in ('pod-1', 'pod-2') and severity_number > 9 order by body limit 9",
        "select name, count(*), sum(value) from metrics where name = 'metric.4' group by 1",
        "select time, value, service_name, attributes['http.route'] from metrics where name = 'requests' and service_name = 'cart' order by time limit 12",
        "select name, max(value) from metrics where attributes['http.route'] = '/r2' group by 1 order by 1",
        "select count(*) from metrics where name = 'no such'",
        "select name, type, unit, is_monotonic, k8s_pod_name, scope_name from series order by series_id limit 6",
        "select * from resources order by resource_id",
        "select * from scopes",
        "select trace_id, root_service, root_name, span_count, error_count, duration from traces order by trace_id limit 9",
        "select trace_id, array_sort(services) from traces where span_count = 5 order by trace_id limit 3",
        "select name, attributes['exception.type'], count(*) from span_events group by 1, 2 order by 1",
        "select hex(linked_trace_id), hex(span_id) from span_links order by 1, 2",
        "select s.name, l.body from spans s join logs l on s.trace_id = l.trace_id and s.span_id = l.span_id order by 1, 2 limit 10",
        "select hex(trace_id) from spans where span_id = '0000000000000bb9' or parent_span_id = '0000000000000BB9' order by 1",
        "select name, sum(case when attributes['http.response.status_code'] = '500' then 1 else 0 end) e from spans group by 1 order by 1",
        "select date_bin(interval '5 minutes', start_time) t, count(*), approx_distinct(trace_id) > 0 from spans group by 1 order by 1",
        "select round(avg(duration) / 1e6, 3) from spans",
        "select count(distinct trace_id) from spans where duration > 50000000 and name like 'op-%'",
        "select attributes from spans order by start_time, span_id limit 5",
        "select name from spans where attributes['tenant'] = 't1' and duration > 90000000 order by start_time desc, span_id limit 5",
        "select body, attributes, trace_id from logs where trace_id is not null order by time desc, body limit 4",
    ]
    .map(str::to_owned);
    all.extend(fixed);
    all.push(format!("select * from spans where trace_id = '{id}' order by span_id"));
    all.push(format!(
        "select name from spans where trace_id in ('{id}', '{other}') and kind = 'client' order by span_id"
    ));
    all.push(format!("select count(*) from logs where trace_id = '{id}'"));
    all.push(format!("select span_count, root_name from traces where trace_id = '{id}'"));
    all.push(format!("select count(*) from span_events where trace_id = '{id}'"));
    all.push(format!("select count(*) from spans where trace_id between '{id}' and '{other}'"));
    all.push(format!("select count(*) from spans where trace_id <> '{id}'"));
    all
}

/// Keys that have a column of their own in files, and such as have not.
fn statements_on_attributes() -> Vec<String> {
    [
        "select attributes, attribute_types from spans where duration > 60000000 order by start_time, span_id limit 9",
        "select other_attributes, other_attribute_types from spans order by start_time, span_id limit 9",
        "select attribute_types from spans order by start_time, span_id limit 40",
        "select count(*), sum(cast(attributes['weight'] as bigint)) from spans where attributes['weight'] > '5'",
        "select count(*) from spans where attributes['tenant'] <> 't1'",
        "select count(*) from spans where not (attributes['tenant'] = 't1' or attributes['weight'] = '7')",
        "select count(*) from spans where attributes['tenant'] in ('t1', 't2', 'x', 'y', 'z')",
        "select count(*) from spans where 't1' < attributes['tenant']",
        "select count(*) from spans where attributes['tenant'] like 't%' and attributes['big'] is not null",
        "select count(*) from spans where attributes['nothing'] = 'x'",
        "select count(*) from spans where attributes['nothing'] is null and attributes['weight'] is null",
        "select name from spans where attributes['seldom'] = 'once'",
        "select name, attributes from spans where attributes['seldom'] = 'once'",
        "select count(*) from spans where attributes['seldom'] = 'never'",
        "select count(*) from spans where attributes['http.response.status_code'] = 'unknown'",
        "select count(*) from spans where attributes['http.response.status_code'] = '500'",
        "select attributes['tenant'] t, min(attributes['weight']) from spans where attributes['tenant'] = 't2' group by 1",
        "select attributes['tenant'] from spans where attributes['weight'] = '3' order by attributes['tenant'] limit 3",
        "select s.attributes['tenant'], count(*) from spans s join logs l on s.trace_id = l.trace_id and s.attributes['tenant'] = 't1' group by 1",
        "select attribute_type(other_attributes, other_attribute_types, 'weight') w, attribute_type(other_attributes, other_attribute_types, 'tenant') t, attribute_type(other_attributes, other_attribute_types, 'none') n, count(*) from spans group by 1, 2, 3 order by 1, 2, 3",
        "select count(*) from spans where attributes['server.port'] = '443'",
        "select count(*) from spans where attributes['server.port'] <> '443'",
        "select count(*) from spans where attributes['server.port'] = '0443'",
        "select count(*) from spans where not attributes['server.port'] = '443' and attributes['tenant'] = 't0'",
        "select attributes['server.port'] p, count(*) from spans where attributes['server.port'] > '5' group by 1",
        "select count(*) from spans where attributes['server.port'] is null",
        "select attributes['n'] from logs where attributes['n'] = '7' limit 2",
    ]
    .map(str::to_owned)
    .into()
}

#[tokio::test]
async fn memory_files_and_both_answer_alike() {
    let memory = Lake::filled(Place::Memory).await;
    let files = Lake::filled(Place::Files).await;
    let both = Lake::filled(Place::Both).await;
    let cold = Lake::filled(Place::Cold).await;
    let half = Lake::filled(Place::HalfCold).await;
    for sql in statements() {
        let expected = ask(&memory.engine, &sql).await;
        let expected = expected.unwrap_or_else(|error| panic!("{sql}: {error:?}")).0;
        for (name, lake) in [("files", &files), ("both", &both), ("cold", &cold), ("half cold", &half)] {
            let found = ask(&lake.engine, &sql).await.unwrap_or_else(|error| panic!("{sql} in {name}: {error:?}")).0;
            assert_eq!(found, expected, "{name}: {sql}");
        }
    }
}

#[tokio::test]
async fn filters_in_the_reader_and_above_it_answer_alike() {
    for place in [Place::Both, Place::HalfCold] {
        let lake = Lake::filled(place).await;
        let [reader, plan] = [FilterPlace::Reader, FilterPlace::Plan].map(|place| lake.engine_with_filters(place));
        for sql in statements() {
            let expected = ask(&plan, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).0;
            let found = ask(&reader, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).0;
            assert_eq!(found, expected, "{place:?}: {sql}");
        }
    }
}

/// Scenario: columns of an answer that would have the same name.
/// Guarantee: each gets its own; names that the statement gives twice stay a mistake.
#[tokio::test]
async fn columns_without_a_name_get_different_ones() {
    let lake = Lake::filled(Place::Both).await;
    let columns = [
        ("select count(*), count(*) from spans", vec!["count(*)", "count(*)_1"]),
        ("select count(*), (select count(*) from spans) from spans", vec!["count(*)", "(SELECT count(*) FROM spans)"]),
        ("select name, name from spans limit 1", vec!["name", "name_1"]),
        ("with a as (select 1, 1) select * from a", vec!["1", "1_1"]),
        ("select count(*) as n, count(*) as m from spans", vec!["n", "m"]),
    ];
    for (sql, expected) in columns {
        let answer = lake.engine.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let names: Vec<String> = answer.schema.fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, expected, "{sql}");
    }
    let all = lake.engine.query("select *, name from spans limit 1").await.unwrap();
    assert_eq!(all.schema.fields().last().unwrap().name(), "name_1");
    ask(&lake.engine, "select 1 as a, 2 as a").await.expect_err("given twice");
}

/// A table that a statement names has only the columns that it names, which nobody may see.
#[tokio::test]
async fn naming_columns_or_all_of_them_is_alike() {
    let lake = Lake::filled(Place::Both).await;
    for (columns, rest) in [
        ("count(*)", ""),
        ("attributes['http.route'], count(*)", "GROUP BY 1 ORDER BY 1"),
        ("resource_attributes['service.name'] AS s, max(duration) * 2", "GROUP BY s ORDER BY s"),
        ("s.\"service_name\", S.Name", "AS s WHERE kind <> 'server' ORDER BY start_time, span_id LIMIT 3"),
        ("max(end_time) - min(start_time)", "WHERE attributes['nobody.has.it'] IS NULL"),
    ] {
        let (named, _) = ask(&lake.engine, &format!("SELECT {columns} FROM spans {rest}")).await.unwrap();
        let of = if rest.starts_with("AS") { "" } else { "AS spans" };
        let all = format!("SELECT {columns} FROM (SELECT * FROM spans) {of} {rest}");
        assert_eq!(named, ask(&lake.engine, &all).await.unwrap().0, "{columns} {rest}");
    }
    let (described, _) = ask(&lake.engine, "DESCRIBE spans").await.unwrap();
    let listed = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'spans'";
    let (listed, _) = ask(&lake.engine, listed).await.unwrap();
    let columns = described.lines().count() - 4;
    assert!(listed.contains(&format!("| {columns} ")), "{columns} described, {listed}");
    let error = ask(&lake.engine, "SELECT servce_name FROM spans").await.expect_err("misspelt");
    assert!(format!("{error:?}").contains("did you mean service_name?"), "{error:?}");
}
