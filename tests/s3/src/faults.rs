//! What happens to one request: drawn from the mode and its seed.
//!
//! Owns the mode in force, the sequence of random numbers and the counts. Never touches an object or a socket.

use parking_lot::Mutex;
use serde::Serialize;
use spanlake_bench::random::Random;

use crate::mode::Mode;

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    InternalError,
    SlowDown,
    Reset,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    pub delay_ms: u64,
    /// Instead of doing what is asked.
    pub fails: Option<Failure>,
    /// Instead of the answer, once it is done.
    pub answer_lost: Option<Failure>,
    /// The mode that holds for the rest of the request.
    pub mode: Mode,
}

/// How many requests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub requests: u64,
    /// Of them: not done.
    pub failed: u64,
    /// Of them: done, and the answer kept back.
    pub answers_lost: u64,
}

/// The mode in force and what was drawn so far.
#[derive(Debug)]
pub struct Faults {
    held: Mutex<(Mode, Random, Counts)>,
}

// === impl Faults ===

impl Faults {
    pub fn new() -> Self {
        Self { held: Mutex::new((Mode::healthy(), Random::new(0), Counts::default())) }
    }

    pub fn mode(&self) -> Mode {
        self.held.lock().0.clone()
    }

    /// From now on; a seed begins its sequence anew.
    pub fn set_mode(&self, mode: Mode) {
        let mut held = self.held.lock();
        held.1 = Random::new(mode.failing.as_ref().map_or(0, |failing| failing.seed));
        held.0 = mode;
    }

    pub fn counts(&self) -> Counts {
        self.held.lock().2
    }

    /// What happens to this request.
    pub fn draw(&self, method: &str, path: &str) -> Fate {
        let mut held = self.held.lock();
        let (mode, random, counts) = &mut *held;
        counts.requests += 1;
        if mode.only.as_ref().is_some_and(|part| !format!("{method} {path}").contains(part.as_str())) {
            let harmless = Mode { page_entries_max: mode.page_entries_max, ..Mode::healthy() };
            return Fate { delay_ms: 0, fails: None, answer_lost: None, mode: harmless };
        }
        let mut fate = Fate { delay_ms: mode.delay_ms, fails: None, answer_lost: None, mode: mode.clone() };
        let Some(failing) = &mode.failing else { return fate };
        if random.chance(failing.per_mille) {
            let failure = *random.pick(&[Failure::InternalError, Failure::SlowDown, Failure::Reset]);
            if failing.after_applying {
                counts.answers_lost += 1;
                fate.answer_lost = Some(failure);
            } else {
                counts.failed += 1;
                fate.fails = Some(failure);
            }
        }
        fate
    }
}
