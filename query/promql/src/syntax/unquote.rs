//! Quoted strings to their bytes.
//!
//! Owns the escapes. The bytes need not be UTF-8, since `\xff` is allowed. Never finds out where a string ends.

/// The bytes that a literal with its quotation marks stands for. Escapes were checked when the token was read.
pub(super) fn unquote(literal: &str) -> Vec<u8> {
    let mark = literal.chars().next().unwrap_or('"');
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or("");
    if mark == '`' || !inner.contains('\\') {
        return inner.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let length = escape_length(escape, mark).unwrap_or(escape.len().min(1));
        push_escape(&mut bytes, &escape[..length]);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn push_escape(bytes: &mut Vec<u8>, escape: &str) {
    let first = escape.chars().next().unwrap_or('\\');
    let digits = &escape[first.len_utf8().min(escape.len())..];
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).unwrap_or(0);
    match first {
        'a' => bytes.push(0x07),
        'b' => bytes.push(0x08),
        'f' => bytes.push(0x0c),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(0x0b),
        'x' => bytes.push(number(digits, 16) as u8),
        '0'..='7' => bytes.push(number(escape, 8) as u8),
        'u' | 'U' => {
            let character = char::from_u32(number(digits, 16)).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Bytes of an escape behind its backslash, or what is wrong with it.
pub(super) fn escape_length(text: &str, quotation_mark: char) -> Result<usize, String> {
    let Some(first) = text.chars().next() else { return Err("escape sequence not terminated".to_owned()) };
    let (digits_from, digits, radix, value_max) = match first {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return Ok(1),
        mark if mark == quotation_mark => return Ok(1),
        '0'..='7' => (0, 3, 8, 255),
        'x' => (1, 2, 16, 255),
        'u' => (1, 4, 16, 0x0010_ffff),
        'U' => (1, 8, 16, 0x0010_ffff),
        other => return Err(format!("unknown escape sequence {}", code_point(other))),
    };
    let mut value: u32 = 0;
    let mut characters = text[digits_from..].chars();
    for _ in 0..digits {
        let Some(character) = characters.next() else { return Err("escape sequence not terminated".to_owned()) };
        let Some(digit) = character.to_digit(radix) else {
            return Err(format!("illegal character {} in escape sequence", code_point(character)));
        };
        value = value.wrapping_mul(radix).wrapping_add(digit);
    }
    if value > value_max || (radix == 16 && digits > 2 && (0xd800..0xe000).contains(&value)) {
        return Err("escape sequence is an invalid Unicode code point".to_owned());
    }
    Ok(digits_from + digits)
}

/// As Go's `%#U`: `U+0063 'c'`.
fn code_point(character: char) -> String {
    format!("U+{:04X} '{character}'", character as u32)
}
