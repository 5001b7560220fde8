//! Series that TraceQL makes, as Tempo's API writes them.

use serde_json::{Value, json};

use super::super::Range;
use super::vectors::{Vector, letter};
use super::{Client, Failure, Line, Lines, encoded, json_of, name_of, place_of, step_ms};

/// Series over the range; `names` are the legend, and what a series without labels is called.
pub(super) fn lines(client: &Client, query: &str, names: (&str, &str), range: Range) -> Result<Lines, Failure> {
    let step = step_ms(range);
    let (start, end) = (range.start_ms.div_euclid(step) * step, range.end_ms.div_euclid(step) * step);
    let path = format!(
        "/tempo/api/metrics/query_range?q={}&start={start}000000&end={end}000000&step={}",
        encoded(query),
        step as f64 / 1000.0
    );
    let moments = (0..=(end - start) / step).map(|place| (start + place * step) as f64 / 1000.0).collect();
    Ok(read(&json_of(client.get(&path)?)?, moments, names))
}

/// One value a series over the whole range, of the query at this place with this legend.
pub(super) fn vector(
    client: &Client,
    query: &str,
    (place, legend): (usize, String),
    range: Range,
) -> Result<Vector, Failure> {
    let (start, end) = (range.start_ms, range.end_ms);
    let path = format!("/tempo/api/metrics/query?q={}&start={start}000000&end={end}000000", encoded(query));
    let answer = json_of(client.get(&path)?)?;
    let series = answer["series"].as_array().into_iter().flatten();
    let series = series.filter(|one| !one["value"].is_null()).map(|one| (labels_of(one), one["value"].as_f64()));
    Ok(Vector { legend, letter: letter(place), series: series.collect() })
}

fn labels_of(series: &Value) -> serde_json::Map<String, Value> {
    let labels = series["labels"].as_array().into_iter().flatten();
    let read = labels.map(|label| {
        let value = label["value"].as_object().and_then(|value| value.values().next()).cloned().unwrap_or_default();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (label["key"].as_str().unwrap_or_default().to_owned(), json!(text))
    });
    read.collect()
}

/// An answer as lines on these moments, seconds.
pub(in super::super) fn read(answer: &Value, moments: Vec<f64>, (legend, fallback): (&str, &str)) -> Lines {
    let series = answer["series"].as_array().cloned().unwrap_or_default();
    let lines = series.iter().map(|one| {
        let mut values = vec![None; moments.len()];
        for sample in one["samples"].as_array().into_iter().flatten() {
            let at = sample["timestampMs"].as_str().and_then(|text| text.parse::<f64>().ok());
            if let Some(place) = at.and_then(|at| place_of(&moments, at / 1000.0)) {
                // Infinities are texts.
                values[place] = sample["value"].as_f64();
            }
        }
        Line { name: name_of(&Value::Object(labels_of(one)), legend, fallback), values }
    });
    let lines = lines.collect();
    Lines { seconds: moments, lines }
}
