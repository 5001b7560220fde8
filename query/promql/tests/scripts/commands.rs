//! The script language: `load`, `clear`, `eval` with expectations.
//!
//! Owns the reading of scripts into commands. Never runs them.

use std::sync::LazyLock;

use regex::Regex;
use spanlake_promql::duration::parse_duration;
use spanlake_promql::labels::Labels;
use spanlake_promql::number::parse_number;
use spanlake_promql::series_notation::{SequenceValue, parse_series};

use crate::start_times::{is_start_time_line, parse_start_times};

pub enum Command {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
    /// A line that could not be read.
    Broken {
        line: usize,
        message: String,
    },
}

pub struct Load {
    pub line: usize,
    pub step_ms: i64,
    pub with_nhcb: bool,
    pub series: Vec<LoadSeries>,
}

pub struct LoadSeries {
    pub labels: Labels,
    pub values: Vec<SequenceValue>,
    /// Start times relative to the samples' times; empty where none are given.
    pub start_offsets_ms: Vec<Option<i64>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Fail,
    Warn,
    NoWarn,
    Info,
    NoInfo,
}

/// What a message must be.
pub enum Text {
    Any,
    Exactly(String),
    Matching(Regex),
}

pub struct Expected {
    pub labels: Labels,
    pub values: Vec<SequenceValue>,
    pub position: usize,
}

pub struct Eval {
    pub line: usize,
    pub expr: String,
    pub is_range: bool,
    pub start_ms: i64,
    pub end_ms: i64,
    pub step_ms: i64,
    /// The time of an instant query.
    pub time_ms: i64,
    pub ordered: bool,
    pub expectations: Vec<(Kind, Text)>,
    pub scalar: Option<f64>,
    pub string: Option<String>,
    pub expected: Vec<Expected>,
    /// The result is neither a vector nor a scalar, so that it cannot be asked for as a range.
    pub only_instant: bool,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

static LOAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^load(?:_(with_nhcb))?\s+(.+?)$"));
static INSTANT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$"));
static RANGE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$"));
static EXPECT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$"));
static RANGE_VECTOR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$"));

/// All commands of a script.
pub fn parse(script: &str) -> Vec<Command> {
    let lines: Vec<&str> =
        script.lines().map(|line| line.trim()).map(|line| if line.starts_with('#') { "" } else { line }).collect();
    let mut commands = Vec::new();
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index];
        let number = index + 1;
        index += 1;
        if line.is_empty() {
            continue;
        }
        let block: Vec<(usize, &str)> =
            (index..lines.len()).map(|at| (at + 1, lines[at])).take_while(|(_, line)| !line.is_empty()).collect();
        let word = line.split_whitespace().next().unwrap_or("").to_lowercase();
        let command = if word == "clear" {
            commands.push(Command::Clear);
            continue;
        } else if word.starts_with("load") {
            parse_load(number, line, &block).map(Command::Load)
        } else if word.starts_with("eval") {
            parse_eval(number, line, &block).map(|eval| Command::Eval(Box::new(eval)))
        } else {
            Err(format!("invalid command {line}"))
        };
        index += block.len();
        commands.push(command.unwrap_or_else(|message| Command::Broken { line: number, message }));
    }
    commands
}

fn duration(text: &str) -> Result<i64, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn parse_load(line: usize, text: &str, block: &[(usize, &str)]) -> Result<Load, String> {
    let captures = LOAD.captures(text).ok_or("invalid load command")?;
    let mut load =
        Load { line, step_ms: duration(&captures[2])?, with_nhcb: captures.get(1).is_some(), series: Vec::new() };
    let mut starts = Vec::new();
    for (_, text) in block {
        if is_start_time_line(text) {
            starts = parse_start_times(text)?;
            continue;
        }
        let (labels, values) = parse_series(text)?;
        if !starts.is_empty() && starts.len() != values.len() {
            return Err(format!("{} start times for {} samples", starts.len(), values.len()));
        }
        load.series.push(LoadSeries { labels, values, start_offsets_ms: std::mem::take(&mut starts) });
    }
    Ok(load)
}

