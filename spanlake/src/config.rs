//! Settings: one table makes the defaults, the reader of the file, of the environment and of flags, the page
//! `docs/configuration.md` and the example that `check-config` prints.
//!
//! Owns every rule about what a setting may be. Parsed once, before any port opens, into plain values that are
//! handed down; never read from a global. The first wrong key or value ends it with one sentence.

mod document;
mod environment;
mod error;
mod forms;
mod nearest;
mod reference;
mod rules;
mod settings;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use error::{ConfigError, Origin};
pub use forms::parse_bytes;
pub use reference::{example, page};
pub use values::{Config, Durability, HeadSetting, SamplingSettings, SelfTelemetryMode};

use document::Node;
use settings::{SETTINGS, Setting};

/// Exit code for a wrong command line or a wrong setting, as in `sysexits.h`.
pub const EXIT_USAGE: u8 = 64;

/// Where a file is named when there is no `--config`.
const FILE_VARIABLE: &str = "SPANLAKE_CONFIG";
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the command line said, in the words of the settings. Has no `Debug`: a password may be among the values.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Key of a setting, and what was given for it; more than one where a flag may be repeated.
    pub values: Vec<(&'static str, Vec<String>)>,
}

/// The settings in force, and where each comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    origins: BTreeMap<&'static str, (String, Origin)>,
}

impl Loaded {
    /// Defaults, then the file, then the environment, then flags; each layer is checked whole.
    ///
    /// # Errors
    /// At the first key or value that is wrong, and for settings that do not go together.
    pub fn from(
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let environment = environment::read(environment)?;
        let mut loaded = Self { config: Config::blank(), origins: BTreeMap::new() };
        for setting in SETTINGS {
            loaded.put(setting, &Node::text(setting.default), Origin::Default)?;
        }
        if let Some(path) = flags.file.as_ref().or(environment.file.as_ref()) {
            for (setting, node) in read_file(path)? {
                loaded.put(setting, &node, Origin::File { path: path.clone(), line: node.line })?;
            }
        }
        for (setting, text) in environment.values {
            loaded.put(setting, &Node::text(&text), Origin::Variable { name: setting.variable() })?;
        }
        for (key, given) in &flags.values {
            let setting = settings::find(key).expect("flags name settings that exist");
            let node = match given.as_slice() {
                [one] => Node::text(one),
                many => Node::list(many),
            };
            loaded.put(setting, &node, Origin::Flag { name: setting.flag.unwrap_or(setting.key) })?;
        }
        rules::check(&mut loaded)?;
        Ok(loaded)
    }

    fn put(&mut self, setting: &'static Setting, node: &Node, origin: Origin) -> Result<(), ConfigError> {
        let wrong = |message: String| ConfigError::about(setting.key, origin.clone(), &message);
        (setting.set)(&mut self.config, node).map_err(wrong)?;
        // Addresses of databases and options hold passwords; what is shown of them is made from the checked value.
        let shown = if is_secret(setting.key) { String::new() } else { node.plain() };
        self.origins.insert(setting.key, (shown, origin));
        Ok(())
    }

    fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// One line a setting: key, value and where it comes from. Passwords are left out.
    #[must_use]
    pub fn effective(&self) -> Vec<(&'static str, String, String)> {
        let shown = |setting: &Setting| match self.origins.get(setting.key) {
            Some((text, origin)) if !is_secret(setting.key) => (text.clone(), origin.to_string()),
            origin => {
                let words: Vec<String> = match setting.key {
                    "mysql" => self.config.mysql.iter().map(|source| source.url.to_string()).collect(),
                    _ => self.config.cold.options.iter().map(|(name, _)| format!("{name}=…")).collect(),
                };
                (words.join(", "), origin.map_or_else(String::new, |(_, origin)| origin.to_string()))
            }
        };
        let line = |setting: &Setting| {
            let (value, origin) = shown(setting);
            (setting.key, value, origin)
        };
        SETTINGS.iter().map(line).collect()
    }
}

fn is_secret(key: &str) -> bool {
    matches!(key, "mysql" | "cold.options")
}

fn read_file(path: &Path) -> Result<Vec<(&'static Setting, Node)>, ConfigError> {
    let unreadable = |reason: String| {
        ConfigError::new(Origin::File { path: path.to_owned(), line: 0 }, format!("cannot be read: {reason}"))
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(unreadable(format!("{size} bytes are no configuration file")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    document::read(path, &text)
}
