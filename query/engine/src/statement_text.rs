//! A statement as own telemetry may show it: without the values that were asked for.
//!
//! Owns a scan over the text, which need not be valid. What somebody searched for, a person's id among it, must not be
//! kept where nobody would look for it again. Names stay, as OpenTelemetry's `db.query.text` asks. Never parses.

/// Literals become `?`, comments go.
pub(crate) fn without_values(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (shown, taken) = match first {
            '\'' => ("?", quoted(rest, '\'')),
            '"' | '`' => (&rest[..quoted(rest, first)], quoted(rest, first)),
            '$' if dollar_quoted(rest).is_some() => ("?", dollar_quoted(rest).unwrap_or(rest.len())),
            '-' if rest.starts_with("--") => ("", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (" ", rest.find("*/").map_or(rest.len(), |end| end + 2)),
            _ if first.is_ascii_digit() => ("?", word(rest, |char| char.is_ascii_alphanumeric() || char == '.')),
            _ if first.is_alphanumeric() || first == '_' => {
                let length = word(rest, |char| char.is_alphanumeric() || char == '_');
                (&rest[..length], length)
            }
            _ => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        out.push_str(shown);
        rest = &rest[taken..];
    }
    out
}

fn word(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|char| !belongs(char)).unwrap_or(text.len())
}

/// Length of what begins with a quote, up to the next one that is not doubled.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// Length of a `$tag$…$tag$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag_end = text[1..].find('$')? + 2;
    let tag = &text[..tag_end];
    if !tag[1..tag_end - 1].chars().all(|char| char.is_alphanumeric() || char == '_') {
        return None;
    }
    Some(text[tag_end..].find(tag).map_or(text.len(), |end| tag_end + end + tag.len()))
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn values_are_not_shown_and_names_are() {
        for (sql, shown) in [
            ("select count(*) from spans", "select count(*) from spans"),
            ("select a1 from t2 where a1 = 'jane''s' and b > -1.5e3", "select a1 from t2 where a1 = ? and b > -?"),
            (
                "select \"it's 5\", `x'` from t where attributes['user.id'] = 'jane'",
                "select \"it's 5\", `x'` from t where attributes[?] = ?",
            ),
            ("select 1 -- jane\nfrom t /* 'jane' */ where x = $$jane$$", "select ? \nfrom t   where x = ?"),
            ("select $a$jane$b$jane$a$, $1 'jane", "select ?, $? ?"),
            ("select 'jane", "select ?"),
            ("select x'00ff', 0xff, 'ä'||größe /* ", "select x?, ?, ?||größe  "),
        ] {
            assert_eq!(without_values(sql), shown);
        }
    }
}
