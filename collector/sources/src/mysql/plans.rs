//! Plans of the digests of most time, and when they change.
//!
//! Owns the last plan of each. Only a single SELECT is ever explained, in a session that can only read, and never run: see
//! [`super::explainable`]. Its text is the server's sample of the digest, else what was last seen to run. Costs, estimates and literals are no part of what makes two plans different.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use spanlake_schemas::mysql::{Missing, events, keys};
use xxhash_rust::xxh3::xxh3_64;

use super::capabilities::{Capabilities, Capability};
use super::digests::{Delta, DigestKey};
use super::explainable::explainable;
use super::records::{self, text};
use super::session::{Cells, Session, SessionError};
use super::slow::Found;
use super::state::ServerState;
use super::text::obfuscated;

const PLANS_MAX: usize = 1000;
/// A plan is told again after half an hour, so that a range of time finds the one that was in force.
const TOLD_ANEW: i64 = 1800 * 1_000_000_000;

#[derive(Debug, Default)]
pub(super) struct Plans {
    /// The plan, and when it was told last.
    known: HashMap<DigestKey, (String, i64)>,
}

impl Plans {
    pub(super) async fn ask(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        (state, top): (&ServerState, &[Delta]),
        time: i64,
        found: &mut Found,
    ) -> Result<(), SessionError> {
        for delta in top {
            let sample = match capabilities.has(Capability::Samples) {
                true => sample_of(session, &delta.key).await?,
                false => state.seen_text(&delta.key.digest).unwrap_or_default(),
            };
            let Some(statement) = explainable(&sample) else { continue };
            if let Some(plan) = explain(session, state, &delta.key, &statement).await? {
                self.take(delta, &sample, plan, time, found);
            }
        }
        Ok(())
    }

    fn take(&mut self, delta: &Delta, sample: &str, mut plan: Value, time: i64, found: &mut Found) {
        clean(&mut plan);
        let hash = format!("{:016x}", xxh3_64(shape(&plan).to_string().as_bytes()));
        if self.known.len() >= PLANS_MAX {
            self.known.clear();
        }
        let before = self.known.get(&delta.key).cloned();
        if before.as_ref().is_some_and(|(known, told_at)| *known == hash && time - told_at < TOLD_ANEW) {
            return;
        }
        self.known.insert(delta.key.clone(), (hash.clone(), time));
        let schema = delta.key.schema.as_deref().unwrap_or_default();
        let attributes = vec![
            text("db.system.name", "mysql"),
            text(keys::DIGEST, &delta.key.digest),
            text(keys::SCHEMA, schema),
            text(keys::PLAN_HASH, &hash),
            text(keys::PLAN, &plan.to_string()),
            text(keys::TEXT, &obfuscated(sample)),
        ];
        found.records.push(records::record(time, events::PLAN, "", attributes));
        if let Some((before, _)) = before.filter(|(known, _)| *known != hash) {
            let detail = json!({"digest": delta.key.digest, "schema": schema, "before": before, "after": hash});
            let mut record = records::event(time, "plan_change", &format!("another plan for {}", delta.text), &detail);
            record.attributes.push(text(keys::DIGEST, &delta.key.digest));
            found.records.push(record);
        }
    }
}

/// The digest's last statement, as the server remembers it.
async fn sample_of(session: &mut Session, key: &DigestKey) -> Result<String, SessionError> {
    let statement = format!(
        "SELECT /* spanlake */ QUERY_SAMPLE_TEXT FROM performance_schema.events_statements_summary_by_digest WHERE {}",
        key.condition()
    );
    let rows = session.rows(&statement).await?;
    Ok(rows.first().map(|row| Cells(row).text(0)).unwrap_or_default())
}

async fn explain(
    session: &mut Session,
    state: &ServerState,
    key: &DigestKey,
    select: &str,
) -> Result<Option<Value>, SessionError> {
    let schema = key.schema.as_deref().unwrap_or_default();
    let answer = async {
        if !schema.is_empty() {
            session.rows(&format!("USE `{}`", schema.replace('`', "``"))).await?;
        }
        session.rows(&format!("EXPLAIN /* spanlake */ FORMAT=JSON {select}")).await
    };
    match answer.await {
        Ok(rows) => Ok(rows.first().and_then(|row| serde_json::from_str(&Cells(row).text(0)).ok())),
        Err(error) if error.is_answer() => {
            if let SessionError::Refused { code: 1044 | 1142 | 1143, .. } = error {
                let name = format!("SELECT ON `{schema}`.*");
                let text = format!(
                    "plans of statements in {schema} are not shown: GRANT {name} TO the user that is given here"
                );
                state.note(|picture| {
                    if !picture.missing.iter().any(|known| known.name == name) {
                        picture.missing.push(Missing { what: "grant", name, text });
                    }
                });
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Takes literals out of every text of a plan. Numbers as text (costs) stay; the statement as the server has written it
/// anew does not: it names columns after expressions, literals and all.
fn clean(plan: &mut Value) {
    match plan {
        Value::String(text) if text.parse::<f64>().is_err() => *text = obfuscated(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => {
            fields.remove("query");
            fields.values_mut().for_each(clean);
        }
        _ => {}
    }
}

/// What of a plan makes it that plan: which tables, in which order, by which index, in which way.
fn shape(plan: &Value) -> Value {
    const KEPT: &[&str] = &[
        "access_type",
        "table_name",
        "key",
        "index_name",
        "key_length",
        "used_key_parts",
        "operation",
        "join_type",
        "join_algorithm",
        "using_filesort",
        "using_temporary_table",
        "using_index",
        "covering",
        "backward_index_scan",
        "using_join_buffer",
        "message",
    ];
    match plan {
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        Value::Object(fields) => {
            let kept = fields.iter().filter_map(|(key, value)| match value {
                Value::Array(_) | Value::Object(_) if key != "used_columns" => Some((key.clone(), shape(value))),
                _ if KEPT.contains(&key.as_str()) => Some((key.clone(), value.clone())),
                _ => None,
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_its_shape() {
        let plan = |rows: f64, access: &str| {
            let mut plan = json!({"query_plan": {"condition": "(t.a = 'secret')", "estimated_rows": rows, "cost": "0.35",
                "inputs": [{"access_type": access, "table_name": "t", "used_columns": ["a"]}]}});
            clean(&mut plan);
            plan
        };
        let first = plan(3.0, "table");
        assert!(!first.to_string().contains("secret") && first.to_string().contains("0.35"), "{first}");
        assert_eq!(shape(&first), shape(&plan(9000.0, "table")));
        assert_ne!(shape(&first), shape(&plan(3.0, "index")));
    }
}
