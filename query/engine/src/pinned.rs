//! Several statements over one version: for answers that are put together from more than one.
//!
//! Owns the version for as long as it lives. Never chooses one: it is the one that is newest when it is made.

use std::sync::Arc;

use spanlake_store::Version;

use crate::session::Sessions;
use crate::{Engine, EngineError, QueryAnswer, driver};

/// The engine as of one moment. Cheap to clone.
#[derive(Clone)]
pub struct PinnedEngine {
    engine: Engine,
    sessions: Sessions,
    version: Arc<Version>,
}

impl Engine {
    /// The engine as of now: every statement through it sees the same rows.
    #[must_use]
    pub fn pinned(&self) -> PinnedEngine {
        let version = self.store().pin();
        let sessions = self.inner.sessions.of_version(Arc::clone(&version));
        PinnedEngine { engine: self.clone(), sessions, version }
    }
}

impl PinnedEngine {
    /// What the statements see.
    #[must_use]
    pub fn version(&self) -> &Arc<Version> {
        &self.version
    }

    /// As [`Engine::query`], over this version.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn query(&self, sql: &str) -> Result<QueryAnswer, EngineError> {
        let inner = &self.engine.inner;
        let permit = inner.admission.enter().await?;
        driver::start(&inner.threads, &self.sessions, permit, sql, inner.limits.timeout).await
    }
}
