//! From which servers a server replicates, and how that goes.

use mysql_async::Row;
use spanlake_schemas::mysql::Replica;

use super::capabilities::{Capabilities, Capability};
use super::session::{Cells, Session, SessionError};

/// Asks; empty for a server that replicates from none.
pub(super) async fn ask(session: &mut Session, capabilities: &Capabilities) -> Result<Vec<Replica>, SessionError> {
    let statement = if capabilities.has(Capability::AllSlavesStatus) {
        "SHOW /* spanlake */ ALL SLAVES STATUS"
    } else if capabilities.has(Capability::ReplicaStatus) {
        "SHOW /* spanlake */ REPLICA STATUS"
    } else if capabilities.has(Capability::SlaveStatus) {
        "SHOW /* spanlake */ SLAVE STATUS"
    } else {
        return Ok(Vec::new());
    };
    Ok(session.rows(statement).await?.iter().map(replica).collect())
}

fn replica(row: &Row) -> Replica {
    let cells = Cells(row);
    let either = |new: &str, old: &str| cells.named(new).or_else(|| cells.named(old)).unwrap_or_default();
    let host = either("Source_Host", "Master_Host");
    let port = either("Source_Port", "Master_Port");
    let errors = ["Last_IO_Error", "Last_SQL_Error"].map(|name| cells.named(name).unwrap_or_default());
    Replica {
        channel: either("Channel_Name", "Connection_name"),
        source: format!("{host}:{port}"),
        io: either("Replica_IO_Running", "Slave_IO_Running"),
        sql: either("Replica_SQL_Running", "Slave_SQL_Running"),
        lag_seconds: either("Seconds_Behind_Source", "Seconds_Behind_Master").parse().ok(),
        error: errors.into_iter().filter(|error| !error.is_empty()).collect::<Vec<_>>().join("; "),
    }
}
