//! Every server as it is at this moment, for whoever shows it: written by the pollers, read by the API.
//!
//! Owns the last ten minutes of figures in memory, and nothing older. No lock is held over an await.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use spanlake_schemas::mysql::{
    Figures, GlobalVariables, InnodbPicture, LivePicture, LockWait, Point, ServerPicture, Statement, TableSize,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::address::MysqlUrl;
use super::capabilities::Capabilities;
use super::figures::Beside;
use super::session::OwnStatements;
use super::text::canonical;
use super::words::Words;
use crate::delivery::now_nanoseconds;

/// How far back points are kept, in nanoseconds.
const KEPT: i64 = 600_000_000_000;
/// Between the first polls of two servers, and at most in all.
const OFFSET: Duration = Duration::from_millis(40);
const OFFSET_MAX: Duration = Duration::from_secs(5);
/// So long after it was last asked about, a server counts as watched.
const WATCHED_NANOSECONDS: i64 = 30_000_000_000;
/// Digests whose texts are known.
const KNOWN_DIGESTS_MAX: usize = 20_000;
/// Digests whose last statement is remembered, and the bytes of the longest of them.
const SEEN_TEXTS_MAX: usize = 500;
const SEEN_TEXT_BYTES_MAX: usize = 8000;
/// Texts that wait for their digest.
const QUESTIONS_MAX: usize = 8;

/// Texts whose digests are wanted, and where the answer goes.
pub(super) struct DigestQuestion {
    pub(super) texts: Vec<String>,
    pub(super) answer: oneshot::Sender<Vec<Option<String>>>,
}

/// All servers that are polled.
#[derive(Clone, Default)]
pub struct MysqlServers {
    servers: Arc<Mutex<Vec<Arc<ServerState>>>>,
    words: Arc<Words>,
}

impl MysqlServers {
    /// Adds one, in the order of lists.
    #[must_use]
    pub fn add(&self, url: &MysqlUrl) -> Arc<ServerState> {
        let mut servers = self.servers.lock();
        let offset = OFFSET.saturating_mul(u32::try_from(servers.len()).unwrap_or(u32::MAX)).min(OFFSET_MAX);
        let state = Arc::new(ServerState { offset, words: Arc::clone(&self.words), ..ServerState::new(url) });
        servers.push(Arc::clone(&state));
        state
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<ServerState>> {
        self.servers.lock().clone()
    }

    /// One by its `host:port`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<ServerState>> {
        self.servers.lock().iter().find(|state| state.name == name).cloned()
    }
}

/// One server.
pub struct ServerState {
    name: String,
    inner: Mutex<Inner>,
    seq: watch::Sender<u64>,
    watched_at: AtomicI64,
    /// Somebody began to watch.
    pub(super) woken: Notify,
    pub(super) own: Arc<OwnStatements>,
    /// Of all servers.
    pub(super) words: Arc<Words>,
    /// So long its first poll waits.
    offset: Duration,
    /// Time that this machine spent on polling, in nanoseconds.
    pub(super) busy: AtomicU64,
    questions: mpsc::Sender<DigestQuestion>,
    /// Taken by the poller.
    pub(super) asked: Mutex<Option<mpsc::Receiver<DigestQuestion>>>,
}

#[derive(Default)]
struct Inner {
    picture: ServerPicture,
    points: VecDeque<Point>,
    statements: Vec<Statement>,
    locks: Vec<LockWait>,
    variables: GlobalVariables,
    innodb: InnodbPicture,
    tables: Vec<TableSize>,
    /// While the server answers.
    capabilities: Option<Arc<Capabilities>>,
    beside: Beside,
    /// Digests by the form of their text.
    digests: HashMap<String, String>,
    /// Statements that ran, with their literals, by digest: to be explained, and never shown or stored.
    seen_texts: HashMap<String, String>,
}

