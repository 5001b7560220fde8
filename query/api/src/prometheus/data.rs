//! Results of queries as JSON, written straight from the columns: a large answer is millions of numbers.
//!
//! Owns the form of `data`, and of numbers, times and labels in it: values are strings, times are seconds with up to three
//! digits. What a histogram looks like is [`super::answer`]'s.

use std::sync::Arc;

use serde::ser::{SerializeMap, SerializeTuple};
use serde::{Serialize, Serializer};
use serde_json::Value;
use spanlake_promql::eval::{MatrixSeries, Point, QueryValue, VectorSample};
use spanlake_promql::histogram::Histogram;
use spanlake_promql::labels::Labels;
use spanlake_promql::number::format_plain;

use super::answer::histogram;

/// `{"resultType":…,"result":…}`, with statistics where they are asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'a> {
    result_type: &'static str,
    result: Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Value>,
}

impl<'a> Data<'a> {
    pub(super) fn of(value: &'a QueryValue, limit: Option<usize>, stats: Option<Value>) -> Self {
        let result_type = match value {
            QueryValue::Scalar { .. } => "scalar",
            QueryValue::Text { .. } => "string",
            QueryValue::Vector(_) => "vector",
            QueryValue::Matrix(_) => "matrix",
        };
        Self { result_type, result: Written { value, most: limit.unwrap_or(usize::MAX) }, stats }
    }
}

struct Written<'a> {
    value: &'a QueryValue,
    /// Series at most.
    most: usize,
}

pub(super) struct Names<'a>(pub(super) &'a Labels);
struct One<'a>(&'a VectorSample);
struct Many<'a>(&'a MatrixSeries);
/// A time in milliseconds and a value.
pub(super) struct Sample(pub(super) i64, pub(super) f64);
/// A time in milliseconds.
pub(super) struct Seconds(pub(super) i64);
struct Plain(f64);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            QueryValue::Scalar { time_ms, value } => Sample(*time_ms, *value).serialize(serializer),
            QueryValue::Text { time_ms, value } => (Seconds(*time_ms), value).serialize(serializer),
            QueryValue::Vector(samples) => serializer.collect_seq(samples.iter().take(self.most).map(One)),
            QueryValue::Matrix(all) => serializer.collect_seq(all.iter().take(self.most).map(Many)),
        }
    }
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let VectorSample { labels, time_ms, value } = self.0;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("metric", &Names(labels))?;
        match value {
            Point::Float(value) => map.serialize_entry("value", &Sample(*time_ms, *value))?,
            Point::Histogram(value) => map.serialize_entry("histogram", &histogram(*time_ms, value))?,
        }
        map.end()
    }
}

impl Serialize for Many<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MatrixSeries { labels, floats, histograms } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("metric", &Names(labels))?;
        if !floats.is_empty() || histograms.is_empty() {
            map.serialize_entry("values", &Listed(floats, |(time, value): &(i64, f64)| Sample(*time, *value)))?;
        }
        if !histograms.is_empty() {
            let written = |(time, value): &(i64, Arc<Histogram>)| histogram(*time, value);
            map.serialize_entry("histograms", &Listed(histograms, written))?;
        }
        map.end()
    }
}

/// A list whose items are made while they are written.
struct Listed<'a, T, F>(&'a [T], F);

impl<T, R: Serialize, F: Fn(&T) -> R> Serialize for Listed<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&Seconds(self.0))?;
        pair.serialize_element(&Plain(self.1))?;
        pair.end()
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 % 1000 {
            0 => serializer.serialize_i64(self.0 / 1000),
            _ => serializer.serialize_f64(self.0 as f64 / 1000.0),
        }
    }
}

impl Serialize for Plain {
    /// As [`format_plain`] has it, by a faster way where that comes to the same: numbers that need no exponent.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = ryu::Buffer::new();
        let short = Some(self.0).filter(|value| value.is_finite()).map(|value| digits.format_finite(value));
        match short.filter(|text| !text.contains('e')) {
            Some(text) => serializer.serialize_str(text.strip_suffix(".0").unwrap_or(text)),
            None => serializer.serialize_str(&format_plain(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_as_everywhere_else() {
        let odd =
            [0.0, -0.0, 0.1, 1e15, 1e16, 1e17, 1e21, 1e-5, 1e-7, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN];
        let some = (0..2_000_u64).map(|number| f64::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for value in odd.into_iter().chain(some).chain((0..500).map(|number| f64::from(number) / 7.0)) {
            assert_eq!(serde_json::to_value(Plain(value)).unwrap(), format_plain(value), "{value:e}");
        }
    }

    #[test]
    fn a_matrix_has_its_names_and_pairs() {
        let labels = Labels::new([("__name__", "up"), ("job", "a \"b\"")]);
        let floats = vec![(1_500, 0.25), (3_000, f64::INFINITY)];
        let value = QueryValue::Matrix(vec![
            MatrixSeries { labels, floats, histograms: Vec::new() },
            MatrixSeries { labels: Labels::empty(), floats: vec![(0, 1.0)], histograms: Vec::new() },
        ]);
        let written = |limit| serde_json::to_value(Data::of(&value, limit, None)).unwrap();
        let first = json!({ "metric": { "__name__": "up", "job": "a \"b\"" }, "values": [[1.5, "0.25"], [3, "+Inf"]] });
        assert_eq!(written(Some(1)), json!({ "resultType": "matrix", "result": [first] }));
        assert_eq!(written(None)["result"].as_array().unwrap().len(), 2);
    }
}
