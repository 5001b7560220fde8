//! A future whose work is timed: how long its polls take, which is what it costs this machine.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use super::state::ServerState;

/// Adds the time of each poll to the server's account.
pub(super) struct Metered<F> {
    inner: Pin<Box<F>>,
    state: Arc<ServerState>,
}

impl<F: Future> Metered<F> {
    pub(super) fn new(inner: Pin<Box<F>>, state: Arc<ServerState>) -> Self {
        Self { inner, state }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let started = Instant::now();
        let result = self.inner.as_mut().poll(context);
        let nanoseconds = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.state.busy.fetch_add(nanoseconds, Ordering::Relaxed);
        result
    }
}