fn parse_eval(line: usize, text: &str, block: &[(usize, &str)]) -> Result<Eval, String> {
    let part =
        |captures: &regex::Captures<'_>, index: usize| captures.get(index).map_or("", |part| part.as_str()).to_owned();
    let (modifier, expr, is_range, start_ms, end_ms, step_ms);
    if let Some(captures) = RANGE.captures(text) {
        (modifier, expr, is_range) = (part(&captures, 1), part(&captures, 5), true);
        (start_ms, end_ms) = (duration(&part(&captures, 2))?, duration(&part(&captures, 3))?);
        step_ms = duration(&part(&captures, 4))?;
    } else if let Some(captures) = INSTANT.captures(text) {
        (modifier, expr, is_range) = (part(&captures, 1), part(&captures, 3), false);
        start_ms = duration(&part(&captures, 2))?;
        (end_ms, step_ms) = (start_ms, 0);
    } else {
        return Err("invalid evaluation command".to_owned());
    }
    let mut eval = Eval {
        line,
        expr,
        is_range,
        start_ms,
        end_ms,
        step_ms,
        time_ms: start_ms,
        ordered: modifier == "ordered",
        expectations: Vec::new(),
        scalar: None,
        string: None,
        expected: Vec::new(),
        only_instant: false,
    };
    match modifier.as_str() {
        "fail" => eval.expectations.push((Kind::Fail, Text::Any)),
        "warn" => eval.expectations.push((Kind::Warn, Text::Any)),
        "info" => eval.expectations.push((Kind::Info, Text::Any)),
        _ => {}
    }
    for (_, text) in block {
        if !parse_expectation(&mut eval, text)? {
            break;
        }
    }
    Ok(eval)
}

/// One line below an `eval`; false where no more are read.
fn parse_expectation(eval: &mut Eval, text: &str) -> Result<bool, String> {
    if let Some(message) = text.strip_prefix("expected_fail_message") {
        eval.expectations = vec![(Kind::Fail, Text::Exactly(message.trim().to_owned()))];
        return Ok(false);
    }
    if let Some(expected) = text.strip_prefix("expected_fail_regexp") {
        eval.expectations =
            vec![(Kind::Fail, Text::Matching(Regex::new(expected.trim()).map_err(|error| error.to_string())?))];
        return Ok(false);
    }
    if let Some(captures) = RANGE_VECTOR.captures(text) {
        eval.start_ms = duration(&captures[1])?;
        eval.end_ms = duration(&captures[2])?;
        eval.step_ms = duration(&captures[3])?;
        eval.time_ms = eval.end_ms;
        eval.only_instant = true;
        return Ok(true);
    }
    if let Some(literal) = text.strip_prefix("expect string") {
        let literal = literal.trim();
        match spanlake_promql::syntax::parse(literal).expr {
            spanlake_promql::syntax::Expr::String(string) => eval.string = Some(string.value),
            _ => return Err(format!("expected string literal not valid: {literal}")),
        }
        eval.only_instant = true;
        return Ok(true);
    }
    if text.split(' ').next() == Some("expect") {
        return parse_expect(eval, text).map(|()| true);
    }
    if let Ok(value) = parse_number(text) {
        eval.scalar = Some(value);
        return Ok(false);
    }
    let (labels, values) = parse_series(text)?;
    let position = eval.expected.len() + 1;
    eval.expected.push(Expected { labels, values, position });
    Ok(true)
}

fn parse_expect(eval: &mut Eval, text: &str) -> Result<(), String> {
    let captures = EXPECT.captures(text.trim()).ok_or_else(|| format!("invalid expect statement: {text}"))?;
    let kind = match &captures[1] {
        "ordered" => {
            eval.ordered = true;
            return Ok(());
        }
        "fail" => Kind::Fail,
        "warn" => Kind::Warn,
        "no_warn" => Kind::NoWarn,
        "info" => Kind::Info,
        _ => Kind::NoInfo,
    };
    let message = captures.get(3).map_or("", |message| message.as_str()).trim();
    let text = match captures.get(2).map(|how| how.as_str()) {
        Some("msg") => Text::Exactly(message.to_owned()),
        Some(_) => Text::Matching(Regex::new(message).map_err(|error| error.to_string())?),
        None => Text::Any,
    };
    eval.expectations.push((kind, text));
    Ok(())
}

impl Text {
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(text) => text == message,
            Self::Matching(regex) => regex.is_match(message),
        }
    }

    pub fn describe(&self) -> String {
        match self {
            Self::Any => "any".to_owned(),
            Self::Exactly(text) => format!("{text:?}"),
            Self::Matching(regex) => format!("/{regex}/"),
        }
    }
}
