//! Green, yellow or red, and why: the conditions that docs/mysql.md lists.
//!
//! Pure. The worst reason decides.

use spanlake_schemas::mysql::{Figure, Figures, Light, LockWait, Reason, Replica};

const USAGE_YELLOW: f64 = 0.8;
const USAGE_RED: f64 = 0.95;
const LAG_YELLOW: f64 = 30.0;
const LAG_RED: f64 = 300.0;
const LOCK_WAIT_YELLOW_NS: i64 = 5_000_000_000;
const LOCK_WAIT_RED_NS: i64 = 60_000_000_000;
const DEADLOCKS_YELLOW: f64 = 0.1;
const HIT_RATIO_YELLOW: f64 = 0.9;
/// Rows read a second from which a ratio says something.
const HIT_RATIO_ROWS_MIN: f64 = 1000.0;
const HISTORY_YELLOW: f64 = 1_000_000.0;
const PING_YELLOW_MS: f64 = 250.0;
const RUNNING_YELLOW: f64 = 64.0;

/// The light of a server that answers.
pub(super) fn light(figures: &Figures, replication: &[Replica], locks: &[LockWait]) -> (Light, Vec<Reason>) {
    let mut found = Vec::new();
    of_figures(figures, &mut found);
    for replica in replication {
        of_replica(replica, &mut found);
    }
    if let Some(longest) =
        locks.iter().max_by_key(|lock| lock.wait_ns).filter(|lock| lock.wait_ns >= LOCK_WAIT_YELLOW_NS)
    {
        let light = if longest.wait_ns >= LOCK_WAIT_RED_NS { Light::Red } else { Light::Yellow };
        let seconds = longest.wait_ns / 1_000_000_000;
        let text = format!(
            "thread {} has waited {seconds} s for a lock on {} that thread {} holds",
            longest.waiting.thread, longest.object, longest.blocking.thread
        );
        found.push((light, "lock_wait_long", text));
    }
    found.sort_by_key(|(light, ..)| std::cmp::Reverse(*light));
    let worst = found.first().map_or(Light::Green, |(light, ..)| *light);
    (worst, found.into_iter().map(|(_, code, text)| Reason { code, text }).collect())
}

/// The light of one that does not.
pub(super) fn down(why: &str) -> (Light, Vec<Reason>) {
    (Light::Red, vec![Reason { code: "down", text: format!("the server does not answer: {why}") }])
}

type Found = Vec<(Light, &'static str, String)>;

fn of_figures(figures: &Figures, found: &mut Found) {
    let above = |figure, limit: f64| figures.get(figure).filter(|value| *value >= limit);
    if let (Some(usage), Some(max)) =
        (above(Figure::ConnectionsUsage, USAGE_YELLOW), figures.get(Figure::ConnectionsMax))
    {
        let light = if usage >= USAGE_RED { Light::Red } else { Light::Yellow };
        found.push((light, "connections_high", format!("{:.0} % of {max:.0} connections are used", usage * 100.0)));
    }
    if let Some(running) = above(Figure::ConnectionsRunning, RUNNING_YELLOW) {
        found.push((Light::Yellow, "statements_many", format!("{running:.0} statements run at once")));
    }
    if let Some(deadlocks) = above(Figure::DeadlocksPerSecond, DEADLOCKS_YELLOW) {
        found.push((Light::Yellow, "deadlocks", format!("{deadlocks:.1} deadlocks a second")));
    }
    let hit_ratio = figures.get(Figure::BufferPoolHitRatio).filter(|ratio| *ratio < HIT_RATIO_YELLOW);
    if let (Some(ratio), Some(_)) = (hit_ratio, above(Figure::RowsReadPerSecond, HIT_RATIO_ROWS_MIN)) {
        let text = format!("{:.0} % of reads are served from the buffer pool", ratio * 100.0);
        found.push((Light::Yellow, "buffer_pool_misses", text));
    }
    if let Some(length) = above(Figure::HistoryListLength, HISTORY_YELLOW) {
        found.push((
            Light::Yellow,
            "history_long",
            format!("the history list has {length:.0} entries: a transaction is open for long"),
        ));
    }
    if let Some(ping) = above(Figure::PingMs, PING_YELLOW_MS) {
        found.push((Light::Yellow, "answers_slow", format!("the status took {ping:.0} ms")));
    }
}

fn of_replica(replica: &Replica, found: &mut Found) {
    let from = &replica.source;
    let stopped =
        [("receiving", &replica.io), ("applying", &replica.sql)].into_iter().find(|(_, state)| *state != "Yes");
    if let Some((what, state)) = stopped {
        let error = if replica.error.is_empty() { String::new() } else { format!(": {}", replica.error) };
        found.push((Light::Red, "replication_stopped", format!("{what} from {from} is {state:?}{error}")));
    } else if let Some(lag) = replica.lag_seconds.filter(|lag| *lag >= LAG_YELLOW) {
        let light = if lag >= LAG_RED { Light::Red } else { Light::Yellow };
        found.push((light, "replication_late", format!("{lag:.0} s behind {from}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(set: &[(Figure, f64)], replication: &[Replica], locks: &[LockWait]) -> (Light, Vec<&'static str>) {
        let mut figures = Figures::default();
        for (figure, value) in set {
            figures.set(*figure, Some(*value));
        }
        let (light, reasons) = light(&figures, replication, locks);
        (light, reasons.into_iter().map(|reason| reason.code).collect())
    }

    #[test]
    fn the_worst_reason_decides() {
        let usage = |usage| [(Figure::ConnectionsUsage, usage), (Figure::ConnectionsMax, 151.0)];
        assert_eq!(codes(&usage(0.5), &[], &[]), (Light::Green, vec![]));
        assert_eq!(codes(&usage(0.82), &[], &[]), (Light::Yellow, vec!["connections_high"]));
        let replica =
            |io: &str, lag| Replica { io: io.into(), sql: "Yes".into(), lag_seconds: lag, ..Replica::default() };
        let (light, reasons) = codes(&usage(0.82), &[replica("Connecting", None)], &[]);
        assert_eq!((light, reasons), (Light::Red, vec!["replication_stopped", "connections_high"]));
        assert_eq!(codes(&[], &[replica("Yes", Some(31.0))], &[]), (Light::Yellow, vec!["replication_late"]));
        assert_eq!(codes(&[], &[replica("Yes", Some(1.0))], &[]).0, Light::Green);
        let lock = |wait_ns| LockWait {
            waiting: Default::default(),
            blocking: Default::default(),
            object: "shop.orders".into(),
            index: String::new(),
            mode: "X".into(),
            kind: "row",
            wait_ns,
        };
        assert_eq!(codes(&[], &[], &[lock(1_000_000_000)]).0, Light::Green);
        assert_eq!(codes(&[], &[], &[lock(6_000_000_000)]), (Light::Yellow, vec!["lock_wait_long"]));
        assert_eq!(codes(&[(Figure::BufferPoolHitRatio, 0.5)], &[], &[]).0, Light::Green);
    }
}
