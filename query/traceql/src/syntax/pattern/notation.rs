//! Regular expressions in Go's notation (RE2), which Tempo's users write, to that of our engine.
//!
//! Owns the few signs that mean something else: a brace that begins no repetition is a brace (`/users/{id}`), brackets and
//! doubled operators in classes are themselves, `\Q…\E` quotes, `\<` is a `<`, and `\w`, `\d`, `\s`, `\b` know ASCII only. Never judges whether a pattern is valid.

/// The pattern as our engine reads it.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => escape(rest, &mut out),
            '[' => class(rest, &mut out),
            '{' if !begins_repetition(rest) => {
                out.push_str("\\{");
                1
            }
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// Writes what begins with a backslash; how long it is.
fn escape(rest: &str, out: &mut String) -> usize {
    let Some(second) = rest[1..].chars().next() else {
        out.push('\\');
        return 1;
    };
    match second {
        'Q' => {
            let quoted = &rest[2..];
            let (text, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            out.push_str(&regex::escape(text));
            rest.len() - behind.len()
        }
        '<' | '>' => {
            out.push(second);
            2
        }
        'w' | 'W' | 'd' | 'D' | 's' | 'S' | 'b' => {
            out.push_str(ascii(second));
            2
        }
        // A class or a code point with braces of its own, such as `\p{Greek}` and `\x{10FFFF}`.
        'p' | 'P' | 'x' if rest[2..].starts_with('{') => {
            let length = rest.find('}').map_or(rest.len(), |end| end + 1);
            out.push_str(&rest[..length]);
            length
        }
        other => {
            let length = 1 + other.len_utf8();
            out.push_str(&rest[..length]);
            length
        }
    }
}

/// What a class of Perl's is in ASCII; within brackets, brackets may stand.
fn ascii(class: char) -> &'static str {
    match class {
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => "[\\t\\n\\x0C\\r ]",
        'S' => "[^\\t\\n\\x0C\\r ]",
        _ => "(?-u:\\b)",
    }
}

/// Writes a class with its brackets; how long it is.
fn class(rest: &str, out: &mut String) -> usize {
    let mut position = 1;
    out.push('[');
    if rest[position..].starts_with('^') {
        out.push('^');
        position += 1;
    }
    let first = position;
    while let Some(character) = rest[position..].chars().next() {
        let behind = &rest[position + character.len_utf8()..];
        position += match character {
            // A bracket that would close an empty class is a member of it.
            ']' if position > first => {
                out.push(']');
                return position + 1;
            }
            // No border of a word is a member of a class; the engine says so.
            '\\' if behind.starts_with('b') => {
                out.push_str("\\b");
                2
            }
            '\\' => escape(&rest[position..], out),
            '[' if behind.starts_with(':') && behind.contains(":]") => {
                let length = behind.find(":]").map_or(1, |end| end + 3);
                out.push_str(&rest[position..position + length]);
                length
            }
            '[' | ']' | '&' | '~' => {
                out.push('\\');
                out.push(character);
                1
            }
            '-' if behind.starts_with('-') => {
                out.push_str("\\-");
                1
            }
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
    }
    rest.len()
}

/// Whether a text begins with `{n}`, `{n,}` or `{n,m}`.
fn begins_repetition(text: &str) -> bool {
    let Some((inner, _)) = text[1..].split_once('}') else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
        None => is_number(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_literally_is_read_so() {
        let check = |go: &str, ours: &str| assert_eq!(translate(go), ours, "{go}");
        check("/users/{id}", "/users/\\{id}");
        check("a{2}b{2,}c{2,3}{,3}{", "a{2}b{2,}c{2,3}\\{,3}\\{");
        check("\\Qa.b\\E.*\\Q+", "a\\.b.*\\+");
        check("[[]x[]y][^]z]", "[\\[]x[\\]y][^\\]z]");
        check("[a&&b--c~~[:alpha:]\\]]", "[a\\&\\&b\\--c\\~\\~[:alpha:]\\]]");
        check("\\p{Greek}\\x{41}\\<\\.\\", "\\p{Greek}\\x{41}<\\.\\");
        check("µ{1}[µ", "µ{1}[µ");
        check("\\w+[\\D-]\\b", "[0-9A-Za-z_]+[[^0-9]-](?-u:\\b)");
    }
}
