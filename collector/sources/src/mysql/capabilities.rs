//! What a server can be asked: found by asking, never by its version.
//!
//! Owns the list of probes and, for each that fails, the sentence that says what is missing and what mends it.

use std::collections::BTreeSet;

use spanlake_schemas::mysql::{Flavor, Missing};

use super::session::{Cells, Session, SessionError};

/// Something that a server may have and its user may be allowed to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Capability {
    /// `performance_schema.global_status` and counts of statements: the status by name, cheaply.
    StatusTable,
    /// `performance_schema.threads` and what they run.
    Statements,
    /// `information_schema.PROCESSLIST` with milliseconds: MariaDB.
    ProcessList,
    /// `performance_schema.user_variables_by_thread`: the carrier `@traceparent`.
    SessionVariables,
    /// `performance_schema.data_lock_waits`.
    DataLocks,
    /// `information_schema.INNODB_LOCK_WAITS`.
    InnodbLockWaits,
    MetadataLocks,
    Digests,
    /// A digest's last statement, of which a plan can be made.
    Samples,
    Histograms,
    /// `events_statements_summary_by_thread_by_event_name`: what a connection costs.
    Accounting,
    InnodbMetrics,
    InnodbStatus,
    /// `SHOW REPLICA STATUS`, `SHOW SLAVE STATUS`, `SHOW ALL SLAVES STATUS`.
    ReplicaStatus,
    SlaveStatus,
    AllSlavesStatus,
    /// `STATEMENT_DIGEST()`.
    StatementDigest,
}

use Capability as C;

/// What was found out about a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Capabilities {
    pub(super) flavor: Flavor,
    pub(super) version: String,
    pub(super) found: BTreeSet<Capability>,
    pub(super) missing: Vec<Missing>,
}

/// One question, and what it tells where it is answered.
const PROBES: &[(Capability, &str)] = &[
    (
        C::StatusTable,
        "SELECT /* spanlake */ g.VARIABLE_NAME FROM performance_schema.global_status g, performance_schema.events_statements_summary_global_by_event_name e LIMIT 1",
    ),
    (
        C::Statements,
        "SELECT /* spanlake */ t.THREAD_ID, e.DIGEST FROM performance_schema.threads t, performance_schema.events_statements_current e LIMIT 0",
    ),
    (
        C::ProcessList,
        "SELECT /* spanlake */ TIME_MS, EXAMINED_ROWS, QUERY_ID FROM information_schema.PROCESSLIST LIMIT 0",
    ),
    (C::SessionVariables, "SELECT /* spanlake */ THREAD_ID FROM performance_schema.user_variables_by_thread LIMIT 0"),
    (
        C::DataLocks,
        "SELECT /* spanlake */ w.ENGINE FROM performance_schema.data_lock_waits w, performance_schema.data_locks l LIMIT 0",
    ),
    (
        C::InnodbLockWaits,
        "SELECT /* spanlake */ w.requesting_trx_id FROM information_schema.INNODB_LOCK_WAITS w, information_schema.INNODB_LOCKS l, information_schema.INNODB_TRX t LIMIT 0",
    ),
    (C::MetadataLocks, "SELECT /* spanlake */ OWNER_THREAD_ID FROM performance_schema.metadata_locks LIMIT 0"),
    (C::Digests, "SELECT /* spanlake */ DIGEST FROM performance_schema.events_statements_summary_by_digest LIMIT 0"),
    (
        C::Samples,
        "SELECT /* spanlake */ QUERY_SAMPLE_TEXT FROM performance_schema.events_statements_summary_by_digest LIMIT 0",
    ),
    (
        C::Histograms,
        "SELECT /* spanlake */ BUCKET_NUMBER FROM performance_schema.events_statements_histogram_by_digest LIMIT 0",
    ),
    (
        C::Accounting,
        "SELECT /* spanlake */ THREAD_ID FROM performance_schema.events_statements_summary_by_thread_by_event_name LIMIT 0",
    ),
    (C::InnodbMetrics, "SELECT /* spanlake */ NAME FROM information_schema.INNODB_METRICS LIMIT 0"),
    (C::InnodbStatus, "SHOW /* spanlake */ ENGINE INNODB STATUS"),
    (C::AllSlavesStatus, "SHOW /* spanlake */ ALL SLAVES STATUS"),
    (C::ReplicaStatus, "SHOW /* spanlake */ REPLICA STATUS"),
    (C::SlaveStatus, "SHOW /* spanlake */ SLAVE STATUS"),
    (C::StatementDigest, "SELECT /* spanlake */ STATEMENT_DIGEST('SELECT 1')"),
];

