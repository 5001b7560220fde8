//! What a query gives.
//!
//! Owns the result's form. How it is written for an API is the API's matter.

use std::sync::Arc;

use crate::annotations::Annotations;
use crate::histogram::Histogram;
use crate::labels::Labels;

use super::column::Point;

/// A result with what there is to say about it.
#[derive(Clone, Debug)]
pub struct QueryResult {
    pub value: QueryValue,
    pub annotations: Annotations,
    pub statistics: Statistics,
}

/// What the query took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Samples that selectors loaded; a histogram counts as one for each 16 bytes.
    pub samples_loaded: usize,
    /// The most bytes that were held at one time, about.
    pub memory_bytes_peak: usize,
}

/// A query's result. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub enum QueryValue {
    Scalar {
        time_ms: i64,
        value: f64,
    },
    Text {
        time_ms: i64,
        value: String,
    },
    /// Of an instant query; in the order that `sort` and the like gave.
    Vector(Vec<VectorSample>),
    /// Of a range query, sorted by labels; or of an instant query for a range vector.
    Matrix(Vec<MatrixSeries>),
}

#[derive(Clone, Debug)]
pub struct VectorSample {
    pub labels: Labels,
    pub time_ms: i64,
    pub value: Point,
}

/// Points of one series, each list in ascending order of time.
#[derive(Clone, Debug, Default)]
pub struct MatrixSeries {
    pub labels: Labels,
    pub floats: Vec<(i64, f64)>,
    pub histograms: Vec<(i64, Arc<Histogram>)>,
}
