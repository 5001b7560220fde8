//! What the server says to a panel's queries, as lines over time, rows, traces or buckets.
//!
//! Owns the requests, and the values of variables. Never draws.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::{Value, json};

use super::super::client::{ANSWER_BYTES_MAX, Client, Failure};
use super::super::{CommandError, EXIT_FAILURE};
use super::Range;
use super::columns::with_columns;
use super::document::{Document, Panel, Query, Variable};
use super::rows::{Rows, lines_of_rows};
use super::variables::{Chosen, Values, choose, plain, promql, sql};
use vectors::Vector;

pub(super) mod map;
pub(super) mod traceql;
pub(super) mod vectors;

pub(super) use map::{MapNode, ServiceMap};

const STEPS_MAX: i64 = 240;
const ROUND_STEPS_MS: [i64; 17] = [
    1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
    7_200_000, 10_800_000, 21_600_000, 43_200_000,
];
const ROWS_MAX: u64 = 10_000;
/// Values of a variable; more are no choice.
const OPTIONS_MAX: usize = 1000;
const FORM: &str = "application/x-www-form-urlencoded";

/// A line; as many values as moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
}

/// Lines on one list of moments, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lines {
    pub(super) seconds: Vec<f64>,
    pub(super) lines: Vec<Line>,
}

/// Counts by moment and bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    pub(super) seconds: Vec<f64>,
    /// Place of the moment, lower and upper bound, count.
    pub(super) cells: Vec<(usize, f64, f64, f64)>,
}

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Nothing,
    Lines(Lines),
    Rows(Rows),
    Traces(Vec<Value>),
    Buckets(Buckets),
    Map(ServiceMap),
}

/// A text as a value in an address or a form.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

pub(super) fn step_ms(range: Range) -> i64 {
    let rough = (range.end_ms - range.start_ms) / STEPS_MAX;
    ROUND_STEPS_MS.into_iter().find(|step| *step >= rough).unwrap_or_else(|| (rough / 86_400_000 + 1) * 86_400_000)
}

/// Every variable with its values; a later one is asked with what was chosen of those before it.
pub(super) fn variables(
    client: &Client,
    document: &Document,
    given: &BTreeMap<String, Vec<String>>,
    range: Range,
) -> Result<Values, CommandError> {
    let mut chosen = Values::new();
    for name in given.keys() {
        if !document.variables.iter().any(|variable| variable.name == *name) {
            let message = format!("--var {name}: the dashboard has no such variable");
            return Err(CommandError::new(crate::config::EXIT_USAGE, message));
        }
    }
    for variable in &document.variables {
        let one = if variable.kind == "text" {
            let value = given.get(&variable.name).or(Some(&variable.default)).and_then(|values| values.first());
            Chosen { values: vec![value.cloned().unwrap_or_default()], is_all: false }
        } else {
            choose(variable, given.get(&variable.name), &options(client, variable, &chosen, range)?)
        };
        chosen.insert(variable.name.clone(), one);
    }
    Ok(chosen)
}

fn options(client: &Client, variable: &Variable, chosen: &Values, range: Range) -> Result<Vec<String>, Failure> {
    let step = step_ms(range);
    let mut values: Vec<String> = match variable.kind.as_str() {
        "label" => {
            let label = variable.label.as_deref().unwrap_or_default();
            let of = variable.metric.as_deref().map(|metric| promql(metric, chosen, range, step));
            let of = of.map(|of| format!("?match%5B%5D={}", encoded(&of))).unwrap_or_default();
            let answer = json_of(client.get(&format!("/prometheus/api/v1/label/{}/values{of}", encoded(label)))?)?;
            let values = answer["data"].as_array().into_iter().flatten();
            values.filter_map(Value::as_str).map(str::to_owned).collect()
        }
        "sql" => {
            let statement = sql(variable.query.as_deref().unwrap_or_default(), chosen, range, step);
            let rows = Rows::of(&ask_sql(client, &statement)?);
            rows.cells.iter().filter_map(|row| row.first()).map(super::rows::cell_text).collect()
        }
        _ => variable.values.clone(),
    };
    values.truncate(OPTIONS_MAX);
    Ok(values)
}