/// Asks a server for everything that is ever asked of it.
///
/// # Errors
/// When the connection breaks; a refused question is no error.
pub(super) async fn probe(session: &mut Session) -> Result<Capabilities, SessionError> {
    let rows = session.rows("SELECT /* spanlake */ @@version, @@version_comment, @@performance_schema").await?;
    let about = rows.first().map(Cells);
    let version = about.map(|row| row.text(0)).unwrap_or_default();
    let comment = about.map(|row| row.text(1)).unwrap_or_default();
    let has_performance_schema = about.is_some_and(|row| row.text(2) == "1");
    let mut found = Capabilities { flavor: flavor(&version, &comment), version, ..Capabilities::default() };
    let mut refused = Vec::new();
    for (capability, statement) in PROBES {
        match session.rows(statement).await {
            Ok(rows) if *capability != C::StatusTable || !rows.is_empty() => {
                found.found.insert(*capability);
            }
            Ok(_) => refused.push((*capability, 0)),
            Err(SessionError::Refused { code, .. }) => refused.push((*capability, code)),
            Err(error) => return Err(error),
        }
    }
    found.settle(has_performance_schema, &refused);
    found.consumers(session).await?;
    Ok(found)
}

/// MariaDB says so in its version; whoever speaks the protocol and is neither is unknown.
fn flavor(version: &str, comment: &str) -> Flavor {
    let says = |word: &str| version.to_lowercase().contains(word) || comment.to_lowercase().contains(word);
    if says("mariadb") {
        Flavor::Mariadb
    } else if says("mysql") || says("percona") || says("debian") || says("source distribution") || says("ubuntu") {
        Flavor::Mysql
    } else {
        Flavor::Unknown
    }
}

/// The server's words for "you may not", of tables, of privileges and of columns.
const NOT_ALLOWED: &[u16] = &[1044, 1142, 1143, 1227, 1370];

impl Capabilities {
    pub(super) fn has(&self, capability: Capability) -> bool {
        self.found.contains(&capability)
    }

    /// What else is missing, said once.
    pub(super) fn lacks(&mut self, missing: Missing) {
        if !self.missing.iter().any(|known| known.name == missing.name) {
            self.missing.push(missing);
        }
    }

    /// Turns refusals into sentences.
    fn settle(&mut self, has_performance_schema: bool, refused: &[(Capability, u16)]) {
        const PERFORMANCE_SCHEMA: &[Capability] = &[C::Statements, C::Digests, C::DataLocks, C::MetadataLocks];
        if !has_performance_schema {
            let of_it =
                [PERFORMANCE_SCHEMA, &[C::StatusTable, C::Samples, C::Histograms, C::Accounting, C::SessionVariables]]
                    .concat();
            self.found.retain(|capability| !of_it.contains(capability));
            let lost = if self.flavor == Flavor::Mariadb {
                "digests and metadata locks are not collected"
            } else {
                "current statements, digests, plans and lock waits are not collected"
            };
            let text = format!(
                "performance_schema is OFF: {lost}; set performance_schema=ON in the server's configuration and start it anew"
            );
            self.lacks(Missing { what: "setting", name: "performance_schema".to_owned(), text });
        }
        let is_denied = |capabilities: &[Capability]| {
            refused.iter().any(|(capability, code)| capabilities.contains(capability) && NOT_ALLOWED.contains(code))
        };
        if has_performance_schema && is_denied(PERFORMANCE_SCHEMA) {
            self.lacks(grant(
                "SELECT ON performance_schema.*",
                "current statements, digests, plans and lock waits are not collected",
            ));
        }
        if is_denied(&[C::InnodbMetrics, C::InnodbStatus, C::InnodbLockWaits]) {
            self.lacks(grant(
                "PROCESS ON *.*",
                "InnoDB's status, its history list, deadlocks and others' statements are not collected",
            ));
        }
        if self.has(C::Digests) && !self.has(C::Histograms) && !is_denied(&[C::Histograms]) {
            self.lacks(Missing {
                what: "capability",
                name: "events_statements_histogram_by_digest".to_owned(),
                text: "p95 of statements is not collected: this server keeps no histograms by digest, as MySQL does since 8.0; mean and longest times are there".to_owned(),
            });
        }
        let has_replication = self.has(C::AllSlavesStatus) || self.has(C::ReplicaStatus) || self.has(C::SlaveStatus);
        if !has_replication && is_denied(&[C::AllSlavesStatus, C::ReplicaStatus, C::SlaveStatus]) {
            let right =
                if self.flavor == Flavor::Mariadb { "SLAVE MONITOR ON *.*" } else { "REPLICATION CLIENT ON *.*" };
            self.lacks(grant(right, "replication is not collected"));
        }
    }

