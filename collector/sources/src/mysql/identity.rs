//! What a server says of itself in variables that seldom change: asked for each minute.

use super::session::{Session, SessionError};

/// Who a server is, and its limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) version: String,
    pub(super) server_uuid: Option<String>,
    pub(super) buffer_pool_bytes: Option<i64>,
    pub(super) connections_max: Option<i64>,
}

pub(super) async fn ask(session: &mut Session) -> Result<Identity, SessionError> {
    let names = "'version', 'server_uuid', 'innodb_buffer_pool_size', 'max_connections'";
    let statement = format!("SHOW /* spanlake */ GLOBAL VARIABLES WHERE Variable_name IN ({names})");
    let mut identity = Identity::default();
    for (name, value) in session.pairs(&statement).await? {
        match name.as_str() {
            "version" => identity.version = value,
            "server_uuid" => identity.server_uuid = Some(value).filter(|uuid| !uuid.is_empty()),
            "innodb_buffer_pool_size" => identity.buffer_pool_bytes = value.parse().ok(),
            "max_connections" => identity.connections_max = value.parse().ok(),
            _ => {}
        }
    }
    Ok(identity)
}