impl ServerState {
    fn new(url: &MysqlUrl) -> Self {
        let name = url.endpoint();
        let picture = ServerPicture { name: name.clone(), since: now_nanoseconds(), ..ServerPicture::default() };
        let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
        Self {
            name,
            inner: Mutex::new(Inner { picture, ..Inner::default() }),
            seq: watch::Sender::new(0),
            watched_at: AtomicI64::new(i64::MIN),
            woken: Notify::new(),
            own: Arc::default(),
            words: Arc::default(),
            offset: Duration::ZERO,
            busy: AtomicU64::new(0),
            questions,
            asked: Mutex::new(Some(asked)),
        }
    }

    /// As lists show it.
    #[must_use]
    pub fn picture(&self) -> ServerPicture {
        self.inner.lock().picture.clone()
    }

    /// The present, and the points after a number (all that are kept without one). Whoever asks counts as watching.
    #[must_use]
    pub fn live(&self, after: Option<u64>) -> LivePicture {
        let was_watched = self.is_watched();
        self.watched_at.store(now_nanoseconds(), Ordering::Relaxed);
        if !was_watched {
            self.woken.notify_one();
        }
        let inner = self.inner.lock();
        LivePicture {
            seq: *self.seq.borrow(),
            server: inner.picture.clone(),
            points: inner.points.iter().filter(|point| after.is_none_or(|after| point.seq > after)).copied().collect(),
            statements: inner.statements.clone(),
            locks: inner.locks.clone(),
        }
    }

    /// Ends when there is something after this number, or after `wait`.
    pub async fn changed(&self, after: u64, wait: Duration) {
        let mut seq = self.seq.subscribe();
        let _ = tokio::time::timeout(wait, seq.wait_for(|seq| *seq > after)).await;
    }

    /// Names and values, as last read.
    #[must_use]
    pub fn variables(&self) -> GlobalVariables {
        Arc::clone(&self.inner.lock().variables)
    }

    #[must_use]
    pub fn innodb(&self) -> InnodbPicture {
        self.inner.lock().innodb.clone()
    }

    /// Largest first.
    #[must_use]
    pub fn tables(&self) -> Vec<TableSize> {
        self.inner.lock().tables.clone()
    }

    /// The digest of each text, as this server would compute it; `None` where it cannot be said. The server is asked once
    /// for texts that differ in literals only, and not at all for those whose digest is known.
    pub async fn digests_of(&self, texts: Vec<String>) -> Vec<Option<String>> {
        const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
        let (answer, answered) = oneshot::channel();
        let known = self.by_form(&texts);
        let forms: Vec<String> = texts.iter().map(|text| canonical(text)).collect();
        let mut places = HashMap::new();
        let mut unknown = Vec::new();
        for ((text, form), _) in texts.into_iter().zip(&forms).zip(&known).filter(|(_, known)| known.is_none()) {
            places.entry(form.clone()).or_insert_with(|| {
                unknown.push(text);
                unknown.len() - 1
            });
        }
        if unknown.is_empty() || self.questions.try_send(DigestQuestion { texts: unknown, answer }).is_err() {
            return known;
        }
        let Ok(Ok(digests)) = tokio::time::timeout(ANSWER_TIMEOUT, answered).await else { return known };
        let asked = |form: &String| digests.get(*places.get(form)?).cloned().flatten();
        forms.iter().zip(known).map(|(form, known)| known.or_else(|| asked(form))).collect()
    }

    fn by_form(&self, texts: &[String]) -> Vec<Option<String>> {
        let forms: Vec<String> = texts.iter().map(|text| canonical(text)).collect();
        let inner = self.inner.lock();
        forms.iter().map(|form| inner.digests.get(form).cloned()).collect()
    }

    /// How long the first poll waits, so that many servers are not polled at once.
    pub(super) fn offset(&self) -> Duration {
        self.offset
    }

    pub(super) fn is_watched(&self) -> bool {
        now_nanoseconds().saturating_sub(self.watched_at.load(Ordering::Relaxed)) < WATCHED_NANOSECONDS
    }

