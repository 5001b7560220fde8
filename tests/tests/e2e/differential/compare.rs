//! Whether two answers of the HTTP API say the same.

use std::collections::BTreeMap;

use serde_json::Value;

const EPSILON: f64 = 1e-6;

/// `Err` says what is different.
pub(super) fn same(theirs: &Value, ours: &Value) -> Result<(), String> {
    if theirs["status"] != ours["status"] || theirs["errorType"] != ours["errorType"] {
        return Err(format!("Prometheus: {}\n  Spanlake: {}", shortened(theirs), shortened(ours)));
    }
    let (theirs, ours) = (&theirs["data"], &ours["data"]);
    if theirs["resultType"] != ours["resultType"] {
        return Err(format!("{} and {}", theirs["resultType"], ours["resultType"]));
    }
    if theirs["resultType"] == "scalar" {
        return point(&theirs["result"], &ours["result"]);
    }
    let (theirs, ours) = (by_labels(&theirs["result"]), by_labels(&ours["result"]));
    if let Some(labels) = theirs.keys().find(|labels| !ours.contains_key(*labels)) {
        return Err(format!("only Prometheus has {labels}: {}", shortened(theirs[labels])));
    }
    for (labels, ours) in &ours {
        let Some(theirs) = theirs.get(labels) else {
            return Err(format!("only Spanlake has {labels}: {}", shortened(ours)));
        };
        series(theirs, ours).map_err(|reason| format!("{labels}: {reason}"))?;
    }
    Ok(())
}

/// What `parse_query` says, without what newer versions say.
pub(super) fn same_tree(theirs: &Value, ours: &Value) -> Result<(), String> {
    let ours = without_newer(ours);
    if *theirs == ours { Ok(()) } else { Err(format!("trees: {theirs}\n  {ours}")) }
}

fn without_newer(tree: &Value) -> Value {
    match tree {
        Value::Object(entries) => {
            let known = |name: &str| !matches!(name, "anchored" | "smoothed" | "fillValues");
            let entries = entries.iter().filter(|(name, _)| known(name));
            Value::Object(entries.map(|(name, value)| (name.clone(), without_newer(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_newer).collect()),
        other => other.clone(),
    }
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

fn by_labels(result: &Value) -> BTreeMap<String, &Value> {
    let pairs = |metric: &Value| {
        let sorted: BTreeMap<&String, &Value> = metric.as_object().into_iter().flatten().collect();
        format!("{sorted:?}")
    };
    result.as_array().into_iter().flatten().map(|one| (pairs(&one["metric"]), one)).collect()
}

fn series(theirs: &Value, ours: &Value) -> Result<(), String> {
    if theirs.get("value").is_some() {
        return point(&theirs["value"], &ours["value"]);
    }
    let empty = Vec::new();
    let (theirs, ours) = (theirs["values"].as_array().unwrap_or(&empty), ours["values"].as_array().unwrap_or(&empty));
    if theirs.len() != ours.len() {
        return Err(format!("{} points and {}", theirs.len(), ours.len()));
    }
    theirs.iter().zip(ours).try_for_each(|(theirs, ours)| point(theirs, ours))
}

fn point(theirs: &Value, ours: &Value) -> Result<(), String> {
    let time = |point: &Value| point[0].as_f64();
    let number = |point: &Value| point[1].as_str().and_then(|text| text.parse::<f64>().ok());
    let is_same = match (number(theirs), number(ours)) {
        (Some(theirs), Some(ours)) => {
            theirs == ours
                || theirs.is_nan() && ours.is_nan()
                || (theirs - ours).abs() <= EPSILON * theirs.abs().max(ours.abs()).max(1e-9)
        }
        (theirs, ours) => theirs.is_none() && ours.is_none(),
    };
    if is_same && time(theirs) == time(ours) { Ok(()) } else { Err(format!("{theirs} and {ours}")) }
}
