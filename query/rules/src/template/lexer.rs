//! A template's text as tokens: what stands outside of `{{ … }}` is one, white space beside `{{-` and `-}}` is none.

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    Open,
    Close,
    Pipe,
    OpenBracket,
    CloseBracket,
    Word(String),
    /// With its `$` or `.`.
    Variable(String),
    Quoted(String),
    Number(f64),
}

impl Token {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(_) => "text".to_owned(),
            Self::Open => "{{".to_owned(),
            Self::Close => "}}".to_owned(),
            Self::Pipe => "|".to_owned(),
            Self::OpenBracket => "(".to_owned(),
            Self::CloseBracket => ")".to_owned(),
            Self::Word(word) | Self::Variable(word) => word.clone(),
            Self::Quoted(text) => format!("{text:?}"),
            Self::Number(number) => number.to_string(),
        }
    }
}

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let (mut tokens, mut rest, mut trims) = (Vec::new(), source, false);
    loop {
        let (mut text, action) = match rest.split_once("{{") {
            Some((text, action)) => (text, Some(action)),
            None => (rest, None),
        };
        if trims {
            text = text.trim_start();
        }
        let trimmed = action.and_then(|action| action.strip_prefix("- "));
        if trimmed.is_some() {
            text = text.trim_end();
        }
        if !text.is_empty() {
            tokens.push(Token::Text(text.to_owned()));
        }
        let Some(action) = trimmed.or(action) else { return Ok(tokens) };
        tokens.push(Token::Open);
        rest = inside(action, &mut tokens)?;
        trims = matches!(rest.strip_prefix('-'), Some(after) if after.starts_with("}}"));
        rest = rest.trim_start_matches('-').strip_prefix("}}").ok_or("{{ is not closed")?;
        tokens.push(Token::Close);
    }
}

/// Tokens up to `}}` or `-}}`, which is left.
fn inside<'a>(action: &'a str, tokens: &mut Vec<Token>) -> Result<&'a str, String> {
    let mut rest = action.trim_start();
    if let Some(comment) = rest.strip_prefix("/*") {
        rest = comment.split_once("*/").ok_or("a comment is not closed")?.1;
    }
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Err("{{ is not closed".to_owned()) };
        if rest.starts_with("}}") || rest.starts_with("-}}") {
            return Ok(rest);
        }
        let (token, length) = match first {
            '|' => (Token::Pipe, 1),
            '(' => (Token::OpenBracket, 1),
            ')' => (Token::CloseBracket, 1),
            '"' | '`' => quoted(rest)?,
            '$' | '.' => {
                let length = length_of(&rest[1..], |letter| letter == '.') + 1;
                (Token::Variable(rest[..length].to_owned()), length)
            }
            '0'..='9' | '-' | '+' => {
                let length = rest
                    .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '+')))
                    .unwrap_or(rest.len());
                let number = rest[..length].parse().map_err(|_| format!("{:?} is no number", &rest[..length]))?;
                (Token::Number(number), length)
            }
            letter if letter.is_alphabetic() || letter == '_' => {
                let length = length_of(rest, |_| false);
                (Token::Word(rest[..length].to_owned()), length)
            }
            other => return Err(format!("unexpected {other:?}")),
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

fn length_of(text: &str, also: impl Fn(char) -> bool) -> usize {
    text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || also(letter))).unwrap_or(text.len())
}

fn quoted(text: &str) -> Result<(Token, usize), String> {
    let unclosed = || "a text is not closed".to_owned();
    if let Some(raw) = text.strip_prefix('`') {
        let end = raw.find('`').ok_or_else(unclosed)?;
        return Ok((Token::Quoted(raw[..end].to_owned()), end + 2));
    }
    let (mut value, mut letters) = (String::new(), text.char_indices().skip(1));
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((Token::Quoted(value), at + 1)),
            '\\' => match letters.next().ok_or_else(unclosed)?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    Err(unclosed())
}
