//! Finds again, by id and over SQL, what a feeder sent: each acknowledged item exactly once.
//!
//! Owns the judgement. A request without an answer is there whole or not at all, a refused one not at all. Never looks
//! at the data directory.

use std::collections::{HashMap, HashSet};

use spanlake_bench::corpus::traces::REQUEST_ATTRIBUTE;
use spanlake_bench::random::Random;
use spanlake_bench::template::{ITEM_BITS, request_value};

use crate::corpus::{ITEM_ATTRIBUTE, POINTS_METRIC, Signal};
use crate::feeder::{Fed, Outcome, Sent};
use crate::server::TestServer;

/// What is stored of requests of one signal: rows, and different items among them.
pub type Stored = HashMap<(Signal, u64), (u64, u64)>;

/// Where items and their numbers are found.
const SIGNALS: [Signal; 3] = [Signal::Spans, Signal::Logs, Signal::Points];

fn query(signal: Signal, since: Option<&str>) -> String {
    let request = format!("attributes['{REQUEST_ATTRIBUTE}']");
    let (table, time, request, item, filter) = match signal {
        Signal::Spans => ("spans", "start_time", request, "span_id".to_owned(), "true".to_owned()),
        Signal::Logs | Signal::OldLogs => {
            let is_numbered = format!("{request} is not null");
            ("logs", "time", request, format!("attributes['{ITEM_ATTRIBUTE}']"), is_numbered)
        }
        Signal::Points => {
            let request = format!("value_int >> {ITEM_BITS}");
            ("metrics", "time", request, "value_int".to_owned(), format!("name = '{POINTS_METRIC}'"))
        }
    };
    let since = since.map(|since| format!("and {time} >= '{since}'")).unwrap_or_default();
    format!(
        "select {request} as request, count(*), count(distinct {item}) from {table} where {filter} {since} group by 1"
    )
}

/// What is stored with a time from `since` on, of all signals.
///
/// # Errors
/// What the server says to a statement that fails.
pub fn stored(server: &TestServer, since: Option<&str>) -> Result<Stored, String> {
    let mut all = Stored::new();
    for signal in SIGNALS {
        let query = query(signal, since);
        let answer = server.post_sql(&serde_json::json!({ "query": query, "format": "csv" }));
        if answer.status != 200 {
            return Err(format!("{query}: {} {}", answer.status, answer.text()));
        }
        for line in answer.text().lines().skip(1).filter(|line| !line.is_empty()) {
            let mut numbers = line.split(',').map(|field| field.trim().trim_matches('"').parse::<u64>());
            let mut next = || numbers.next().and_then(Result::ok).ok_or(format!("{query} answers {line:?}"));
            let (request, rows, items) = (next()?, next()?, next()?);
            all.insert((signal, request - request_value(0)), (rows, items));
        }
    }
    Ok(all)
}

/// What is stored and should not be, or the other way round; requests before `first` are none of this check's.
#[must_use]
pub fn wrongs(sent: &[Sent], stored: &Stored, first: u64) -> Vec<String> {
    let mut known = HashSet::new();
    let mut wrong = Vec::new();
    for one in sent {
        known.insert((one.signal, one.request));
        let whole = (u64::from(one.items), u64::from(one.items));
        match (stored.get(&(one.signal, one.request)), one.outcome) {
            (Some(rows_and_items), Outcome::Acknowledged | Outcome::Unanswered) if *rows_and_items == whole => {}
            (None, Outcome::Refused | Outcome::Unanswered) => {}
            (found, _) => wrong.push(format!("{one:?}, stored (rows, different items): {found:?}")),
        }
    }
    let strangers =
        stored.keys().filter(|(signal, request)| *request >= first && !known.contains(&(*signal, *request)));
    wrong.extend(strangers.map(|(signal, request)| format!("request {request} of {signal:?} was never sent")));
    wrong
}

/// Says what is wrong, where anything is.
///
/// # Errors
/// With a few of the wrongs.
pub fn check(server: &TestServer, sent: &[Sent], first: u64, since: Option<&str>) -> Result<(), String> {
    let wrong = wrongs(sent, &stored(server, since)?, first);
    if wrong.is_empty() {
        return Ok(());
    }
    let some = wrong[..wrong.len().min(10)].join("\n");
    Err(format!("{} of {} requests are wrong, such as\n{some}", wrong.len(), sent.len()))
}

/// The lookup by id must tell of as many spans as SQL does.
///
/// # Errors
/// Where it does not.
pub fn check_traces(server: &TestServer, fed: &Fed, random: &mut Random) -> Result<(), String> {
    for _ in 0..3.min(fed.traces.len()) {
        let trace: [u8; 16] = *random.pick(&fed.traces);
        let id = spanlake_bench::queries::hex(&trace);
        let counted = server.count(&format!("select count(*) from spans where trace_id = '{id}'"));
        let answer = server.trace(&id);
        if answer.status != 200 {
            return Err(format!("trace {id} of an acknowledged span: {} {}", answer.status, answer.text()));
        }
        let found = answer.json()["spans"].as_array().map_or(0, Vec::len);
        if found == 0 || u64::try_from(found) != Ok(counted) {
            return Err(format!("trace {id}: {found} spans by id, {counted} by SQL"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with a request that is missing, doubled, in part, or unknown: each is noticed.
    #[test]
    fn what_is_lost_or_doubled_is_noticed() {
        let sent = |request, outcome| Sent { request, signal: Signal::Spans, items: 4, outcome };
        let all = [sent(7, Outcome::Acknowledged), sent(8, Outcome::Unanswered), sent(9, Outcome::Refused)];
        let found = |stored: &[(u64, (u64, u64))]| {
            let stored = stored.iter().map(|(request, counts)| ((Signal::Spans, *request), *counts)).collect();
            wrongs(&all, &stored, 7).len()
        };
        assert_eq!(found(&[(7, (4, 4))]), 0);
        let with_others = found(&[(7, (4, 4)), (8, (4, 4)), (3, (1, 1))]);
        assert_eq!(with_others, 0, "unanswered may be there; earlier ones do not matter");
        assert_eq!(found(&[]), 1, "lost");
        assert_eq!(found(&[(7, (8, 4))]), 1, "doubled");
        assert_eq!(found(&[(7, (3, 3))]), 1, "in part");
        assert_eq!(found(&[(7, (4, 4)), (8, (2, 2))]), 1, "unanswered and in part");
        assert_eq!(found(&[(7, (4, 4)), (9, (4, 4))]), 1, "refused and there");
        assert_eq!(found(&[(7, (4, 4)), (10, (4, 4))]), 1, "never sent");
    }
}