    /// What is instrumented at all.
    async fn consumers(&mut self, session: &mut Session) -> Result<(), SessionError> {
        if !self.has(C::Digests) {
            return Ok(());
        }
        let statement = "SELECT /* spanlake */ NAME, ENABLED FROM performance_schema.setup_consumers WHERE NAME IN ('events_statements_current', 'statements_digest')";
        let consumers = match session.pairs(statement).await {
            Ok(consumers) => consumers,
            Err(error) if error.is_answer() => return Ok(()),
            Err(error) => return Err(error),
        };
        for (name, _) in consumers.iter().filter(|(_, enabled)| enabled != "YES") {
            let (capability, lost) = match name.as_str() {
                "statements_digest" => (C::Digests, "statements by digest are not collected"),
                // MariaDB's list of processes stands in for it.
                _ if self.has(C::ProcessList) => (C::Statements, ""),
                _ => (C::Statements, "current statements are not collected"),
            };
            self.found.remove(&capability);
            if !lost.is_empty() {
                let text = format!(
                    "the consumer {name} is off: {lost}; UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = '{name}'"
                );
                self.lacks(Missing { what: "setting", name: name.clone(), text });
            }
        }
        Ok(())
    }
}

fn grant(right: &str, lost: &str) -> Missing {
    let text = format!("{lost}: GRANT {right} TO the user that is given here");
    Missing { what: "grant", name: right.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(flavor: Flavor, has_performance_schema: bool, refused: &[(Capability, u16)]) -> Vec<String> {
        let mut found = Capabilities { flavor, ..Capabilities::default() };
        found.found = PROBES.iter().map(|(capability, _)| *capability).collect();
        found.found.retain(|capability| !refused.iter().any(|(of, _)| of == capability));
        found.settle(has_performance_schema, refused);
        found.missing.into_iter().map(|missing| missing.name).collect()
    }

    #[test]
    fn what_is_missing_is_named_once_with_what_mends_it() {
        let all = |codes: &[Capability]| codes.iter().map(|capability| (*capability, 1142)).collect::<Vec<_>>();
        assert!(settled(Flavor::Mysql, true, &[]).is_empty());
        assert_eq!(
            settled(Flavor::Mysql, true, &all(&[C::Statements, C::Digests])),
            ["SELECT ON performance_schema.*"]
        );
        assert_eq!(settled(Flavor::Mysql, true, &[(C::InnodbStatus, 1227)]), ["PROCESS ON *.*"]);
        assert_eq!(settled(Flavor::Mysql, false, &[]), ["performance_schema"]);
        // A table that is not there is a matter of the version, and no right mends it.
        assert!(settled(Flavor::Mysql, true, &[(C::Samples, 1054), (C::InnodbLockWaits, 1109)]).is_empty());
        let histograms = [(C::Histograms, 1146)];
        assert_eq!(settled(Flavor::Mariadb, true, &histograms), ["events_statements_histogram_by_digest"]);
        let replication = [(C::ReplicaStatus, 1227), (C::SlaveStatus, 1064), (C::AllSlavesStatus, 1064)];
        assert_eq!(settled(Flavor::Mysql, true, &replication), ["REPLICATION CLIENT ON *.*"]);
        assert_eq!(settled(Flavor::Mariadb, true, &replication), ["SLAVE MONITOR ON *.*"]);
    }

    #[test]
    fn flavors_are_told_by_what_the_server_says() {
        assert_eq!(flavor("10.11.19-MariaDB-0+deb12u1", "Debian 12"), Flavor::Mariadb);
        assert_eq!(flavor("9.7.4-2", "(Debian)"), Flavor::Mysql);
        assert_eq!(flavor("8.0.35", "MySQL Community Server - GPL"), Flavor::Mysql);
        assert_eq!(flavor("8.0.11-TiDB-v7", "TiDB Server"), Flavor::Unknown);
    }
}
