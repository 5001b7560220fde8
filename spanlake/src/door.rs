//! Wiring of the door, and the load that it is told of.
//!
//! Owns the measurement: processor time of this process, and bytes that the store holds, each over what the settings allow.
//! Never decides what is held back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spanlake_sampler::door::gate::{DoorGate, OverloadChange};
use spanlake_store::Store;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// Thresholds adapt so often.
const TICK: Duration = Duration::from_secs(1);
/// The kernel's clock of `/proc/*/stat`, ticks a second; the same on every Linux that we run on.
const TICKS_A_SECOND: f64 = 100.0;

/// The door of the settings.
pub fn build(config: &Config) -> Arc<DoorGate> {
    Arc::new(DoorGate::new(config.sampling.door.clone()))
}

/// Tells the door of the load until `stop`.
pub async fn watch(door: Arc<DoorGate>, store: Store, config: Config, stop: CancellationToken) {
    let mut processor = Processor::of(config.sampling.overload_cpu_percent);
    let memory_bytes_max = config.sampling.overload_memory_bytes;
    let mut last = Instant::now();
    while tokio::time::timeout(TICK, stop.cancelled()).await.is_err() {
        let elapsed = last.elapsed().as_secs_f64();
        last = Instant::now();
        let memory = memory_bytes_max.map_or(0.0, |max| ratio(store.held_bytes(), max));
        let load = processor.as_mut().map_or(0.0, |processor| processor.load(elapsed)).max(memory);
        match door.tick(load, elapsed) {
            Some(OverloadChange::Began { load }) => tracing::warn!(
                load,
                "more comes than sampling.overload_* allow: a part of the traces is held back at the door, with weights"
            ),
            Some(OverloadChange::Ended { after_seconds }) => {
                tracing::info!(after_seconds, "the load is within what is allowed: every trace passes the door again");
            }
            None => {}
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
fn ratio(used: u64, allowed: u64) -> f64 {
    used as f64 / allowed.max(1) as f64
}

/// Processor time of this process's threads but those that run in the background.
struct Processor {
    /// Cores that may be in use.
    allowed: f64,
    /// Ticks by thread, as last read.
    before: HashMap<String, u64>,
}

impl Processor {
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    fn of(percent: u32) -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let allowed = f64::from(percent) / 100.0 * cores as f64;
        let mut processor = Self { allowed, before: HashMap::new() };
        if percent == 0 {
            return None;
        }
        if processor.ticks().is_none() {
            tracing::warn!("sampling.overload_cpu_percent has no effect: this system does not tell of processor time");
            return None;
        }
        Some(processor)
    }

    /// In use over allowed since the last call.
    #[expect(clippy::cast_precision_loss, reason = "ticks of a second")]
    fn load(&mut self, elapsed_seconds: f64) -> f64 {
        let used = self.ticks().unwrap_or(0) as f64 / TICKS_A_SECOND;
        used / elapsed_seconds.max(1e-3) / self.allowed
    }

    /// Ticks since the last call; `None` where the system does not tell.
    fn ticks(&mut self) -> Option<u64> {
        let mut now = HashMap::new();
        let mut ticks = 0;
        for thread in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
            // A thread may end while this looks.
            let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { continue };
            let Some(Thread { ticks: used, is_background }) = Thread::parse(&stat) else { continue };
            let name = thread.file_name().to_string_lossy().into_owned();
            if !is_background {
                ticks += used.saturating_sub(self.before.get(&name).copied().unwrap_or(0));
            }
            now.insert(name, used);
        }
        self.before = now;
        Some(ticks)
    }
}

/// What the kernel says of a thread.
#[derive(Debug, PartialEq)]
struct Thread {
    ticks: u64,
    /// It gives way to others.
    is_background: bool,
}

impl Thread {
    /// Of a line of `/proc/*/stat`, whose second field, in parentheses, may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<i64>().ok();
        // Counted from the third field of proc(5): utime is 14, stime 15, nice 19.
        let ticks = u64::try_from(number(11)? + number(12)?).ok()?;
        Some(Self { ticks, is_background: number(16)? > 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_s_time_is_read_whatever_its_name() {
        let line = "7 (spanlake-cold) x) S 1 7 7 0 -1 4194304 9 0 0 0 30 12 0 0 30 10 9 0 100 1 2";
        assert_eq!(Thread::parse(line), Some(Thread { ticks: 42, is_background: true }));
        let line = "7 (tokio) R 1 7 7 0 -1 4194304 9 0 0 0 30 12 0 0 20 0 9 0 100 1 2";
        assert_eq!(Thread::parse(line), Some(Thread { ticks: 42, is_background: false }));
        assert_eq!(Thread::parse("nonsense"), None);
    }
}
