//! Names of tags and their values, of the newest spans: what a query editor completes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_store::now_nanos;
use spanlake_traceql::syntax::field::Intrinsic;

use super::moment;
use crate::error::ApiError;
use crate::parameters::{self, HOUR, sql_text, sql_window};
use crate::query;
use crate::state::Shared;

/// Spans that are looked at.
const SPANS_MAX: usize = 50_000;
const VALUES_MAX: usize = 1_000;
/// Of `scope=intrinsic`.
const SCOPES: [(&str, &str); 3] =
    [("resource", "resource_attributes"), ("span", "attributes"), ("instrumentation", "scope_attributes")];

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    pub(super) scope: Option<String>,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

impl Asked {
    /// The newest spans of the range, the last hour unless told, with one column.
    fn newest(&self, column: &str) -> Result<String, ApiError> {
        let end = self.end.as_deref().filter(|end| !end.is_empty()).map(|end| moment("end", end)).transpose()?;
        let start = match self.start.as_deref().filter(|start| !start.is_empty()) {
            Some(start) => moment("start", start)?,
            None => end.unwrap_or_else(now_nanos).saturating_sub(HOUR),
        };
        let window = sql_window("start_time", start, end);
        Ok(format!("(SELECT {column} AS it FROM spans WHERE {window} ORDER BY start_time DESC LIMIT {SPANS_MAX})"))
    }
}

/// A statement's only column.
async fn only_column(shared: &Shared, sql: &str) -> Result<Vec<String>, ApiError> {
    Ok(query::texts(shared, sql).await?.into_iter().flatten().collect())
}

async fn keys(shared: &Shared, asked: &Asked, column: &str) -> Result<Vec<String>, ApiError> {
    let newest = asked.newest(column)?;
    only_column(
        shared,
        &format!("SELECT DISTINCT key FROM (SELECT unnest(map_keys(it)) AS key FROM {newest}) ORDER BY 1"),
    )
    .await
}

fn intrinsics() -> Vec<&'static str> {
    Intrinsic::ALL.into_iter().map(|intrinsic| intrinsic.scoped_name().unwrap_or_else(|| intrinsic.as_str())).collect()
}

/// `/api/search/tags`.
pub(super) async fn tags(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    Ok(Json(tag_names(&shared, &parameters::read(&uri)?).await?))
}

/// Names of tags of all scopes in one list.
pub(super) async fn tag_names(shared: &Shared, asked: &Asked) -> Result<Value, ApiError> {
    let mut names = Vec::new();
    for (_, column) in &SCOPES[..2] {
        names.extend(keys(shared, asked, column).await?);
    }
    names.sort();
    names.dedup();
    Ok(json!({ "tagNames": names }))
}

/// `/api/v2/search/tags`.
pub(super) async fn tags_by_scope(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    Ok(Json(scoped_tag_names(&shared, &parameters::read(&uri)?).await?))
}

/// Names of tags by scope.
pub(super) async fn scoped_tag_names(shared: &Shared, asked: &Asked) -> Result<Value, ApiError> {
    let wanted = asked.scope.as_deref().filter(|scope| !matches!(*scope, "" | "none"));
    let mut scopes = Vec::new();
    for (scope, column) in SCOPES.iter().filter(|(scope, _)| wanted.is_none_or(|wanted| wanted == *scope)) {
        scopes.push(json!({ "name": scope, "tags": keys(shared, asked, column).await? }));
    }
    if wanted.is_none_or(|wanted| wanted == "intrinsic") {
        scopes.push(json!({ "name": "intrinsic", "tags": intrinsics() }));
    }
    Ok(json!({ "scopes": scopes }))
}

/// The expression of a tag: `span.x`, `resource.x`, `.x`, an intrinsic, or, in the first version, a bare key.
fn expression(tag: &str) -> Option<String> {
    let of = |column: &str, key: &str| format!("{column}[{}]", sql_text(key));
    Some(match tag {
        "name" | "span:name" => "name".to_owned(),
        "status" | "span:status" => "status_code".to_owned(),
        "kind" | "span:kind" => "kind".to_owned(),
        "statusMessage" | "span:statusMessage" => "status_message".to_owned(),
        "rootName" | "trace:rootName" => "CASE WHEN parent_span_id IS NULL THEN name END".to_owned(),
        "rootServiceName" | "trace:rootService" => "CASE WHEN parent_span_id IS NULL THEN service_name END".to_owned(),
        "instrumentation:name" => "scope_name".to_owned(),
        "instrumentation:version" => "scope_version".to_owned(),
        "service.name" | ".service.name" | "resource.service.name" => "service_name".to_owned(),
        _ if Intrinsic::from_name(tag).is_some() => return None,
        _ => {
            let scoped = SCOPES.iter().find_map(|(scope, column)| {
                let key = tag.strip_prefix(scope)?.strip_prefix('.')?;
                Some(of(column, key))
            });
            let bare = tag.strip_prefix('.').unwrap_or(tag);
            scoped
                .unwrap_or_else(|| format!("coalesce({}, {})", of("attributes", bare), of("resource_attributes", bare)))
        }
    })
}

async fn values_of(shared: &Shared, tag: &str, asked: &Asked) -> Result<Vec<String>, ApiError> {
    let Some(expression) = expression(tag) else { return Ok(Vec::new()) };
    let newest = asked.newest(&format!("CAST({expression} AS VARCHAR)"))?;
    only_column(
        shared,
        &format!("SELECT DISTINCT it FROM {newest} WHERE it IS NOT NULL AND it <> '' ORDER BY 1 LIMIT {VALUES_MAX}"),
    )
    .await
}

/// `/api/search/tag/<tag>/values`.
pub(super) async fn values(
    State(shared): State<Arc<Shared>>,
    Path(tag): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(tag_values(&shared, &tag, &parameters::read(&uri)?).await?))
}

/// Values of a tag.
pub(super) async fn tag_values(shared: &Shared, tag: &str, asked: &Asked) -> Result<Value, ApiError> {
    Ok(json!({ "tagValues": values_of(shared, tag, asked).await? }))
}

/// `/api/v2/search/tag/<tag>/values`. What `q` says is not looked at: it is half-typed, and more is offered than fits.
pub(super) async fn typed_values(
    State(shared): State<Arc<Shared>>,
    Path(tag): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(typed_tag_values(&shared, &tag, &parameters::read(&uri)?).await?))
}

/// Values of a tag with their types.
pub(super) async fn typed_tag_values(shared: &Shared, tag: &str, asked: &Asked) -> Result<Value, ApiError> {
    let kind = if matches!(tag, "status" | "kind" | "span:status" | "span:kind") { "keyword" } else { "string" };
    let values = values_of(shared, tag, asked).await?;
    let values: Vec<Value> = values.into_iter().map(|value| json!({ "type": kind, "value": value })).collect();
    Ok(json!({ "tagValues": values }))
}
