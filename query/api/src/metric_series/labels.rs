//! What tells the series of one metric apart.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::to_hex;

use super::small;
use crate::columns::{Ids, Maps, Texts};
use crate::error::ApiError;
use crate::state::Shared;

type Labels = BTreeMap<String, String>;

/// The service and the series' own attributes; and what differs in their resources, where those are alike.
pub(super) async fn read(
    shared: &Shared,
    conditions: &str,
    ids: &[String],
) -> Result<HashMap<String, Labels>, ApiError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let list: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let sql = format!(
        "SELECT series_id, service_name, attributes, attribute_types, resource_attributes, resource_attribute_types \
         FROM series WHERE {conditions} AND series_id IN ({})",
        list.join(", ")
    );
    Ok(tell_apart(&small(shared, &sql).await?))
}

fn entries(maps: &Maps<'_>, row: usize) -> Labels {
    maps.entries(row).map(|(key, text, _)| (key.to_owned(), text.unwrap_or_default().to_owned())).collect()
}

pub(super) fn tell_apart(batches: &[RecordBatch]) -> HashMap<String, Labels> {
    let mut own: HashMap<String, Labels> = HashMap::new();
    let mut resources: HashMap<String, Labels> = HashMap::new();
    for batch in batches {
        let (ids, services) = (Ids::of(batch, "series_id"), Texts::of(batch, "service_name"));
        let attributes = Maps::of(batch, "attributes", "attribute_types");
        let of_resource = Maps::of(batch, "resource_attributes", "resource_attribute_types");
        for row in 0..batch.num_rows() {
            let id = to_hex(ids.or_empty(row));
            let mut labels = entries(&attributes, row);
            labels.insert("service.name".to_owned(), services.or_empty(row).to_owned());
            resources.insert(id.clone(), entries(&of_resource, row));
            own.insert(id, labels);
        }
    }
    let mut alike: BTreeMap<Labels, Vec<String>> = BTreeMap::new();
    for (id, labels) in &own {
        alike.entry(labels.clone()).or_default().push(id.clone());
    }
    for ids in alike.into_values().filter(|ids| ids.len() > 1) {
        let keys: BTreeSet<String> = ids.iter().flat_map(|id| resources[id].keys().cloned()).collect();
        for key in keys {
            let values: BTreeSet<Option<&String>> = ids.iter().map(|id| resources[id].get(&key)).collect();
            if values.len() < 2 {
                continue;
            }
            for id in &ids {
                if let (Some(value), Some(labels)) = (resources[id].get(&key), own.get_mut(id)) {
                    labels.insert(key.clone(), value.clone());
                }
            }
        }
    }
    own
}
