//! `GET /api/metrics`: every metric by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Serialize;
use serde_json::json;

use crate::columns::{Numbers, Texts, truth_at};
use crate::error::ApiError;
use crate::parameters::{self, Window};
use crate::query;
use crate::state::{OWN_SERVICE, Shared};

/// One metric. Where its senders disagree, what most series say.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Metric {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    temporality: Option<String>,
    is_monotonic: Option<bool>,
    unit: String,
    description: String,
    series: i64,
    services: BTreeSet<String>,
}

/// The route.
pub(crate) async fn names(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let window: Window = parameters::read(&uri)?;
    let hidden = if window.is_internal()? { String::new() } else { format!("WHERE service_name <> '{OWN_SERVICE}'") };
    let sql = format!(
        "SELECT name, type, temporality, is_monotonic, unit, service_name, max(description) AS description, \
         count(*) AS series FROM series {hidden} GROUP BY name, type, temporality, is_monotonic, unit, service_name \
         ORDER BY name, series DESC, service_name"
    );
    let (batches, _) = query::rows(&shared, &sql).await?;
    Ok(Json(json!({ "metrics": merge(&batches) })).into_response())
}

fn merge(batches: &[RecordBatch]) -> Vec<Metric> {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for batch in batches {
        let [names, kinds, temporalities, units, services, descriptions] =
            ["name", "type", "temporality", "unit", "service_name", "description"].map(|name| Texts::of(batch, name));
        let counts = Numbers::<Int64Type>::of(batch, "series");
        for row in 0..batch.num_rows() {
            let name = names.or_empty(row);
            let metric = metrics.entry(name.to_owned()).or_insert_with(|| Metric {
                name: name.to_owned(),
                kind: kinds.or_empty(row).to_owned(),
                temporality: temporalities.at(row).map(str::to_owned),
                is_monotonic: truth_at(batch, "is_monotonic", row),
                unit: units.or_empty(row).to_owned(),
                description: descriptions.or_empty(row).to_owned(),
                series: 0,
                services: BTreeSet::new(),
            });
            metric.series += counts.or_zero(row);
            metric.services.insert(services.or_empty(row).to_owned());
        }
    }
    metrics.into_values().collect()
}
