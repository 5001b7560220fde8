//! One sentence about a wrong setting, with where it stands.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// Line 0 where no line can be told.
    File {
        path: PathBuf,
        line: usize,
    },
    Variable {
        name: String,
    },
    Flag {
        name: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line: 0 } => write!(formatter, "{}", path.display()),
            Self::File { path, line } => write!(formatter, "{}, line {line}", path.display()),
            Self::Variable { name } => formatter.write_str(name),
            Self::Flag { name } => formatter.write_str(name),
        }
    }
}

/// Why the server does not start. Printed with `{}`, it is the whole sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub origin: Origin,
    pub message: String,
}

impl ConfigError {
    /// About a setting. A flag or a variable says by its own name which one it is.
    pub(super) fn about(key: &str, origin: Origin, message: &str) -> Self {
        let message = match origin {
            Origin::Default | Origin::File { .. } => format!("{key}: {message}"),
            Origin::Variable { .. } | Origin::Flag { .. } => message.to_owned(),
        };
        Self { origin, message }
    }

    pub(super) fn new(origin: Origin, message: String) -> Self {
        Self { origin, message }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => formatter.write_str(&self.message),
            origin => write!(formatter, "{origin}: {}", self.message),
        }
    }
}

impl std::error::Error for ConfigError {}
