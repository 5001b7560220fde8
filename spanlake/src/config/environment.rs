//! `SPANLAKE_…` variables. One that is no setting is an error: a misspelt override would else be ignored in silence.

use std::ffi::OsString;
use std::path::PathBuf;

use super::error::{ConfigError, Origin};
use super::nearest;
use super::settings::{SETTINGS, Setting};

const PREFIX: &str = "SPANLAKE_";

/// Read by the build, the tests and the scripts beside the server, and none of its business.
const NOT_SETTINGS: &[&str] = &[
    "SPANLAKE_BIN",
    "SPANLAKE_CACHE",
    "SPANLAKE_FAULT_MINUTES",
    "SPANLAKE_FAULT_SEED",
    "SPANLAKE_FAULT_SEEDS",
    "SPANLAKE_SHARED",
    "SPANLAKE_URL",
];

/// What the environment sets.
pub(super) struct Environment {
    /// The configuration file, by `SPANLAKE_CONFIG`.
    pub(super) file: Option<PathBuf>,
    pub(super) values: Vec<(&'static Setting, String)>,
}

pub(super) fn read(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Environment, ConfigError> {
    let mut environment = Environment { file: None, values: Vec::new() };
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        if NOT_SETTINGS.contains(&name) {
            continue;
        }
        if name == super::FILE_VARIABLE {
            environment.file = Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty());
            continue;
        }
        let wrong = |message| ConfigError::new(Origin::Variable { name: name.to_owned() }, message);
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) else {
            let known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
            let hint = nearest::hint(name, known.iter().map(String::as_str));
            return Err(wrong(format!("no such setting{hint}")));
        };
        let text = value.into_string().map_err(|_| wrong("is not UTF-8".to_owned()))?;
        environment.values.push((setting, text));
    }
    Ok(environment)
}
