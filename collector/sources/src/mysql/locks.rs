//! Who waits for whose lock at this moment.
//!
//! Owns the statements that ask, and since when each wait has been seen. Asked only while somebody waits: the tables
//! behind it are dear on a busy server.

use std::collections::HashMap;

use spanlake_schemas::mysql::{LockWait, Statement};

use super::capabilities::{Capabilities, Capability};
use super::session::{Cells, Session, SessionError};
use super::statements::{self, Whose};

const EDGES_MAX: usize = 200;

/// A wait by thread ids.
#[derive(Clone, Debug)]
struct Edge {
    waiting: u64,
    blocking: u64,
    object: String,
    index: String,
    mode: String,
    kind: &'static str,
    wait_ns: i64,
}

/// Since when each wait has been seen: waiting, blocking, object.
#[derive(Debug, Default)]
pub(super) struct LockWaits {
    since: HashMap<(u64, u64, String), i64>,
}

impl LockWaits {
    /// The waits, longest first, and which of them are new.
    pub(super) async fn ask(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        (for_rows, for_metadata): (bool, bool),
        now: i64,
    ) -> Result<(Vec<LockWait>, Vec<LockWait>), SessionError> {
        let mut edges = Vec::new();
        if for_rows && let Some(statement) = row_locks(capabilities) {
            edges.extend(read(session, &statement, "row").await?);
        }
        if for_metadata && capabilities.has(Capability::MetadataLocks) {
            edges.extend(read(session, METADATA_LOCKS, "metadata").await?);
        }
        if edges.is_empty() {
            self.since.clear();
            return Ok(Default::default());
        }
        let mut threads: Vec<u64> = edges.iter().flat_map(|edge| [edge.waiting, edge.blocking]).collect();
        threads.sort_unstable();
        threads.dedup();
        let seen = statements::ask(session, capabilities, Whose::Only(&threads), now).await?;
        let by_thread: HashMap<u64, Statement> =
            seen.into_iter().map(|seen| (seen.statement.thread, seen.statement)).collect();
        Ok(self.waits(edges, &by_thread, now))
    }

    fn waits(
        &mut self,
        edges: Vec<Edge>,
        by_thread: &HashMap<u64, Statement>,
        now: i64,
    ) -> (Vec<LockWait>, Vec<LockWait>) {
        let statement = |thread: u64| {
            by_thread.get(&thread).cloned().unwrap_or_else(|| Statement { thread, ..Statement::default() })
        };
        let (mut waits, mut fresh, mut since) = (Vec::new(), Vec::new(), HashMap::new());
        for edge in edges {
            let key = (edge.waiting, edge.blocking, edge.object.clone());
            if since.contains_key(&key) {
                continue;
            }
            let known = self.since.get(&key).copied();
            let from = known.unwrap_or(now).min(now.saturating_sub(edge.wait_ns));
            let wait = LockWait {
                waiting: statement(edge.waiting),
                blocking: statement(edge.blocking),
                object: edge.object,
                index: edge.index,
                mode: edge.mode,
                kind: edge.kind,
                wait_ns: now.saturating_sub(from),
            };
            if known.is_none() {
                fresh.push(wait.clone());
            }
            since.insert(key, from);
            waits.push(wait);
        }
        self.since = since;
        waits.sort_by_key(|wait| std::cmp::Reverse(wait.wait_ns));
        (waits, fresh)
    }
}

/// Threads by their transactions where those may be seen: a lock that was implicit lists the thread that made it explicit.
fn row_locks(capabilities: &Capabilities) -> Option<String> {
    if capabilities.has(Capability::DataLocks) {
        let (threads, wait, joins) = match capabilities.has(Capability::InnodbMetrics) {
            true => (
                "COALESCE(rx.trx_mysql_thread_id, rt.PROCESSLIST_ID), COALESCE(bx.trx_mysql_thread_id, bt.PROCESSLIST_ID)",
                "TIMESTAMPDIFF(MICROSECOND, rx.trx_wait_started, UTC_TIMESTAMP(6))",
                "LEFT JOIN information_schema.INNODB_TRX rx ON rx.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID \
                 LEFT JOIN information_schema.INNODB_TRX bx ON bx.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID",
            ),
            false => ("rt.PROCESSLIST_ID, bt.PROCESSLIST_ID", "0", ""),
        };
        return Some(format!(
            "SELECT /* spanlake */ {threads}, CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME), l.INDEX_NAME, l.LOCK_MODE, {wait} \
             FROM performance_schema.data_lock_waits w \
             JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID \
             LEFT JOIN performance_schema.threads rt ON rt.THREAD_ID = w.REQUESTING_THREAD_ID \
             LEFT JOIN performance_schema.threads bt ON bt.THREAD_ID = w.BLOCKING_THREAD_ID {joins} LIMIT {EDGES_MAX}"
        ));
    }
    capabilities.has(Capability::InnodbLockWaits).then(|| {
        format!(
            "SELECT /* spanlake */ r.trx_mysql_thread_id, b.trx_mysql_thread_id, REPLACE(l.lock_table, '`', ''), l.lock_index, l.lock_mode, \
             TIMESTAMPDIFF(MICROSECOND, r.trx_wait_started, NOW(6)) \
             FROM information_schema.INNODB_LOCK_WAITS w \
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id \
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id \
             LEFT JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.requested_lock_id LIMIT {EDGES_MAX}"
        )
    })
}

const METADATA_LOCKS: &str = "SELECT /* spanlake */ rt.PROCESSLIST_ID, bt.PROCESSLIST_ID, CONCAT(p.OBJECT_SCHEMA, '.', p.OBJECT_NAME), '', p.LOCK_TYPE, rt.PROCESSLIST_TIME * 1000000 \
    FROM performance_schema.metadata_locks p \
    JOIN performance_schema.metadata_locks g ON g.OBJECT_TYPE = p.OBJECT_TYPE AND g.OBJECT_SCHEMA = p.OBJECT_SCHEMA \
      AND g.OBJECT_NAME = p.OBJECT_NAME AND g.LOCK_STATUS = 'GRANTED' AND g.OWNER_THREAD_ID <> p.OWNER_THREAD_ID \
    JOIN performance_schema.threads rt ON rt.THREAD_ID = p.OWNER_THREAD_ID \
    JOIN performance_schema.threads bt ON bt.THREAD_ID = g.OWNER_THREAD_ID \
    WHERE p.LOCK_STATUS = 'PENDING' AND p.OBJECT_TYPE = 'TABLE' LIMIT 200";

/// A wait longer than this is a clock or a time zone that is not what it seems.
const WAIT_MICROSECONDS_MAX: i64 = 7 * 86_400 * 1_000_000;

async fn read(session: &mut Session, statement: &str, kind: &'static str) -> Result<Vec<Edge>, SessionError> {
    let rows = match session.rows(statement).await {
        Ok(rows) => rows,
        Err(error) if error.is_answer() => {
            tracing::debug!(%error, "lock waits cannot be read");
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let edges = rows.iter().map(|row| {
        let cells = Cells(row);
        let thread = |column| u64::try_from(cells.integer(column)).unwrap_or(0);
        let microseconds = Some(cells.integer(5)).filter(|wait| (0..WAIT_MICROSECONDS_MAX).contains(wait));
        Edge {
            waiting: thread(0),
            blocking: thread(1),
            object: cells.text(2),
            index: cells.text(3),
            mode: cells.text(4),
            kind,
            wait_ns: microseconds.unwrap_or(0) * 1000,
        }
    });
    Ok(edges.filter(|edge| edge.waiting > 0 && edge.blocking > 0).collect())
}