    /// Changes the picture; whoever waits hears of it.
    pub(super) fn publish(&self, change: impl FnOnce(&mut ServerPicture)) {
        let mut inner = self.inner.lock();
        change(&mut inner.picture);
        drop(inner);
        self.seq.send_modify(|seq| *seq += 1);
    }

    /// The same, without waking anybody.
    pub(super) fn note(&self, change: impl FnOnce(&mut ServerPicture)) {
        change(&mut self.inner.lock().picture);
    }

    /// Adds a point and shows what runs; `None` leaves that as it is.
    pub(super) fn point(
        &self,
        time: i64,
        figures: Figures,
        (statements, locks): (Option<Vec<Statement>>, Option<Vec<LockWait>>),
        change: impl FnOnce(&mut ServerPicture),
    ) {
        let mut inner = self.inner.lock();
        let seq = *self.seq.borrow() + 1;
        inner.picture.figures = figures;
        change(&mut inner.picture);
        inner.points.push_back(Point { seq, time, figures });
        while inner.points.front().is_some_and(|point| point.time < time.saturating_sub(KEPT)) {
            inner.points.pop_front();
        }
        if let Some(statements) = statements {
            inner.statements = statements;
        }
        if let Some(locks) = locks {
            inner.locks = locks;
        }
        drop(inner);
        self.seq.send_modify(|seq| *seq += 1);
    }

    /// Nothing runs on a server that is not there.
    pub(super) fn clear(&self) {
        let mut inner = self.inner.lock();
        inner.statements.clear();
        inner.locks.clear();
    }

    /// What the server can be asked, while it answers.
    pub(super) fn capabilities(&self) -> Option<Arc<Capabilities>> {
        self.inner.lock().capabilities.clone()
    }

    pub(super) fn set_capabilities(&self, capabilities: Option<Arc<Capabilities>>) {
        self.inner.lock().capabilities = capabilities;
    }

    /// What the slow connection adds to the figures.
    pub(super) fn beside(&self) -> Beside {
        self.inner.lock().beside
    }

    pub(super) fn set_beside(&self, beside: Beside) {
        self.inner.lock().beside = beside;
    }

    pub(super) fn set_variables(&self, variables: GlobalVariables) {
        self.inner.lock().variables = variables;
    }

    pub(super) fn set_innodb(&self, innodb: InnodbPicture) {
        self.inner.lock().innodb = innodb;
    }

    pub(super) fn set_tables(&self, tables: Vec<TableSize>) {
        self.inner.lock().tables = tables;
    }

    /// Gives statements their digest by their text, where the server does not say it.
    pub(super) fn name_digests<'a>(&self, statements: impl Iterator<Item = &'a mut Statement>) {
        let inner = self.inner.lock();
        for statement in statements.filter(|statement| statement.digest.is_none() && !statement.text.is_empty()) {
            statement.digest = inner.digests.get(&canonical(&statement.text)).cloned();
        }
    }

    /// Remembers a statement that was seen to run, for servers that keep none by digest.
    pub(super) fn saw(&self, digest: &str, text: &str) {
        // A longer one was cut.
        if text.len() > SEEN_TEXT_BYTES_MAX {
            return;
        }
        let mut inner = self.inner.lock();
        if inner.seen_texts.len() < SEEN_TEXTS_MAX || inner.seen_texts.contains_key(digest) {
            inner.seen_texts.insert(digest.to_owned(), text.to_owned());
        }
    }

    /// The last statement of a digest that was seen to run.
    pub(super) fn seen_text(&self, digest: &str) -> Option<String> {
        self.inner.lock().seen_texts.get(digest).cloned()
    }

    /// Remembers a digest by the form of its text.
    pub(super) fn knows(&self, text: &str, digest: &str) {
        let form = canonical(text);
        let mut inner = self.inner.lock();
        if inner.digests.len() < KNOWN_DIGESTS_MAX {
            inner.digests.insert(form, digest.to_owned());
        }
    }
}