fn json_of(response: ureq::http::Response<ureq::Body>) -> Result<Value, Failure> {
    let reader = response.into_body().into_reader().take(ANSWER_BYTES_MAX);
    serde_json::from_reader(std::io::BufReader::new(reader)).map_err(|error| {
        Failure::Other(CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}")))
    })
}

fn ask_sql(client: &Client, statement: &str) -> Result<Value, Failure> {
    let request = json!({ "query": statement, "format": "json", "limit": ROWS_MAX });
    json_of(client.post("/api/sql", &request)?)
}

/// Counted; where files hold a sample of their spans, asked once more with weights, if the query has such a statement.
fn ask_by_form(client: &Client, query: &Query, chosen: &Values, range: Range) -> Result<Rows, Failure> {
    let step = step_ms(range);
    let counted = ask_sql(client, &sql(query.sql.as_deref().unwrap_or_default(), chosen, range, step))?;
    let is_sampled = counted["stats"]["sampled_files"].as_u64().is_some_and(|files| files > 0);
    Ok(Rows::of(&match query.estimated.as_deref().filter(|_| is_sampled) {
        Some(estimated) => ask_sql(client, &sql(estimated, chosen, range, step))?,
        None => counted,
    }))
}

fn ask_prometheus(client: &Client, path: &str, form: &[(&str, String)]) -> Result<Value, Failure> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in form {
        body.append_pair(name, value);
    }
    json_of(client.post_bytes(&format!("/prometheus/api/v1/{path}"), FORM, body.finish().as_bytes())?)
}

/// What a panel shows.
pub(super) fn panel(client: &Client, panel: &Panel, chosen: &Values, range: Range) -> Result<Answer, Failure> {
    match panel.kind.as_str() {
        "text" | "row" => Ok(Answer::Nothing),
        "traces" => traces(client, panel, chosen, range),
        "table" => {
            Ok(Answer::Rows(with_columns(rows(client, panel, chosen, range)?, &panel.columns, panel.sort.as_ref())))
        }
        "bar" | "logs" => rows(client, panel, chosen, range).map(Answer::Rows),
        "heatmap" | "histogram" => buckets(client, panel, chosen, range),
        "map" => map::ask(client, panel, chosen, range).map(Answer::Map),
        _ => lines(client, panel, chosen, range).map(Answer::Lines),
    }
}

fn traces(client: &Client, panel: &Panel, chosen: &Values, range: Range) -> Result<Answer, Failure> {
    let asked = &panel.traces;
    let mut path = format!(
        "/api/traces?start={}000000&end={}000000&limit={}",
        range.start_ms,
        range.end_ms,
        asked.limit.unwrap_or(20).min(200)
    );
    for (name, value) in [
        ("service", &asked.service),
        ("operation", &asked.operation),
        ("status", &asked.status),
        ("filter", &asked.filter),
        ("min_duration", &asked.min_duration),
    ] {
        let value = value.as_deref().map(|value| plain(value, chosen)).unwrap_or_default();
        if !value.is_empty() && value != "*" {
            path.push_str(&format!("&{name}={}", encoded(&value)));
        }
    }
    let answer = json_of(client.get(&path)?)?;
    Ok(Answer::Traces(answer["traces"].as_array().cloned().unwrap_or_default()))
}

