//! One connection: what it is subscribed to, and when it is told.
//!
//! Owns the loop: wait for a message, for rows or for a step's time; then look at everything that is due, under one frame.
//! At most four frames a second; evaluation takes at most a fifth of the time; one frame is under way at once. So a client
//! that reads slowly, or asks for much, gets fewer frames and holds no more memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde::Serialize;
use serde_json::{Map, Value, json};
use spanlake_store::Arrivals;
use tokio::time::Instant;

use super::now_ms;
use super::protocol::{self, Message};
use super::subscription::{Subscription, Watched};
use crate::prometheus::live::{LiveTimes, evaluate_all};
use crate::state::Shared;

/// Least time between two frames.
const FRAME_EVERY: Duration = Duration::from_millis(250);
/// So many times as long as looking took, nothing is looked at.
const REST_FACTOR: u32 = 4;
/// How long a client may take to read a frame.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// A client that says nothing is asked whether it is there; and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(15);
const SILENCE_MAX: Duration = Duration::from_secs(50);
/// After an error, a query is asked again.
const ERROR_REST: Duration = Duration::from_secs(5);
const SUBSCRIPTIONS_MAX: usize = 64;

const POLICY: u16 = 1008;
const GOING_AWAY: u16 = 1001;

/// Why the connection ends.
enum End {
    Gone,
    SentAway(u16, &'static str),
}

struct Session {
    shared: Arc<Shared>,
    sink: SplitSink<WebSocket, Frame>,
    subscriptions: BTreeMap<u32, Subscription>,
    frames: u64,
    /// When the next frame may be made.
    rest_until: Instant,
    heard_at: Instant,
    asked_at: Instant,
}

/// Serves a connection until it ends.
pub(super) async fn run(socket: WebSocket, shared: &Arc<Shared>) {
    let (sink, mut stream) = socket.split();
    let now = Instant::now();
    let mut session = Session {
        shared: Arc::clone(shared),
        sink,
        subscriptions: BTreeMap::new(),
        frames: 0,
        rest_until: now,
        heard_at: now,
        asked_at: now,
    };
    if let End::SentAway(code, reason) = session.serve(&mut stream).await {
        shared.metrics.live.dropped.fetch_add(1, Relaxed);
        let close = Frame::Close(Some(CloseFrame { code, reason: reason.into() }));
        // Whoever does not read does not read this either.
        let _ = tokio::time::timeout(Duration::from_secs(1), session.sink.send(close)).await;
    }
}

impl Session {
    async fn serve(&mut self, stream: &mut SplitStream<WebSocket>) -> End {
        let mut arrivals = self.shared.store.subscribe();
        loop {
            let current = *arrivals.borrow_and_update();
            let wake = self.wakes_at(&current);
            tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(frame)) => if let Err(end) = self.hear(frame).await { return end },
                    _ => return End::Gone,
                },
                changed = arrivals.changed(), if !self.is_due(&current) => if changed.is_err() {
                    return End::SentAway(GOING_AWAY, "the server stops");
                },
                () = tokio::time::sleep_until(wake) => if let Err(end) = self.look(current).await { return end },
            }
        }
    }

    async fn hear(&mut self, frame: Frame) -> Result<(), End> {
        self.heard_at = Instant::now();
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Close(_) => return Err(End::Gone),
            Frame::Binary(_) => return Err(End::SentAway(POLICY, "messages are JSON texts")),
            Frame::Ping(_) | Frame::Pong(_) => return Ok(()),
        };
        match protocol::read(text.as_str(), now_ms()) {
            Ok(Message::Unsubscribe { id }) => {
                self.subscriptions.remove(&id);
                Ok(())
            }
            Ok(Message::Subscribe { id, to }) => {
                if self.subscriptions.len() >= SUBSCRIPTIONS_MAX && !self.subscriptions.contains_key(&id) {
                    let message = format!("a connection has at most {SUBSCRIPTIONS_MAX} subscriptions");
                    return self
                        .send(&json!({ "op": "error", "id": id, "error": message, "errorType": "limit" }))
                        .await;
                }
                self.subscriptions.insert(id, Subscription::new(to));
                Ok(())
            }
            Err(wrong) => {
                self.send(&json!({ "op": "error", "id": wrong.id, "error": wrong.message, "errorType": "bad_data" }))
                    .await
            }
        }
    }

    fn is_due(&self, current: &Arrivals) -> bool {
        let now = Instant::now();
        self.subscriptions.values().any(|one| one.is_due(current, now))
    }

    /// When something must be looked at.
    fn wakes_at(&self, current: &Arrivals) -> Instant {
        let now = Instant::now();
        if self.subscriptions.values().any(|one| one.is_due(current, now)) {
            return self.rest_until;
        }
        let next = self.subscriptions.values().map(|one| one.due_by_itself(now)).min();
        let asks = self.asked_at.max(self.heard_at) + PING_EVERY;
        next.map_or(asks, |next| next.max(self.rest_until).min(asks))
    }

    /// Looks at what is due and tells what changed.
    async fn look(&mut self, current: Arrivals) -> Result<(), End> {
        let now = Instant::now();
        if now > self.heard_at + SILENCE_MAX {
            return Err(End::SentAway(POLICY, "no answer to a ping"));
        }
        if !self.shared.status.is_ready() {
            return Err(End::SentAway(GOING_AWAY, "the server stops"));
        }
        if now >= self.asked_at.max(self.heard_at) + PING_EVERY {
            self.asked_at = now;
            self.put(Frame::Ping(Vec::new().into())).await?;
        }
        let due: Vec<u32> =
            self.subscriptions.iter().filter(|(_, one)| one.is_due(&current, now)).map(|(id, _)| *id).collect();
        if due.is_empty() || now < self.rest_until {
            return Ok(());
        }
        let mut changes = self.changes_of_series(&due, current).await;
        changes.extend(self.changes_of_rows(&due, current).await);
        self.rest_until = Instant::now() + FRAME_EVERY.max(now.elapsed() * REST_FACTOR);
        if changes.is_empty() {
            return Ok(());
        }
        self.frames += 1;
        self.shared.metrics.live.frames.fetch_add(1, Relaxed);
        let frame = json!({ "op": "batch", "seq": self.frames, "now": now_ms(), "changes": changes });
        self.send(&frame).await
    }

    async fn changes_of_series(&mut self, due: &[u32], current: Arrivals) -> Vec<Value> {
        let now_ms = now_ms();
        let mut asked = Vec::new();
        let mut queries = Vec::new();
        for id in due {
            if let Some(query) = self.subscriptions.get(id).and_then(|one| one.query(now_ms)) {
                asked.push(*id);
                queries.push(query);
            }
        }
        if asked.is_empty() {
            return Vec::new();
        }
        self.shared.metrics.live.evaluations.fetch_add(u64::try_from(asked.len()).unwrap_or(0), Relaxed);
        let times: Vec<LiveTimes> = queries.iter().map(|query| query.at).collect();
        let results = match evaluate_all(&self.shared, queries).await {
            Ok(results) => results,
            Err(failure) => {
                // All of them are asked again later; what is known stays.
                tracing::debug!(reason = failure.words().1, "a live view waits");
                return Vec::new();
            }
        };
        let mut changes = Vec::new();
        for ((id, at), result) in asked.into_iter().zip(times).zip(results) {
            let Some(one) = self.subscriptions.get_mut(&id) else { continue };
            one.looked(current);
            let change = match result {
                Ok(value) => one.tell(value, at, now_ms),
                Err(failure) => {
                    one.rest_until = Some(Instant::now() + ERROR_REST);
                    let (kind, message) = failure.words();
                    one.told().and_then(|told| told.error(kind, message))
                }
            };
            changes.extend(change.map(|change| with_id(id, change)));
        }
        changes
    }

    async fn changes_of_rows(&mut self, due: &[u32], current: Arrivals) -> Vec<Value> {
        let mut changes = Vec::new();
        for id in due {
            let Some(one) = self.subscriptions.get_mut(id).filter(|one| one.is_of_rows()) else { continue };
            let mut change = Map::new();
            let seen = one.seen;
            one.looked(current);
            match &mut one.topic {
                Watched::Range { .. } | Watched::Instant { .. } => {}
                Watched::Arrivals(table) => {
                    let before = seen.map_or_else(|| current.of(*table), |seen| seen.of(*table));
                    change.insert("rows".to_owned(), (current.of(*table) - before).into());
                }
                Watched::Logs(tail) => {
                    let is_first = tail.is_new;
                    match tail.look(&self.shared).await {
                        Ok(found) if found.rows.is_empty() && !is_first => {}
                        Ok(found) => {
                            change.insert("columns".to_owned(), super::log_tail::COLUMNS.split(", ").collect());
                            change.insert("rows".to_owned(), serde_json::to_value(&found.rows).unwrap_or_default());
                            change.insert("is_cut".to_owned(), found.is_cut.into());
                        }
                        Err(error) => {
                            one.rest_until = Some(Instant::now() + ERROR_REST);
                            change.insert("error".to_owned(), error.message.into());
                            change.insert("errorType".to_owned(), error.code.into());
                        }
                    }
                }
            }
            if !change.is_empty() {
                changes.push(with_id(*id, change));
            }
        }
        changes
    }

    async fn send(&mut self, value: &impl Serialize) -> Result<(), End> {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.put(Frame::Text(text.into())).await
    }

    async fn put(&mut self, frame: Frame) -> Result<(), End> {
        let began = Instant::now();
        match tokio::time::timeout(READ_PATIENCE, self.sink.send(frame)).await {
            Ok(Ok(())) => {
                if began.elapsed() > FRAME_EVERY {
                    self.shared.metrics.live.late.fetch_add(1, Relaxed);
                }
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::SentAway(POLICY, "a frame was not read in time")),
        }
    }
}

fn with_id(id: u32, mut change: Map<String, Value>) -> Value {
    change.insert("id".to_owned(), id.into());
    Value::Object(change)
}
