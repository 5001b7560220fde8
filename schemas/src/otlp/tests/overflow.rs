//! Series that are one too many: where their points go, and that a replay puts them in the same place.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::AsArray;
use serde_json::json;

use super::RECEIVED_AT;
use crate::ingest::{DecodeLimits, Decoded, Encoding, KnownSeries, NewLabel, NewSeries, Signal};
use crate::otlp::decode;
use crate::tables::Table;

/// Points of a metric, each of a user's series.
fn body(users: &[u32]) -> Vec<u8> {
    let points: Vec<_> = users
        .iter()
        .map(|user| {
            let attributes = json!([{ "key": "user.id", "value": { "intValue": user } }]);
            json!({ "timeUnixNano": "1000", "asInt": user, "attributes": attributes })
        })
        .collect();
    let metric = |name: &str| json!({ "name": name, "gauge": { "dataPoints": points } });
    let scope = json!({ "metrics": [metric("carts"), metric("clicks")] });
    json!({ "resourceMetrics": [{ "scopeMetrics": [scope] }] }).to_string().into_bytes()
}

fn decode_with(body: &[u8], known: &dyn KnownSeries) -> Decoded {
    decode(Signal::Metrics, Encoding::Json, body, RECEIVED_AT, &DecodeLimits::default(), known).unwrap()
}

fn ids(decoded: &Decoded, table: Table) -> Vec<[u8; 16]> {
    let column =
        decoded.batches.get(table).map(|batch| batch.column_by_name("series_id").unwrap().as_fixed_size_binary());
    column.into_iter().flatten().map(|id| id.unwrap().try_into().unwrap()).collect()
}

/// Nothing is known, and a metric may have two series.
struct TwoOfEach;

impl KnownSeries for TwoOfEach {
    fn is_known(&self, _: &[u8; 16]) -> bool {
        false
    }

    fn overflows(&self, _: &[u8; 16], new: NewSeries, _: &mut dyn Iterator<Item = NewLabel>) -> bool {
        new.of_metric >= 2
    }
}

/// Says of each series what was logged, and that everything else is known.
struct Logged(BTreeSet<[u8; 16]>);

impl KnownSeries for Logged {
    fn is_known(&self, id: &[u8; 16]) -> bool {
        !self.0.contains(id)
    }

    fn overflows(&self, id: &[u8; 16], _: NewSeries, _: &mut dyn Iterator<Item = NewLabel>) -> bool {
        self.0.contains(id)
    }
}

#[test]
fn points_of_series_that_are_too_many_share_one_and_the_sender_is_told() {
    let decoded = decode_with(&body(&[1, 2, 3, 4, 1, 3]), &TwoOfEach);
    assert_eq!((decoded.accepted, decoded.rejected), (12, 0));
    assert_eq!((decoded.overflowed_points, decoded.overflowed_series.len()), (6, 4));
    let message = decoded.message.clone().unwrap_or_default();
    assert!(message.starts_with("6 points of more series than the server takes"), "{message}");
    let points = ids(&decoded, Table::Points);
    let [own, second, overflow, shared, again, more] = points[..6].try_into().unwrap();
    assert_eq!((again, shared, more), (own, overflow, overflow));
    assert!(own != second && own != overflow && second != overflow);
    let series = decoded.batches.get(Table::Series).unwrap();
    assert_eq!(ids(&decoded, Table::Series).len(), 6, "two and the overflow series, of each metric");
    let attributes = series.column_by_name("attributes").unwrap().as_map().value(2);
    let text = |column: usize| attributes.column(column).as_string::<i32>().value(0).to_owned();
    assert_eq!((text(0).as_str(), text(1).as_str()), ("otel.metric.overflow", "true"));
}

#[test]
fn a_replay_puts_points_where_they_went_whatever_is_known_by_then() {
    let body = body(&[1, 2, 3, 4, 5]);
    let decoded = decode_with(&body, &TwoOfEach);
    let replayed = decode_with(&body, &Logged(decoded.overflowed_series.iter().copied().collect()));
    assert_eq!(ids(&replayed, Table::Points), ids(&decoded, Table::Points));
    assert_eq!(replayed.overflowed_series, decoded.overflowed_series);
}

#[test]
fn what_was_said_of_a_series_holds_for_the_whole_request() {
    /// A series becomes known while a request is decoded.
    struct KnownLater(AtomicU32);
    impl KnownSeries for KnownLater {
        fn is_known(&self, _: &[u8; 16]) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) > 1
        }

        fn overflows(&self, _: &[u8; 16], _: NewSeries, _: &mut dyn Iterator<Item = NewLabel>) -> bool {
            true
        }
    }
    let decoded = decode_with(&body(&[7, 7, 7]), &KnownLater(AtomicU32::new(0)));
    let points = ids(&decoded, Table::Points);
    assert_eq!(points[..3], [points[0]; 3]);
}
