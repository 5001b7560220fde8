//! `query`, `query_range`, `query_exemplars` and `format_query`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use spanlake_promql::eval::{EvalOptions, Limits, QueryResult, evaluate_instant, evaluate_range};
use spanlake_promql::syntax::named_labels;
use spanlake_promql::syntax::parser::parse_expression;
use spanlake_promql::syntax::pretty::pretty;
use spanlake_promql::syntax::tree::Expr;
use spanlake_series::{ExemplarSeries, StoreSeries};

use super::answer::{Failure, labels, seconds, success, with_annotations};
use super::data::Data;
use super::{Parameters, with_series};
use crate::own_metrics::Outcome;
use crate::state::Shared;

/// Prometheus's own limit, and its words.
const STEPS_MAX: i64 = 11_000;

pub(super) fn expression(parameters: &Parameters) -> Result<(String, Expr), Failure> {
    let text = parameters.get("query").unwrap_or_default();
    let expr =
        parse_expression(text).map_err(|error| Failure::bad_data(format!("invalid parameter \"query\": {error}")))?;
    Ok((text.to_owned(), expr))
}

/// Limits of a query, with the time that it may take.
fn options(shared: &Shared, parameters: &Parameters) -> Result<EvalOptions, Failure> {
    let mut timeout = shared.config.query_timeout;
    if let Some(asked) = parameters.length("timeout")? {
        timeout = timeout.min(Duration::from_millis(u64::try_from(asked).unwrap_or(0)));
    }
    let deadline = Instant::now() + timeout;
    let cancel =
        move || (Instant::now() > deadline).then(|| format!("it took longer than {} s", timeout.as_secs_f64()));
    let defaults = EvalOptions::default();
    Ok(EvalOptions {
        lookback_ms: parameters.length("lookback_delta")?.filter(|length| *length > 0).unwrap_or(defaults.lookback_ms),
        limits: Limits { memory_bytes_max: shared.config.query_memory_bytes_max, ..defaults.limits },
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        cancel: Some(Arc::new(cancel)),
        ..defaults
    })
}

async fn evaluate(
    shared: &Arc<Shared>,
    expr: Expr,
    work: impl FnOnce(&StoreSeries, &Expr) -> Result<QueryResult, Failure> + Send + 'static,
) -> Result<QueryResult, Failure> {
    let running = shared.metrics.start();
    let named = named_labels(&expr);
    let done = with_series(shared, named, move |series| work(series, &expr)).await;
    running.end(if done.is_ok() { Outcome::Done } else { Outcome::Failed });
    done
}

fn answer(done: &QueryResult, query: &str, parameters: &Parameters) -> Result<Response, Failure> {
    let loaded = done.statistics.samples_loaded;
    let stats = parameters.get("stats").is_some();
    let stats = stats.then(|| json!({ "samples": { "totalQueryableSamples": loaded, "peakSamples": loaded } }));
    Ok(with_annotations(&Data::of(&done.value, parameters.limit()?, stats), &done.annotations, query))
}

/// `/api/v1/query`.
pub(super) async fn instant(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let time = parameters.moment_or_now("time")?;
    let (query, expr) = expression(&parameters)?;
    let options = options(&shared, &parameters)?;
    let work =
        move |series: &StoreSeries, expr: &Expr| evaluate_instant(series, expr, time, &options).map_err(Failure::from);
    let done = evaluate(&shared, expr, work).await?;
    answer(&done, &query, &parameters)
}

/// `/api/v1/query_range`.
pub(super) async fn range(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let start = parameters.wanted_moment("start")?;
    let end = parameters.wanted_moment("end")?;
    if end < start {
        return Err(Failure::bad_data("invalid parameter \"end\": end timestamp must not be before start time"));
    }
    let step = parameters
        .length("step")?
        .ok_or_else(|| Failure::bad_data("invalid parameter \"step\": cannot parse \"\" to a valid duration"))?;
    if step <= 0 {
        return Err(Failure::bad_data(
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if (end - start) / step > STEPS_MAX {
        return Err(Failure::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let (query, expr) = expression(&parameters)?;
    let options = options(&shared, &parameters)?;
    let work = move |series: &StoreSeries, expr: &Expr| {
        evaluate_range(series, expr, start, end, step, &options).map_err(Failure::from)
    };
    let done = evaluate(&shared, expr, work).await?;
    answer(&done, &query, &parameters)
}

/// `/api/v1/query_exemplars`.
pub(super) async fn exemplars(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let start = parameters.moment("start")?.unwrap_or(i64::MIN / 2_000_000);
    let end = parameters.moment("end")?.unwrap_or(i64::MAX / 2_000_000);
    if end < start {
        return Err(Failure::bad_data("end timestamp must not be before start timestamp"));
    }
    let (_, expr) = expression(&parameters)?;
    let mut selectors = Vec::new();
    expr.visit(&mut |expr| match expr {
        Expr::Selector(selector) => selectors.push(selector.matchers.clone()),
        Expr::Matrix(matrix) => selectors.push(matrix.selector.matchers.clone()),
        _ => {}
    });
    let found = with_series(&shared, named_labels(&expr), move |series| {
        let mut found: Vec<ExemplarSeries> = Vec::new();
        for matchers in &selectors {
            found.extend(series.exemplars(matchers, start, end)?);
        }
        Ok(found)
    });
    let written: Vec<Value> = found.await?.iter().map(exemplar_series).collect();
    Ok(success(&written))
}

fn exemplar_series(series: &ExemplarSeries) -> Value {
    let exemplars = series.exemplars.iter().map(|exemplar| {
        json!({
            "labels": labels(&exemplar.labels),
            "value": spanlake_promql::number::format_plain(exemplar.value),
            "timestamp": seconds(exemplar.time_ms),
        })
    });
    json!({ "seriesLabels": labels(&series.labels), "exemplars": exemplars.collect::<Vec<_>>() })
}

/// `/api/v1/format_query`.
pub(super) async fn format(parameters: Parameters) -> Result<Response, Failure> {
    let (_, expr) = expression(&parameters)?;
    Ok(success(&pretty(&expr)))
}
