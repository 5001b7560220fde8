//! What polling costs: the server by its own accounting, this machine by the time that polling took.
//!
//! The server's is the time of all statements of both connections; where it keeps no account, the time that was waited
//! for them, which is more.

use std::sync::atomic::Ordering;

use super::capabilities::{Capabilities, Capability};
use super::message;
use super::names::Kind;
use super::session::{Cells, Session, SessionError};
use super::slow::Found;
use super::state::ServerState;

/// Readings of the accounts.
#[derive(Debug, Default)]
pub(super) struct Costs {
    before: Option<Account>,
}

#[derive(Clone, Debug, PartialEq)]
struct Account {
    time: i64,
    connections: Vec<u64>,
    server_ms: f64,
    statements: u64,
    busy_ns: u64,
}

impl Costs {
    pub(super) async fn ask(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        state: &ServerState,
        time: i64,
        found: &mut Found,
    ) -> Result<(), SessionError> {
        let connections: Vec<u64> = state.own.connections().collect();
        let server_ms = match capabilities.has(Capability::Accounting) && !connections.is_empty() {
            true => by_the_server(session, &connections).await?,
            false => None,
        };
        let now = Account {
            time,
            connections,
            server_ms: server_ms.unwrap_or_else(|| state.own.waited().as_secs_f64() * 1e3),
            statements: state.own.count(),
            busy_ns: state.busy.load(Ordering::Relaxed),
        };
        let before = self.before.replace(now.clone());
        let Some(before) = before.filter(|before| before.connections == now.connections && now.time > before.time)
        else {
            return Ok(());
        };
        #[allow(clippy::cast_precision_loss, reason = "lengths of time and small counts")]
        let (seconds, statements, busy) = (
            (now.time - before.time) as f64 / 1e9,
            now.statements.saturating_sub(before.statements) as f64,
            now.busy_ns.saturating_sub(before.busy_ns) as f64 / 1e9,
        );
        let server_ms_per_second = (now.server_ms - before.server_ms).max(0.0) / seconds;
        let (statements_per_second, own_cpu_ratio) = (statements / seconds, busy / seconds);
        state.note(|picture| {
            picture.cost.server_ms_per_second = server_ms_per_second;
            picture.cost.statements_per_second = statements_per_second;
            picture.cost.own_cpu_ratio = own_cpu_ratio;
        });
        let gauge = |name, unit, description, value| {
            message::number((name, unit, description), (Kind::Gauge, None), time, [(Vec::new(), value)])
        };
        found.metrics.extend([
            gauge(
                "spanlake.mysql.cost.server_time",
                "ms/s",
                "Time that the server spent on the poller.",
                server_ms_per_second,
            ),
            gauge(
                "spanlake.mysql.cost.statements",
                "{statement}/s",
                "Statements of the poller.",
                statements_per_second,
            ),
            gauge(
                "spanlake.mysql.cost.cpu",
                "1",
                "Share of one core that polling this server takes here.",
                own_cpu_ratio,
            ),
        ]);
        Ok(())
    }
}

/// Milliseconds of these connections so far.
async fn by_the_server(session: &mut Session, connections: &[u64]) -> Result<Option<f64>, SessionError> {
    let list = connections.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let statement = format!(
        "SELECT /* spanlake */ SUM(s.SUM_TIMER_WAIT) FROM performance_schema.threads t \
         JOIN performance_schema.events_statements_summary_by_thread_by_event_name s ON s.THREAD_ID = t.THREAD_ID \
         WHERE t.PROCESSLIST_ID IN ({list})"
    );
    let rows = session.rows(&statement).await?;
    Ok(rows.first().and_then(|row| Cells(row).number(0)).map(|picoseconds| picoseconds / 1e9))
}
