//! InnoDB and the sizes of tables, as last read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::unknown;
use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;

const TABLES_DEFAULT: usize = 100;
const TABLES_MAX: usize = 10_000;

#[derive(Debug, Deserialize)]
struct ServerParameters {
    server: String,
    limit: Option<String>,
}

/// `GET /api/mysql/innodb`.
pub(super) async fn innodb(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let ServerParameters { server, .. } = parameters::read(&uri)?;
    let picture = shared.mysql.innodb(&server).ok_or_else(|| unknown(&server))?;
    let rows: Map<String, Value> =
        picture.row_operations.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
    let body = json!({
        "buffer_pool": {
            "size_bytes": picture.buffer_pool_size_bytes,
            "data_bytes": picture.buffer_pool_data_bytes,
            "dirty_bytes": picture.buffer_pool_dirty_bytes,
            "free_pages": picture.buffer_pool_free_pages,
            "hit_ratio": picture.buffer_pool_hit_ratio,
        },
        "log": {
            "checkpoint_age_bytes": picture.log_checkpoint_age_bytes,
            "capacity_bytes": picture.log_capacity_bytes,
        },
        "history_list_length": picture.history_list_length,
        "row_operations": rows,
        "semaphores_waits": picture.semaphore_waits,
        "status_text": picture.status_text,
    });
    Ok(Json(body).into_response())
}

/// `GET /api/mysql/tables`.
pub(super) async fn tables(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let ServerParameters { server, limit } = parameters::read(&uri)?;
    let limit = parameters::count("limit", limit.as_deref(), TABLES_DEFAULT, TABLES_MAX)?;
    let tables = shared.mysql.tables(&server).ok_or_else(|| unknown(&server))?;
    let shown: Vec<Value> = tables
        .iter()
        .take(limit)
        .map(|table| {
            json!({
                "schema": table.schema,
                "table": table.table,
                "rows": table.rows,
                "data_bytes": table.data_bytes,
                "index_bytes": table.index_bytes,
                "auto_increment_used_ratio": table.auto_increment_used_ratio,
            })
        })
        .collect();
    Ok(Json(json!({ "tables": shown })).into_response())
}
