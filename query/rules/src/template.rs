//! Templates of labels and annotations: what of Go's `text/template` rules of Prometheus use.
//!
//! Owns the syntax: `{{ $labels.name }}`, `{{ $value | humanize }}`, `if`, `else`, `end`, and functions that are pure.
//! What is not here (`query`, `range`, `define`, …) is refused when a file is read, never at an evaluation. [`words`]
//! are the functions, [`format`] how numbers are written.

mod format;
mod lexer;
mod words;

use spanlake_promql::labels::Labels;

use lexer::{Token, tokens};

/// Nested `if`s and brackets.
const DEPTH_MAX: usize = 32;

/// A template that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    nodes: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Show(Term),
    If { condition: Term, then: Vec<Part>, otherwise: Vec<Part> },
}

/// What an action computes.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Literal(Value),
    Labels,
    /// Of `$labels`.
    Label(String),
    Value,
    Call {
        function: String,
        arguments: Vec<Term>,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
    Labels,
}

/// What a template is filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) value: f64,
}

impl Template {
    /// # Errors
    /// When it is not right, or has what is not here.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(source)?, at: 0 };
        let (nodes, ended_by) = parser.parts(0)?;
        match ended_by {
            None => Ok(Self { source: source.to_owned(), nodes }),
            Some(word) => Err(format!("{{{{ {word} }}}} without an if")),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Labels that it names.
    pub(crate) fn labels(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.nodes.iter().for_each(|part| part.labels(&mut found));
        found.sort();
        found.dedup();
        found
    }

    /// The text; what cannot be computed is told in it, as Prometheus does.
    pub(crate) fn fill(&self, facts: Facts<'_>) -> String {
        let mut out = String::new();
        match fill(&self.nodes, facts, &mut out) {
            Ok(()) => out,
            Err(reason) => format!("<error expanding template: {reason}>"),
        }
    }
}

fn fill(parts: &[Part], facts: Facts<'_>, out: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Show(term) => out.push_str(&term.value(facts)?.text(facts)),
            Part::If { condition, then, otherwise } => {
                let branch = if condition.value(facts)?.is_true(facts) { then } else { otherwise };
                fill(branch, facts, out)?;
            }
        }
    }
    Ok(())
}

impl Part {
    fn labels(&self, found: &mut Vec<String>) {
        match self {
            Self::Text(_) => {}
            Self::Show(term) => term.labels(found),
            Self::If { condition, then, otherwise } => {
                condition.labels(found);
                then.iter().chain(otherwise).for_each(|part| part.labels(found));
            }
        }
    }
}

impl Term {
    fn labels(&self, found: &mut Vec<String>) {
        match self {
            Self::Label(name) => found.push(name.clone()),
            Self::Call { arguments, .. } => arguments.iter().for_each(|term| term.labels(found)),
            _ => {}
        }
    }

    fn value(&self, facts: Facts<'_>) -> Result<Value, String> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Labels => Value::Labels,
            Self::Label(name) => Value::Text(facts.labels.get(name).to_owned()),
            Self::Value => Value::Number(facts.value),
            Self::Call { function, arguments } => {
                let values = arguments.iter().map(|term| term.value(facts)).collect::<Result<Vec<_>, _>>()?;
                words::call(function, &values, facts)?
            }
        })
    }
}

