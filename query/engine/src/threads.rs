//! The engine's own threads, so that a heavy statement never takes ingest's.
//!
//! Owns two tokio runtimes: a prompt one, and a patient one, started when it is first needed, whose threads run only where a core
//! would otherwise be idle. Never runs anything but what questions need.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::EngineError;
use crate::allowance::Allowance;

/// Plans are walked recursively, and not all of DataFusion grows its stack as it goes: this holds the deepest
/// plan that [`crate::statement`] lets pass. Memory that is not touched is not used.
const STACK_BYTES: usize = 64 << 20;
/// What prompt threads let go before them where all cores are busy: who sends is answered first, as it may have nowhere to keep
/// what it sends; a question gets every core that is idle, and a seventh of one that is not. Merging and moving give way to both.
const NICE: i32 = 8;

/// Runtimes that may be dropped from within another one.
///
/// Priorities alone do not keep a crowd of questions from costing ingest: a thread of a lower one keeps its slice when ingest's
/// wakes up beside it. A thread of the policy for idle time loses it at once, but gets nothing where other programs keep all cores
/// busy. So who asks seldom is prompt, and what is more than the [`Allowance`] is patient.
pub(crate) struct Threads {
    prompt: Option<Runtime>,
    patient: OnceLock<Option<Runtime>>,
    count: usize,
    allowance: Arc<Mutex<Allowance>>,
}

/// Where one question runs, until this is dropped.
pub(crate) struct Lane {
    handle: Handle,
    prompt: Option<(Arc<Mutex<Allowance>>, Instant)>,
}

impl Threads {
    pub(crate) fn start(count: usize) -> Result<Self, EngineError> {
        let prompt = runtime(count, "spanlake-query", give_way)
            .map_err(|error| EngineError::Failed { message: format!("cannot start query threads: {error}") })?;
        let allowance = Arc::new(Mutex::new(Allowance::new(count, Instant::now())));
        Ok(Self { prompt: Some(prompt), patient: OnceLock::new(), count, allowance })
    }

    /// A place for one more question.
    ///
    /// # Panics
    /// Never: the prompt threads are there until this is dropped.
    pub(crate) fn lane(&self) -> Lane {
        let now = Instant::now();
        let is_prompt = self.allowance.lock().take(now);
        // Where no more threads can be had, everything is prompt.
        let patient = if is_prompt { None } else { self.patient() };
        let runtime = patient.or(self.prompt.as_ref()).expect("the prompt threads live as long as this");
        let prompt = is_prompt.then(|| (Arc::clone(&self.allowance), now));
        Lane { handle: runtime.handle().clone(), prompt }
    }

    fn patient(&self) -> Option<&Runtime> {
        self.patient.get_or_init(|| runtime(self.count, "spanlake-wait", wait_for_idle_cores).ok()).as_ref()
    }
}

impl Lane {
    /// Runs the work; the lane ends with it.
    pub(crate) fn spawn<T: Send + 'static>(self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.handle.clone().spawn(async move {
            let _lane = self;
            work.await
        })
    }

    /// Runs a part of the work that blocks.
    pub(crate) fn spawn_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.handle.spawn_blocking(work)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some((allowance, since)) = self.prompt.take() {
            allowance.lock().settle(since.elapsed());
        }
    }
}

fn runtime(count: usize, name: &str, on_start: fn()) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(count)
        .max_blocking_threads(count * 4 + 8)
        .thread_stack_size(STACK_BYTES)
        .thread_name(name)
        .on_thread_start(on_start)
        // The cold tier may be in a bucket, which is read over the network.
        .enable_all()
        .build()
}

fn give_way() {
    // On Linux of the calling thread alone. Where it is refused, statements run as everything else does.
    let _ = rustix::process::setpriority_process(None, NICE);
}

fn wait_for_idle_cores() {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).is_err() {
        give_way();
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let patient = self.patient.take().flatten();
        for runtime in [self.prompt.take(), patient].into_iter().flatten() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_runs_where_it_waits_for_idle_cores() {
        let threads = Threads::start(1).expect("threads start");
        let named = || std::thread::current().name().unwrap_or_default().to_owned();
        let wait = |lane: Lane| futures::executor::block_on(lane.spawn(async move { named() })).expect("it ends");
        assert_eq!(wait(threads.lane()), "spanlake-query");
        let held: Vec<Lane> = (0..200).map(|_| threads.lane()).collect();
        assert_eq!(wait(threads.lane()), "spanlake-wait");
        drop(held);
    }
}
