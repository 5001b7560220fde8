//! Histograms as text.
//!
//! Owns two notations: the one that `count_values` makes labels of, with bounds, and the one of Prometheus's test
//! scripts, in double braces. Reading the latter is in [`crate::series_notation`].

use std::fmt;

use super::{Bucket, BucketSide, Histogram, ResetHint};
use crate::number::format_general;

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.lower_inclusive { '[' } else { '(' };
        let close = if self.upper_inclusive { ']' } else { ')' };
        let [lower, upper, count] = [self.lower, self.upper, self.count].map(format_general);
        write!(formatter, "{open}{lower},{upper}{close}:{count}")
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{count:{}, sum:{}", format_general(self.count), format_general(self.sum))?;
        let negative = self.negative_buckets().rev();
        let zero = (self.zero_count != 0.0).then(|| self.zero_bucket());
        for bucket in negative.chain(zero).chain(self.positive_buckets()).filter(|bucket| bucket.count != 0.0) {
            write!(formatter, ", {bucket}")?;
        }
        formatter.write_str("}")
    }
}

impl Histogram {
    /// In the notation of test scripts: `{{schema:1 count:3 sum:4 buckets:[1 2]}}`.
    #[must_use]
    pub fn to_notation(&self) -> String {
        let mut parts = Vec::new();
        if self.schema != 0 {
            parts.push(format!("schema:{}", self.schema));
        }
        for (name, value) in [
            ("count", self.count),
            ("sum", self.sum),
            ("z_bucket", self.zero_count),
            ("z_bucket_w", self.zero_threshold),
        ] {
            if value != 0.0 {
                parts.push(format!("{name}:{}", format_general(value)));
            }
        }
        if self.uses_custom_buckets() {
            parts.push(format!("custom_values:{}", list(&self.custom_bounds)));
        }
        match self.reset_hint {
            ResetHint::Unknown => {}
            ResetHint::Reset => parts.push("counter_reset_hint:reset".to_owned()),
            ResetHint::NotReset => parts.push("counter_reset_hint:not_reset".to_owned()),
            ResetHint::Gauge => parts.push("counter_reset_hint:gauge".to_owned()),
        }
        push_side(&mut parts, &self.positive, "offset", "buckets");
        push_side(&mut parts, &self.negative, "n_offset", "n_buckets");
        format!("{{{{{}}}}}", parts.join(" "))
    }
}

fn push_side(parts: &mut Vec<String>, side: &BucketSide, offset: &str, buckets: &str) {
    let (Some(first), Some(last)) = (side.indexes.first(), side.indexes.last()) else { return };
    if *first != 0 {
        parts.push(format!("{offset}:{first}"));
    }
    // The notation knows no gaps; one that is absurdly wide is cut, since this text is for eyes only.
    let mut dense = vec![0.0; (last - first + 1).clamp(1, 10_000) as usize];
    for (index, count) in side.iter() {
        if let Some(place) = dense.get_mut((index - first) as usize) {
            *place = count;
        }
    }
    parts.push(format!("{buckets}:{}", list(&dense)));
}

fn list(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|value| format_general(*value)).collect();
    format!("[{}]", texts.join(" "))
}
