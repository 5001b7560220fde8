//! A connection to MySQL for threads that wait: one statement at a time.
//!
//! Owns a runtime of its own. Never retries.

use std::time::Duration;

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts};
use tokio::runtime::{Builder, Runtime};

/// Longer than any statement may take here.
const TIMEOUT: Duration = Duration::from_secs(120);

/// An open connection.
pub struct Client {
    runtime: Runtime,
    connection: Option<Conn>,
}

impl Client {
    /// Logs in.
    ///
    /// # Errors
    /// As the server or the socket says.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let options = Opts::from_url(url)?;
        let options = mysql_async::OptsBuilder::from_opts(options).prefer_socket(false);
        let connection = runtime.block_on(async { tokio::time::timeout(TIMEOUT, Conn::new(options)).await })??;
        Ok(Self { runtime, connection: Some(connection) })
    }

    /// The server's id of this connection.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.connection.as_ref().map_or(0, Conn::id)
    }

    /// Runs a statement whose rows nobody wants.
    ///
    /// # Errors
    /// As the server says.
    pub fn run(&mut self, statement: &str) -> anyhow::Result<()> {
        let Self { runtime, connection } = self;
        let connection = connection.as_mut().ok_or_else(closed)?;
        Ok(runtime.block_on(async { tokio::time::timeout(TIMEOUT, connection.query_drop(statement)).await })??)
    }

    /// The same of bytes that are no text.
    ///
    /// # Errors
    /// As the server says.
    pub fn run_bytes(&mut self, statement: &[u8]) -> anyhow::Result<()> {
        let Self { runtime, connection } = self;
        let connection = connection.as_mut().ok_or_else(closed)?;
        Ok(runtime.block_on(async { tokio::time::timeout(TIMEOUT, connection.query_drop(statement)).await })??)
    }

    /// The rows of a statement.
    ///
    /// # Errors
    /// As the server says.
    pub fn rows<R: FromRow + Send + 'static>(&mut self, statement: &str) -> anyhow::Result<Vec<R>> {
        let Self { runtime, connection } = self;
        let connection = connection.as_mut().ok_or_else(closed)?;
        Ok(runtime.block_on(async { tokio::time::timeout(TIMEOUT, connection.query(statement)).await })??)
    }

    /// Runs a prepared statement; it is prepared once.
    ///
    /// # Errors
    /// As the server says.
    pub fn prepared(&mut self, statement: &str, values: Vec<i64>) -> anyhow::Result<()> {
        let Self { runtime, connection } = self;
        let connection = connection.as_mut().ok_or_else(closed)?;
        let values: Vec<mysql_async::Value> = values.into_iter().map(Into::into).collect();
        let running = async { tokio::time::timeout(TIMEOUT, connection.exec_drop(statement, values)).await };
        Ok(runtime.block_on(running)??)
    }
}

fn closed() -> anyhow::Error {
    anyhow::anyhow!("the connection is closed")
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let goodbye = async { tokio::time::timeout(Duration::from_secs(1), connection.disconnect()).await };
            let _ = self.runtime.block_on(goodbye);
        }
    }
}
