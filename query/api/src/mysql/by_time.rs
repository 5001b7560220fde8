//! Samples that say no span, and the spans that ran around them: the same digest at the same time.
//!
//! Owns the assignment. A sample is of the span that begins nearest to it among those that enclose it; a span is of one
//! sample. What the client said is never overruled.

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use spanlake_schemas::ids::to_hex;

use super::joined::{SPAN_TEXT, Sample, spans_of_server, texts_of_digest};
use crate::columns::{Ids, Numbers};
use crate::error::ApiError;
use crate::parameters::{SECOND, sql_text};
use crate::query;
use crate::state::Shared;

/// So much two moments may differ that are the same: clocks, and the way of a packet.
const TOLERANCE: i64 = SECOND / 20;
/// A span begins at most so long before its statement was seen to end.
const SPAN_MAX: i64 = 60 * SECOND;
const SPANS_MAX: usize = 20_000;

/// A span as far as time goes.
#[derive(Clone, Debug)]
struct Candidate {
    trace_id: String,
    span_id: String,
    start: i64,
    end: i64,
}

/// Gives samples of a digest that say no span the one that ran around them, where there is one.
pub(super) async fn link(
    shared: &Shared,
    (server, digest): (&str, &str),
    samples: &mut [Sample],
) -> Result<(), ApiError> {
    let times = || samples.iter().filter(|sample| sample.trace_id.is_none()).map(|sample| sample.time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(()) };
    let window = (first - SPAN_MAX, Some(last + TOLERANCE));
    let texts = texts_of_digest(shared, (server, digest), window).await?;
    if texts.is_empty() {
        return Ok(());
    }
    let list = texts.iter().map(|text| sql_text(text)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT trace_id, span_id, start_time, duration FROM spans WHERE {} AND {SPAN_TEXT} IN ({list}) \
         ORDER BY start_time DESC LIMIT {SPANS_MAX}",
        spans_of_server(server, window)
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut candidates = Vec::new();
    for batch in &batches {
        let [traces, spans] = ["trace_id", "span_id"].map(|name| Ids::of(batch, name));
        let starts = Numbers::<TimestampNanosecondType>::of(batch, "start_time");
        let durations = Numbers::<Int64Type>::of(batch, "duration");
        candidates.extend((0..batch.num_rows()).map(|row| Candidate {
            trace_id: to_hex(traces.or_empty(row)),
            span_id: to_hex(spans.or_empty(row)),
            start: starts.or_zero(row),
            end: starts.or_zero(row).saturating_add(durations.or_zero(row)),
        }));
    }
    assign(samples, candidates);
    Ok(())
}

fn assign(samples: &mut [Sample], mut candidates: Vec<Candidate>) {
    candidates.retain(|candidate| !samples.iter().any(|sample| is_of(sample, &candidate.trace_id, &candidate.span_id)));
    let mut pairs = Vec::new();
    for (place, sample) in samples.iter().enumerate().filter(|(_, sample)| sample.trace_id.is_none()) {
        for (at, candidate) in candidates.iter().enumerate() {
            if let Some(distance) = distance(sample, (candidate.start, candidate.end)) {
                pairs.push((distance, place, at));
            }
        }
    }
    // Nearest first, so that a sample does not take the span that is another's.
    pairs.sort_unstable();
    let mut is_taken = vec![false; candidates.len()];
    for (_, place, at) in pairs {
        let sample = &mut samples[place];
        if sample.trace_id.is_none() && !is_taken[at] {
            is_taken[at] = true;
            sample.trace_id = Some(candidates[at].trace_id.clone());
            sample.span_id = Some(candidates[at].span_id.clone());
            sample.is_by_time = true;
        }
    }
}

/// Whether a sample has this span.
pub(super) fn is_of(sample: &Sample, trace_id: &str, span_id: &str) -> bool {
    sample.trace_id.as_deref() == Some(trace_id) && sample.span_id.as_deref() == Some(span_id)
}

/// How far a sample's start is from that of a span that encloses it; `None` of one that does not. Its end says less: a
/// statement that was seen to run went on.
fn distance(sample: &Sample, (start, end): (i64, i64)) -> Option<i64> {
    let began = sample.time.saturating_sub(sample.duration);
    let is_within = began >= start - TOLERANCE && sample.time <= end + TOLERANCE;
    is_within.then(|| (began - start).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn candidate(name: &str, start: i64, end: i64) -> Candidate {
        Candidate { trace_id: name.to_owned(), span_id: format!("span of {name}"), start: start * MS, end: end * MS }
    }

    #[test]
    fn a_sample_is_of_the_span_that_fits_it_best() {
        let mut said = Sample::at(5200 * MS, 100 * MS);
        (said.trace_id, said.span_id) = (Some("e".to_owned()), Some("span of e".to_owned()));
        let mut samples = vec![
            Sample::at(1100 * MS, 100 * MS),
            Sample::at(1095 * MS, 60 * MS),
            Sample::at(9000 * MS, 100 * MS),
            said,
            Sample::at(5201 * MS, 100 * MS),
        ];
        let candidates = vec![
            candidate("a", 999, 1102),
            candidate("b", 1030, 1101),
            candidate("c", 0, 8000),
            candidate("e", 5099, 5201),
            candidate("f", 5000, 5300),
        ];
        assign(&mut samples, candidates);
        let traces: Vec<Option<&str>> = samples.iter().map(|sample| sample.trace_id.as_deref()).collect();
        assert_eq!(traces, [Some("a"), Some("b"), None, Some("e"), Some("f")]);
        assert!(samples[0].is_by_time && !samples[3].is_by_time);
    }
}
