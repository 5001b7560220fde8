//! What is told of the terminal, and how text is made fit for it.
//!
//! Everything that a server sends is cleaned before it is painted: telemetry is written by strangers and may hold
//! escape sequences.

use std::fmt::Write as _;
use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns where nobody can be asked.
const WIDTH_DEFAULT: usize = 100;

/// Where a command paints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// `None` where output goes to a file or a pipe.
    pub(super) width: Option<usize>,
    pub(super) colours: bool,
}

impl Terminal {
    pub(super) fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        if !stdout.is_terminal() {
            return Self { width: None, colours: false };
        }
        let size = rustix::termios::tcgetwinsize(&stdout).ok().map(|size| usize::from(size.ws_col));
        let without = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { width: Some(size.filter(|columns| *columns > 0).unwrap_or(WIDTH_DEFAULT)), colours: !without }
    }

    pub(super) fn width_or_default(self) -> usize {
        self.width.unwrap_or(WIDTH_DEFAULT)
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Dim,
    Bold,
    Red,
    /// One of the colours that tell services apart.
    Service(usize),
}

/// 256-colour codes, apart from each other and from red.
const SERVICE_COLOURS: [u8; 8] = [75, 114, 179, 176, 80, 215, 147, 108];

/// The text in a style, where colours are on.
pub(super) fn paint(text: &str, style: Style, colours: bool) -> String {
    let code = match style {
        _ if !colours || text.is_empty() => return text.to_owned(),
        Style::Plain => return text.to_owned(),
        Style::Dim => "2".to_owned(),
        Style::Bold => "1".to_owned(),
        Style::Red => "31".to_owned(),
        Style::Service(index) => format!("38;5;{}", SERVICE_COLOURS[index % SERVICE_COLOURS.len()]),
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// On one line and harmless: control characters, line ends and direction overrides become visible escapes.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => clean.push_str("\\n"),
            '\t' => clean.push_str("\\t"),
            '\r' => clean.push_str("\\r"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(char));
            }
            char if char.is_control() => {
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(char));
            }
            char => clean.push(char),
        }
    }
    clean
}

/// Columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Cut to so many columns, with `…` at the end where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for char in text.chars() {
        used += char.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(char);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Spaces up to so many columns.
pub(super) fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(columns(text)))
}
