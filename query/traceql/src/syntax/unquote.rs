//! What a text in quotation marks says.
//!
//! Owns escapes, which are those of Go. Never finds where the text ends; the lexer does.

/// What is wrong, at a byte counted from the opening mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnquoteError {
    pub at: usize,
    pub message: &'static str,
}

const ESCAPES: &str =
    "unknown escape; known are \\\\ \\\" \\' \\n \\r \\t \\a \\b \\f \\v \\xhh \\ooo \\uhhhh \\Uhhhhhhhh";

/// The content of a text with its marks: `"…"`, `'…'` or `` `…` ``.
pub(super) fn unquote(quoted: &str) -> Result<String, UnquoteError> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if quoted.starts_with('`') {
        // Go drops carriage returns of raw strings.
        return Ok(inner.replace('\r', ""));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape_at = 1 + inner.len() - rest.len() + at;
        let length =
            push_escape(&rest[at + 1..], &mut bytes).map_err(|message| UnquoteError { at: escape_at, message })?;
        rest = &rest[at + 1 + length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| UnquoteError { at: 0, message: "the text is not UTF-8" })
}

/// Reads an escape behind its backslash; its length.
fn push_escape(text: &str, bytes: &mut Vec<u8>) -> Result<usize, &'static str> {
    let first = text.chars().next().ok_or(ESCAPES)?;
    let plain = match first {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' | '"' | '\'' => first as u8,
        'x' => {
            bytes.push(number(text, 1, 2, 16)? as u8);
            return Ok(3);
        }
        '0'..='7' => {
            bytes.push(u8::try_from(number(text, 0, 3, 8)?).map_err(|_| ESCAPES)?);
            return Ok(3);
        }
        'u' | 'U' => {
            let digits = if first == 'u' { 4 } else { 8 };
            let character = char::from_u32(number(text, 1, digits, 16)?).ok_or("no such character")?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(1 + digits);
        }
        _ => return Err(ESCAPES),
    };
    bytes.push(plain);
    Ok(1)
}

fn number(text: &str, from: usize, digits: usize, radix: u32) -> Result<u32, &'static str> {
    let digits = text.get(from..from + digits).ok_or(ESCAPES)?;
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ESCAPES);
    }
    u32::from_str_radix(digits, radix).map_err(|_| ESCAPES)
}

/// The name of an attribute as it is written: pieces in quotation marks and plain ones, such as `a."b c".d`.
pub(super) fn unquote_name(written: &str) -> Result<String, UnquoteError> {
    let mut name = String::with_capacity(written.len());
    let mut is_quoted = false;
    let mut characters = written.char_indices();
    while let Some((_, character)) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => name.push(escaped),
                other => {
                    let at = other.map_or(written.len(), |(at, _)| at);
                    return Err(UnquoteError { at, message: "names know only the escapes \\\" and \\\\" });
                }
            },
            other => name.push(other),
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        assert_eq!(unquote(r#""a\n\"\x41\101\u00e9\U0001F600""#).as_deref(), Ok("a\n\"AA\u{e9}\u{1F600}"));
        assert_eq!(unquote("`a\\n`").as_deref(), Ok("a\\n"));
        assert_eq!(unquote(r#""\xc3\xa9""#).as_deref(), Ok("é"));
        assert_eq!(unquote(r#""ab\q""#).map_err(|error| error.at), Err(3));
        assert!(unquote(r#""\xff""#).is_err());
        assert!(unquote(r#""\777""#).is_err());
        assert!(unquote(r#""\u12""#).is_err());
        assert!(unquote(r#""\ud800""#).is_err());
        assert!(unquote(r#""\x+1""#).is_err());
    }

    #[test]
    fn names_join_their_pieces() {
        assert_eq!(unquote_name(r#"a."b c".d"#).as_deref(), Ok("a.b c.d"));
        assert_eq!(unquote_name(r#""a\"b""#).as_deref(), Ok("a\"b"));
        assert!(unquote_name(r#""a\n""#).is_err());
    }
}