fn rows(client: &Client, panel: &Panel, chosen: &Values, range: Range) -> Result<Rows, Failure> {
    if let Some(query) = panel.queries.iter().find(|query| query.sql.is_some()) {
        return ask_by_form(client, query, chosen, range);
    }
    let mut found = Vec::new();
    for (place, query) in panel.queries.iter().enumerate() {
        let legend = query.legend.as_deref().map(|legend| plain(legend, chosen)).unwrap_or_default();
        if let Some(text) = asked(&query.promql) {
            let form = [("query", promql(text, chosen, range, step_ms(range))), ("time", seconds(range.end_ms))];
            found.push(Vector::of_prometheus(&ask_prometheus(client, "query", &form)?, place, legend));
        } else if let Some(text) = asked(&query.traceql) {
            let text = promql(text, chosen, range, step_ms(range));
            found.push(traceql::vector(client, &text, (place, legend), range)?);
        }
    }
    let is_named = found.len() > 1 || found.first().is_some_and(|one| !one.legend.is_empty());
    Ok(if panel.kind == "bar" && is_named { vectors::bars(&found) } else { vectors::table(&found) })
}

/// A query that is written.
fn asked(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}

fn seconds(time_ms: i64) -> String {
    format!("{}.{:03}", time_ms.div_euclid(1000), time_ms.rem_euclid(1000))
}

fn range_form(query: &Query, chosen: &Values, range: Range) -> ([(&'static str, String); 4], Vec<f64>) {
    let step = step_ms(range);
    let (start, end) = (range.start_ms.div_euclid(step) * step, range.end_ms.div_euclid(step) * step);
    let text = promql(query.promql.as_deref().unwrap_or_default(), chosen, range, step);
    let moments = (0..=(end - start) / step).map(|place| (start + place * step) as f64 / 1000.0).collect();
    ([("query", text), ("start", seconds(start)), ("end", seconds(end)), ("step", seconds(step))], moments)
}

fn lines(client: &Client, panel: &Panel, chosen: &Values, range: Range) -> Result<Lines, Failure> {
    let mut all = Lines::default();
    for (place, query) in panel.queries.iter().enumerate() {
        let fallback = if panel.queries.len() > 1 { vectors::letter(place) } else { String::new() };
        let found = if query.sql.is_some() {
            let rows = ask_by_form(client, query, chosen, range)?;
            lines_of_rows(&rows, range, step_ms(range), query.per_second, query.zero)
        } else if asked(&query.promql).is_some() {
            let (form, moments) = range_form(query, chosen, range);
            let answer = ask_prometheus(client, "query_range", &form)?;
            let legend = query.legend.as_deref().map(|legend| plain(legend, chosen)).unwrap_or_default();
            lines_of_matrix(&answer, moments, &legend, &fallback)
        } else if let Some(text) = asked(&query.traceql) {
            let legend = query.legend.as_deref().map(|legend| plain(legend, chosen)).unwrap_or_default();
            traceql::lines(client, &promql(text, chosen, range, step_ms(range)), (&legend, &fallback), range)?
        } else {
            continue;
        };
        all = merged(all, found);
    }
    Ok(all)
}

/// Lines of both on the moments of both.
fn merged(first: Lines, second: Lines) -> Lines {
    if first.lines.is_empty() {
        return second;
    }
    let mut seconds: Vec<f64> = first.seconds.iter().chain(&second.seconds).copied().collect();
    seconds.sort_by(f64::total_cmp);
    seconds.dedup();
    let mut lines = Vec::new();
    for of in [first, second] {
        for line in of.lines {
            let mut values = vec![None; seconds.len()];
            for (at, value) in of.seconds.iter().zip(line.values) {
                if let Ok(place) = seconds.binary_search_by(|known| known.total_cmp(at)) {
                    values[place] = value;
                }
            }
            lines.push(Line { name: line.name, values });
        }
    }
    Lines { seconds, lines }
}

fn number(text: &Value) -> Option<f64> {
    let value: f64 = match text.as_str()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().ok()?,
    };
    value.is_finite().then_some(value)
}

fn place_of(moments: &[f64], at: f64) -> Option<usize> {
    let (first, step) = (*moments.first()?, moments.get(1).map_or(1.0, |second| second - moments[0]));
    let place = ((at - first) / step).round();
    (place >= 0.0 && place < moments.len() as f64).then_some(place as usize)
}

fn lines_of_matrix(answer: &Value, moments: Vec<f64>, legend: &str, fallback: &str) -> Lines {
    let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let lines = series.iter().map(|one| {
        let mut values = vec![None; moments.len()];
        for point in one["values"].as_array().into_iter().flatten() {
            if let Some(place) = point[0].as_f64().and_then(|at| place_of(&moments, at)) {
                values[place] = number(&point[1]);
            }
        }
        Line { name: name_of(&one["metric"], legend, fallback), values }
    });
    let lines = lines.collect();
    Lines { seconds: moments, lines }
}

/// The legend with values for `{{label}}`; of a label that is missing stays nothing.
fn with_labels(legend: &str, metric: &Value) -> String {
    let mut parts = legend.split("{{");
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("}}") {
            Some((label, rest)) => {
                name.push_str(metric[label.trim()].as_str().unwrap_or_default());
                name.push_str(rest);
            }
            None => {
                name.push_str("{{");
                name.push_str(part);
            }
        }
    }
    name.trim().to_owned()
}

