//! More metric series than may be: where points are, before and after a kill.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};

use super::forget::send_as;
use super::*;
use crate::series_guard::SeriesLimits;

/// A point for each of these users; its value is the user.
fn points(name: &str, users: std::ops::Range<i64>) -> Bytes {
    let point = |user: i64| NumberDataPoint {
        attributes: vec![attribute("user.id", &user.to_string())],
        time_unix_nano: u64::try_from(crate::now_nanos()).unwrap(),
        value: Some(number_data_point::Value::AsInt(user)),
        ..NumberDataPoint::default()
    };
    let data = Some(metric::Data::Gauge(Gauge { data_points: users.map(point).collect() }));
    let metrics = vec![Metric { name: name.to_owned(), data, ..Metric::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource = Resource { attributes: vec![attribute("service.name", "shop")], ..Resource::default() };
    let resource_metrics =
        vec![ResourceMetrics { resource: Some(resource), scope_metrics, ..ResourceMetrics::default() }];
    Bytes::from(ExportMetricsServiceRequest { resource_metrics }.encode_to_vec())
}

/// Values of points in memory by series.
fn by_series(store: &Store) -> BTreeMap<[u8; 16], Vec<i64>> {
    let mut found: BTreeMap<[u8; 16], Vec<i64>> = BTreeMap::new();
    for hot in store.read().pin().hot(Table::Points) {
        let ids = hot.batch.column_by_name("series_id").unwrap().as_fixed_size_binary();
        let values = hot.batch.column_by_name("value_int").unwrap().as_primitive::<Int64Type>();
        for (id, value) in ids.iter().zip(values) {
            found.entry(id.unwrap().try_into().unwrap()).or_default().push(value.unwrap());
        }
    }
    found.values_mut().for_each(|values| values.sort_unstable());
    found
}

fn config(dir: &Path, all_max: u32, per_metric_max: u32) -> StoreConfig {
    let series_limits = SeriesLimits { all_max, per_metric_max, ..SeriesLimits::default() };
    StoreConfig { series_limits, seal_interval: Duration::from_secs(3600), ..StoreConfig::in_dir(dir) }
}

fn longest(found: &BTreeMap<[u8; 16], Vec<i64>>) -> Vec<i64> {
    found.values().max_by_key(|values| values.len()).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn points_of_too_many_series_share_one_also_when_the_log_is_replayed_under_other_limits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(config(dir.path(), 1000, 3)).unwrap().store;
    send_as(&store, Signal::Metrics, points("carts", 0..2)).await;
    send_as(&store, Signal::Metrics, points("carts", 0..10)).await;
    send_as(&store, Signal::Metrics, points("clicks", 0..2)).await;
    let before = by_series(&store);
    assert_eq!(longest(&before), (3..10).collect::<Vec<_>>(), "three series, and one for all others");
    assert_eq!(before.len(), 3 + 1 + 2);
    assert_eq!(store.metrics().overflowed_points.load(Ordering::Relaxed), 7);
    drop(store);
    for (all_max, per_metric_max) in [(1000, 1000), (1, 1)] {
        let opened = open_with(config(dir.path(), all_max, per_metric_max)).unwrap();
        assert_eq!(opened.report.replay.records, 3);
        assert_eq!(by_series(&opened.store), before, "with limits of {all_max} and {per_metric_max}");
        assert_eq!(opened.store.read().catalog().series.len(), before.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_all_series_spares_those_that_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(config(dir.path(), 4, 1000)).unwrap().store;
    send_as(&store, Signal::Metrics, points("carts", 0..3)).await;
    send_as(&store, Signal::Metrics, points("clicks", 0..5)).await;
    send_as(&store, Signal::Metrics, points("carts", 0..3)).await;
    let found = by_series(&store);
    assert_eq!(longest(&found), [1, 2, 3, 4]);
    assert_eq!(found.values().filter(|values| values.len() == 2).count(), 3, "the known ones go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_never_repeats_fills_itself_and_not_its_metric() {
    let dir = tempfile::tempdir().unwrap();
    let with_values = |values_per_label_max| {
        let series_limits = SeriesLimits { values_per_label_max, ..SeriesLimits::default() };
        StoreConfig { series_limits, ..config(dir.path(), 1000, 1000) }
    };
    let store = open_with(with_values(4)).unwrap().store;
    send_as(&store, Signal::Metrics, points("carts", 0..10)).await;
    send_as(&store, Signal::Metrics, points("carts", 2..6)).await;
    send_as(&store, Signal::Metrics, points("clicks", 0..2)).await;
    let before = by_series(&store);
    assert_eq!(longest(&before), [4, 4, 5, 5, 6, 7, 8, 9], "four users, and one series for all others");
    assert_eq!(before.len(), 4 + 1 + 2);
    drop(store);
    assert_eq!(by_series(&open_with(with_values(1)).unwrap().store), before, "as it was said then");
}