impl Value {
    fn text(&self, facts: Facts<'_>) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => format::shortest(*number),
            Self::Truth(truth) => truth.to_string(),
            Self::Labels => {
                let pairs: Vec<String> = facts.labels.iter().map(|(name, value)| format!("{name}:{value}")).collect();
                format!("map[{}]", pairs.join(" "))
            }
        }
    }

    fn is_true(&self, facts: Facts<'_>) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0,
            Self::Truth(truth) => *truth,
            Self::Labels => !facts.labels.is_empty(),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Parts up to the end, or up to an `else` or `end`, which is given.
    fn parts(&mut self, depth: usize) -> Result<(Vec<Part>, Option<String>), String> {
        if depth > DEPTH_MAX {
            return Err("so many levels are not taken".to_owned());
        }
        let mut parts = Vec::new();
        while let Some(token) = self.next() {
            match token {
                Token::Text(text) => parts.push(Part::Text(text)),
                Token::Open => match self.peek() {
                    Some(Token::Word(word)) if word == "if" => {
                        self.at += 1;
                        parts.push(self.branch(depth + 1)?);
                    }
                    Some(Token::Word(word)) if word == "else" || word == "end" => {
                        let word = word.clone();
                        self.at += 1;
                        return Ok((parts, Some(word)));
                    }
                    Some(Token::Close) => self.at += 1,
                    _ => {
                        let term = self.pipeline(depth)?;
                        self.close()?;
                        parts.push(Part::Show(term));
                    }
                },
                other => return Err(format!("unexpected {other:?}")),
            }
        }
        Ok((parts, None))
    }

    fn close(&mut self) -> Result<(), String> {
        match self.next() {
            Some(Token::Close) => Ok(()),
            other => Err(format!("expected }}}}, found {}", other.map_or("the end".to_owned(), |token| token.shown()))),
        }
    }

    /// Behind `if`, or behind `else if`.
    fn branch(&mut self, depth: usize) -> Result<Part, String> {
        let condition = self.pipeline(depth)?;
        self.close()?;
        let (then, ended_by) = self.parts(depth)?;
        let otherwise = match ended_by.as_deref() {
            Some("end") => {
                self.close()?;
                Vec::new()
            }
            Some(_) if matches!(self.peek(), Some(Token::Word(word)) if word == "if") => {
                self.at += 1;
                vec![self.branch(depth + 1)?]
            }
            Some(_) => {
                self.close()?;
                let (otherwise, ended_by) = self.parts(depth)?;
                if ended_by.as_deref() != Some("end") {
                    return Err("an if without {{ end }}".to_owned());
                }
                self.close()?;
                otherwise
            }
            None => return Err("an if without {{ end }}".to_owned()),
        };
        Ok(Part::If { condition, then, otherwise })
    }

    /// `a | b | c`: each is the last argument of the next.
    fn pipeline(&mut self, depth: usize) -> Result<Term, String> {
        let mut term = self.command(None, depth)?;
        while matches!(self.peek(), Some(Token::Pipe)) {
            self.at += 1;
            term = self.command(Some(term), depth)?;
        }
        Ok(term)
    }

    fn command(&mut self, piped: Option<Term>, depth: usize) -> Result<Term, String> {
        if let Some(Token::Word(function)) = self.peek().cloned()
            && !matches!(function.as_str(), "true" | "false")
        {
            self.at += 1;
            words::check(&function)?;
            let mut arguments = Vec::new();
            while !matches!(self.peek(), None | Some(Token::Pipe | Token::Close | Token::CloseBracket)) {
                arguments.push(self.operand(depth)?);
            }
            arguments.extend(piped);
            return Ok(Term::Call { function, arguments });
        }
        match piped {
            None => self.operand(depth),
            Some(_) => Err("a pipe leads to what is no function".to_owned()),
        }
    }

    fn operand(&mut self, depth: usize) -> Result<Term, String> {
        if depth > DEPTH_MAX {
            return Err("so many levels are not taken".to_owned());
        }
        match self.next() {
            Some(Token::Quoted(text)) => Ok(Term::Literal(Value::Text(text))),
            Some(Token::Number(number)) => Ok(Term::Literal(Value::Number(number))),
            Some(Token::Word(word)) if word == "true" || word == "false" => {
                Ok(Term::Literal(Value::Truth(word == "true")))
            }
            Some(Token::Word(function)) => {
                words::check(&function)?;
                Ok(Term::Call { function, arguments: Vec::new() })
            }
            Some(Token::Variable(name)) => variable(&name),
            Some(Token::OpenBracket) => {
                let term = self.pipeline(depth + 1)?;
                match self.next() {
                    Some(Token::CloseBracket) => Ok(term),
                    _ => Err("a bracket is not closed".to_owned()),
                }
            }
            other => Err(format!("unexpected {}", other.map_or("end".to_owned(), |token| token.shown()))),
        }
    }
}

/// `$labels.name`, `.Labels.name`, `$value`, `.Value`, `$externalLabels`: of which there are none.
fn variable(name: &str) -> Result<Term, String> {
    let (of, label) = match name[1..].split_once('.') {
        Some((of, label)) => (of, Some(label)),
        None => (&name[1..], None),
    };
    match (&name[..1], of, label) {
        ("$", "labels", None) | (".", "Labels", None) => Ok(Term::Labels),
        ("$", "labels", Some(label)) | (".", "Labels", Some(label)) => Ok(Term::Label(label.to_owned())),
        ("$", "value", None) | (".", "Value", None) => Ok(Term::Value),
        ("$", "externalLabels" | "externalURL", _) | (".", "ExternalLabels" | "ExternalURL", _) => {
            Ok(Term::Literal(Value::Text(String::new())))
        }
        _ => Err(format!("{name} is not known here: there are $labels, $value and $externalLabels")),
    }
}