/// `{{label}}` of the legend; without one, the labels.
fn name_of(metric: &Value, legend: &str, fallback: &str) -> String {
    if !legend.is_empty() {
        let name = with_labels(legend, metric);
        return if name.is_empty() { fallback.to_owned() } else { name };
    }
    let labels = metric.as_object().into_iter().flatten().filter(|(label, _)| *label != "__name__");
    let labels: Vec<String> =
        labels.map(|(label, value)| format!("{label}={}", value.as_str().unwrap_or_default())).collect();
    if labels.is_empty() { metric["__name__"].as_str().unwrap_or(fallback).to_owned() } else { labels.join(", ") }
}

fn buckets(client: &Client, panel: &Panel, chosen: &Values, range: Range) -> Result<Answer, Failure> {
    let Some(query) = panel.queries.iter().find(|query| query.promql.is_some()) else {
        return lines(client, panel, chosen, range).map(Answer::Lines);
    };
    let (form, moments) = range_form(query, chosen, range);
    let answer = ask_prometheus(client, "query_range", &form)?;
    let buckets = buckets_of_matrix(&answer, moments);
    if buckets.cells.is_empty() && panel.kind == "histogram" {
        // No histogram: how the values of the series spread.
        return lines(client, panel, chosen, range).map(Answer::Lines);
    }
    Ok(Answer::Buckets(buckets))
}

fn buckets_of_matrix(answer: &Value, moments: Vec<f64>) -> Buckets {
    let mut cells = Vec::new();
    let mut classic: Vec<(f64, Vec<Option<f64>>)> = Vec::new();
    for one in answer["data"]["result"].as_array().into_iter().flatten() {
        for point in one["histograms"].as_array().into_iter().flatten() {
            let Some(place) = point[0].as_f64().and_then(|at| place_of(&moments, at)) else { continue };
            for bucket in point[1]["buckets"].as_array().into_iter().flatten() {
                if let (Some(low), Some(high), Some(count)) =
                    (number(&bucket[1]), number(&bucket[2]), number(&bucket[3]))
                {
                    cells.push((place, low, high, count));
                }
            }
        }
        let Some(bound) = one["metric"]["le"].as_str().and_then(|bound| bound.parse::<f64>().ok()) else { continue };
        let mut values = vec![None; moments.len()];
        for point in one["values"].as_array().into_iter().flatten() {
            if let Some(place) = point[0].as_f64().and_then(|at| place_of(&moments, at)) {
                values[place] = number(&point[1]);
            }
        }
        classic.push((bound, values));
    }
    classic.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    let below: Vec<(f64, Vec<Option<f64>>)> =
        std::iter::once((0.0, vec![Some(0.0); moments.len()])).chain(classic.iter().cloned()).collect();
    for ((low, before), (high, values)) in below.iter().zip(&classic) {
        for (place, value) in values.iter().enumerate() {
            let count = value.unwrap_or(0.0) - before[place].unwrap_or(0.0);
            if count > 0.0 && high.is_finite() {
                cells.push((place, *low, *high, count));
            }
        }
    }
    Buckets { seconds: moments, cells }
}
