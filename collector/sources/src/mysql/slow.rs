//! The slow connection: what is dear or seldom changes, each on its own clock, one statement at a time.
//!
//! Owns those clocks. A task that took long waits longer for its next turn, so that none takes more than a hundredth of
//! the server's time. Works only while the fast connection says that the server answers.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message;
use spanlake_schemas::ingest::Signal;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::MysqlSource;
use super::capabilities::Capabilities;
use super::cost::Costs;
use super::digests::Digests;
use super::histograms::Histograms;
use super::innodb::Innodb;
use super::message::{self, Target};
use super::plans::Plans;
use super::session::{Lane, Session, SessionError};
use super::state::{DigestQuestion, ServerState};
use super::variables;
use super::{identity, records};
use crate::delivery::{Delivery, now_milliseconds};

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(2);
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(500);
/// Between two looks at whether the server is there, and after a failure.
const PATIENCE: Duration = Duration::from_secs(1);
/// A task waits at least so many times as long as it took.
const REST_FACTOR: u32 = 100;

/// What one turn has found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) metrics: Vec<Metric>,
    pub(super) records: Vec<LogRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Cost,
    Digests,
    Histograms,
    InnodbMetrics,
    InnodbStatus,
    Plans,
    Variables,
    Tables,
}

/// The tasks in order, and how often each is done.
const TASKS: &[(Task, u64)] = &[
    (Task::Digests, 10),
    (Task::Histograms, 10),
    (Task::Cost, 10),
    (Task::InnodbMetrics, 10),
    (Task::Variables, 60),
    (Task::InnodbStatus, 30),
    (Task::Plans, 60),
    (Task::Tables, 300),
];

pub(super) struct SlowPoller {
    source: MysqlSource,
    state: Arc<ServerState>,
    delivery: Delivery,
    target: Target,
    session: Option<Session>,
    due: Vec<Instant>,
    costs: Costs,
    innodb: Innodb,
    digests: Digests,
    histograms: Histograms,
    plans: Plans,
}

impl SlowPoller {
    pub(super) fn new(source: MysqlSource, state: Arc<ServerState>, delivery: Delivery) -> Self {
        let target = Target::at(&source.url);
        Self {
            source,
            state,
            delivery,
            target,
            session: None,
            due: vec![Instant::now(); TASKS.len()],
            costs: Costs::default(),
            innodb: Innodb::default(),
            digests: Digests::default(),
            histograms: Histograms::default(),
            plans: Plans::default(),
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let Some(mut asked) = self.state.asked.lock().take() else { return };
        let working = async {
            loop {
                self.turn(&mut asked).await;
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = working => {}
        }
        if let Some(session) = self.session.take() {
            let _ = tokio::time::timeout(GOODBYE_TIMEOUT, session.close()).await;
        }
    }

    async fn turn(&mut self, asked: &mut mpsc::Receiver<DigestQuestion>) {
        let Some(capabilities) = self.state.capabilities() else {
            self.session = None;
            tokio::time::sleep(PATIENCE).await;
            return;
        };
        if self.session.is_none() {
            match self.connect().await {
                Ok(session) => self.session = Some(session),
                Err(error) => {
                    tracing::debug!(server = %self.source.url, %error, "the second connection");
                    tokio::time::sleep(PATIENCE).await;
                    return;
                }
            }
        }
        let next = self.due.iter().min().copied().unwrap_or_else(Instant::now);
        let next = next.min(Instant::now() + PATIENCE);
        let result = tokio::select! {
            biased;
            Some(question) = asked.recv() => self.answer(question, &capabilities).await,
            () = tokio::time::sleep_until(next) => self.work(&capabilities).await,
        };
        if let Err(error) = result {
            tracing::debug!(server = %self.source.url, %error, "the second connection is lost");
            self.session = None;
            tokio::time::sleep(PATIENCE).await;
        }
    }

    async fn connect(&mut self) -> Result<Session, SessionError> {
        let lane = (Lane::Slow, Arc::clone(&self.state.own));
        let mut session = Session::open(&self.source.url, lane, STATEMENT_TIMEOUT, CONNECT_TIMEOUT).await?;
        self.target.identify(&identity::ask(&mut session).await?);
        Ok(session)
    }

    /// Does what is due, and stores what it finds.
    async fn work(&mut self, capabilities: &Capabilities) -> Result<(), SessionError> {
        let mut found = Found::default();
        let mut result = Ok(());
        for (position, (task, seconds)) in TASKS.iter().enumerate() {
            let started = Instant::now();
            let is_wanted = *task == Task::InnodbStatus && self.innodb.has_new_deadlock();
            if self.due[position] > started && !is_wanted {
                continue;
            }
            match self.task(*task, capabilities, &mut found).await {
                Ok(()) => {}
                Err(error) if error.is_answer() => tracing::debug!(server = %self.source.url, ?task, %error, "refused"),
                Err(error) => result = Err(error),
            }
            let rest = started.elapsed() * REST_FACTOR;
            self.due[position] = started + Duration::from_secs(*seconds).max(rest);
            if result.is_err() {
                break;
            }
        }
        self.deliver(found).await;
        result
    }

    async fn task(&mut self, task: Task, capabilities: &Capabilities, found: &mut Found) -> Result<(), SessionError> {
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        let (state, time) = (&self.state, now_milliseconds() * 1_000_000);
        match task {
            Task::Cost => self.costs.ask(session, capabilities, state, time, found).await,
            Task::Digests => self.digests.ask(session, capabilities, state, time, found).await,
            Task::Histograms => self.histograms.ask(session, capabilities, &self.digests.top, time, found).await,
            Task::Plans => self.plans.ask(session, capabilities, (state, &self.digests.top), time, found).await,
            Task::Variables => variables::ask(session, state, time, found).await,
            Task::Tables => variables::ask_tables(session, state, time, found).await,
            Task::InnodbMetrics => self.innodb.ask_metrics(session, capabilities, state, time, found).await,
            Task::InnodbStatus => self.innodb.ask_status(session, capabilities, state, time, found).await,
        }
    }

    async fn deliver(&mut self, found: Found) {
        let deadline = Instant::now() + DELIVERY_TIMEOUT;
        if !found.metrics.is_empty() {
            let body = message::request(&self.target, found.metrics).encode_to_vec();
            self.delivery.send(body.into(), deadline).await;
        }
        if !found.records.is_empty() {
            let body = records::request(&self.target, found.records).encode_to_vec();
            self.delivery.send_signal(Signal::Logs, body.into(), deadline).await;
        }
    }

    /// Digests of texts, by the server itself.
    async fn answer(&mut self, question: DigestQuestion, capabilities: &Capabilities) -> Result<(), SessionError> {
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        let digests = super::text_digests::ask(session, capabilities, &question.texts).await?;
        // Whoever asked may be gone.
        let _ = question.answer.send(digests);
        Ok(())
    }
}
