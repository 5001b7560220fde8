//! What can go wrong with a statement, by what a caller could do about it.

/// Where in the statement, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: u64,
    pub column: u64,
}

/// Why a statement has no (whole) answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The statement is wrong: syntax, a name, a type (HTTP 400).
    #[error("{message}")]
    InvalidQuery { message: String, position: Option<Position>, hint: Option<String> },
    /// Not a read-only statement, or not supported (HTTP 400).
    #[error("{message}")]
    Unsupported { message: String },
    /// It ran into its time limit (HTTP 504).
    #[error("the statement took longer than {seconds} s and was stopped")]
    Timeout { seconds: f64 },
    /// Too many statements at once (HTTP 503).
    #[error("{running} statements are running; try again")]
    Busy { running: usize },
    /// It needed more memory than statements may hold (HTTP 507).
    #[error("{message}")]
    OutOfMemory { message: String },
    /// A file or the engine failed (HTTP 500).
    #[error("{message}")]
    Failed { message: String },
}
