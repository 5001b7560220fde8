//! Retention by service: each row goes when its service's time is over, and nothing else does.

use std::collections::BTreeMap;

use super::*;
use crate::Retention;
use crate::cold::ColdConfig;

const HOUR: u64 = 3_600_000_000_000;

/// As [`body_at`], of a service.
fn body_of(service: &str, number: u64, start: u64) -> Bytes {
    let mut request = ExportTraceServiceRequest::decode(body_at(number, 10, start)).unwrap();
    let attributes = vec![attribute("service.name", service)];
    request.resource_spans[0].resource = Some(Resource { attributes, ..Resource::default() });
    Bytes::from(request.encode_to_vec())
}

fn config(dir: &Path, has_cold: bool, retention: Retention) -> StoreConfig {
    let cold = ColdConfig { sweep_after: Duration::from_secs(3600), ..super::cold::cold_config(dir) };
    StoreConfig { retention, cold: has_cold.then_some(cold), ..StoreConfig::in_dir(dir) }
}

async fn left(store: &Store) -> [usize; 4] {
    [spans_of(store, 1).await, spans_of(store, 2).await, spans_of(store, 3).await, spans_of(store, 4).await]
}

async fn becomes(store: &Store, expected: [usize; 4]) {
    for _ in 0..1000 {
        if left(store).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?} instead of {expected:?}", left(store).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_services_rows_go_when_their_time_is_over() {
    let retention = |spans: Option<u64>, services: &[(&str, u64)]| {
        let age = |hours: u64| Duration::from_nanos(hours * HOUR);
        let services: BTreeMap<_, _> = services.iter().map(|(name, hours)| ((*name).to_owned(), age(*hours))).collect();
        Retention { spans: spans.map(age), services, ..Retention::default() }
    };
    for has_cold in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let open = |retention| open_with(config(dir.path(), has_cold, retention)).unwrap().store;
        let store = open(Retention::default());
        let old = u64::try_from(crate::now_nanos()).unwrap() - 5 * HOUR;
        send(&store, body_of("shop", 1, old)).await;
        send(&store, body_of("audit", 2, old)).await;
        send(&store, body_of("noise", 3, old)).await;
        send(&store, body_of("noise", 4, old + 5 * HOUR)).await;
        store.seal().await;
        for _ in 0..500 {
            if !has_cold || store.cold_status().unwrap().waiting_bytes == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(store);
        // Longer than the table's, shorter than the table's, and what it says for all others.
        let store = open(retention(None, &[("noise", 2)]));
        becomes(&store, [10, 10, 0, 10]).await;
        drop(store);
        let settings = retention(Some(3), &[("noise", 2), ("audit", 9)]);
        let store = open(settings.clone());
        becomes(&store, [0, 10, 0, 10]).await;
        assert_eq!(rows(&store, Table::Spans), 20);
        // Counted after it is visible.
        let rewritten = || store.metrics().revised_files.load(Ordering::Relaxed);
        for _ in 0..500 {
            if rewritten() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(rewritten(), 1, "once");
        drop(store);
        let store = open(settings);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(store.metrics().revised_files.load(Ordering::Relaxed), 0, "never again");
        drop(store);
        // When the longest time is over files go whole.
        let store = open(retention(Some(3), &[("audit", 4)]));
        becomes(&store, [0, 0, 0, 10]).await;
        assert_eq!(store.metrics().revised_files.load(Ordering::Relaxed), 0);
    }
}
