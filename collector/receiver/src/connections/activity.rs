//! Whether a connection is in use: requests in flight, and when the last one ended. One writer side (the service),
//! one reader (the connection's task).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

pub(super) struct Activity {
    started: Instant,
    state: Mutex<State>,
}

struct State {
    in_flight: u32,
    /// `None` before the first request.
    last_end: Option<Instant>,
}

struct InFlight(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), state: Mutex::new(State { in_flight: 0, last_end: None }) }
    }

    /// Runs a request, in flight until it is answered or given up.
    pub(super) fn during<F: Future>(self: Arc<Self>, request: F) -> impl Future<Output = F::Output> {
        self.state.lock().in_flight += 1;
        let in_flight = InFlight(self);
        async move {
            let output = request.await;
            drop(in_flight);
            output
        }
    }

    /// Returns once no first request came in time, or nothing was in flight for long.
    pub(super) async fn idle_for(&self, first_request: Duration, between_requests: Duration) {
        loop {
            let due = {
                let state = self.state.lock();
                match state.last_end {
                    _ if state.in_flight > 0 => Instant::now() + between_requests,
                    Some(end) => end + between_requests,
                    None => self.started + first_request,
                }
            };
            let now = Instant::now();
            if due <= now {
                return;
            }
            // Looked at again before the longer of the two is over, as a request may make the shorter one count.
            sleep_until(due.min(now + first_request.min(between_requests))).await;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.in_flight -= 1;
        state.last_end = Some(Instant::now());
    }
}
