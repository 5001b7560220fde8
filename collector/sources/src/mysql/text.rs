//! The text of a statement: literals taken out, its form for comparing, and what else its tokens tell.
//!
//! Pure, and total: any text is taken, also one that was cut in the middle or is no SQL at all. A text in double quotes
//! counts as a literal, as MySQL has it by default: what might be a secret is replaced.

/// Characters of a text that are shown and stored.
const SHOWN_CHARS_MAX: usize = 4096;
/// Characters of a text that are looked at at all.
const READ_BYTES_MAX: usize = 64 << 10;

/// More than one literal, with commas between.
const LIST: &str = "...";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A word outside quotes, keyword or name.
    Word(&'a str),
    /// A name in backticks, without them.
    Name(&'a str),
    Literal,
    Comment(&'a str),
    Symbol(&'a str),
    Space,
}

struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.0;
        let first = text.chars().next()?;
        let (token, length) = read(text, first);
        self.0 = &text[length..];
        Some(token)
    }
}

/// The token that a text begins with, and its length in bytes.
fn read(text: &str, first: char) -> (Token<'_>, usize) {
    let word = |from: usize| {
        from + text[from..]
            .find(|char: char| !(char.is_alphanumeric() || "_$".contains(char)))
            .unwrap_or(text.len() - from)
    };
    if first.is_whitespace() {
        return (Token::Space, text.find(|char: char| !char.is_whitespace()).unwrap_or(text.len()));
    }
    if let Some((inside, length)) = comment(text) {
        return (Token::Comment(inside), length);
    }
    match first {
        '\'' | '"' => (Token::Literal, quoted(text, first)),
        '`' => {
            let length = quoted(text, first);
            (Token::Name(text[1..length].trim_end_matches('`')), length)
        }
        '?' => (Token::Literal, 1),
        // How a digest's text writes a list of literals.
        '.' if text[1..].starts_with("..") => (Token::Symbol(LIST), 3),
        '.' if text[1..].starts_with(|char: char| char.is_ascii_digit()) => (Token::Literal, number(text)),
        _ if first.is_ascii_digit() => (Token::Literal, number(text)),
        'x' | 'X' | 'b' | 'B' | 'n' | 'N' if text[1..].starts_with('\'') => {
            (Token::Literal, 1 + quoted(&text[1..], '\''))
        }
        _ if first.is_alphanumeric() || first == '_' || first == '$' => {
            let length = word(0);
            (Token::Word(&text[..length]), length)
        }
        _ => {
            let long = ["<=>", "<>", "!=", ">=", "<=", ":=", "&&", "||", "->>", "->", "@@"];
            let length = long.iter().find(|symbol| text.starts_with(**symbol)).map_or(first.len_utf8(), |it| it.len());
            (Token::Symbol(&text[..length]), length)
        }
    }
}

/// What stands in a comment, and how long it is with its signs.
fn comment(text: &str) -> Option<(&str, usize)> {
    if let Some(rest) = text.strip_prefix("/*") {
        return Some(rest.find("*/").map_or((rest, text.len()), |end| (&rest[..end], end + 4)));
    }
    let dashes = text.strip_prefix("--").filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    let rest = text.strip_prefix('#').or(dashes)?;
    let end = text.find('\n').unwrap_or(text.len());
    Some((&rest[..end.saturating_sub(text.len() - rest.len())], end))
}

/// Length of what begins with a quote; to the end where that is missing.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char == '\\' && quote != '`' {
            chars.next();
        } else if char == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

fn number(text: &str) -> usize {
    let mut end = 0;
    for (at, char) in text.char_indices() {
        let is_exponent_sign =
            "+-".contains(char) && at > 0 && text[..at].ends_with(['e', 'E']) && !text.starts_with("0x");
        if !(char.is_alphanumeric() || char == '.' || char == '_' || is_exponent_sign) {
            break;
        }
        end = at + char.len_utf8();
    }
    end
}

fn tokens(text: &str) -> Tokens<'_> {
    let mut end = text.len().min(READ_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Tokens(&text[..end])
}

/// The statement with `?` for each literal and without comments, of bounded length.
pub(super) fn obfuscated(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN_CHARS_MAX));
    let mut is_spaced = false;
    for token in tokens(text) {
        let piece = match token {
            Token::Space | Token::Comment(_) => {
                is_spaced = !out.is_empty();
                continue;
            }
            Token::Literal => "?",
            Token::Word(word) | Token::Symbol(word) => word,
            Token::Name(_) => "",
        };
        if std::mem::take(&mut is_spaced) {
            out.push(' ');
        }
        match token {
            Token::Name(name) => {
                out.push('`');
                out.push_str(name);
                out.push('`');
            }
            _ => out.push_str(
                &piece.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect::<String>(),
            ),
        }
        if out.len() > SHOWN_CHARS_MAX {
            out.truncate(out.floor_char_boundary(SHOWN_CHARS_MAX));
            out.push('…');
            break;
        }
    }
    out
}

/// The same form for all texts that have the same digest: lower case, no spaces, comments or quotes of names, one sign
/// for a literal or a list of them. A digest's own text has that form too.
pub(super) fn canonical(text: &str) -> String {
    let mut form = Form::default();
    for token in tokens(text) {
        match token {
            Token::Space | Token::Comment(_) | Token::Symbol(";") => {}
            Token::Literal => form.push("?".to_owned()),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => form.push("?".to_owned()),
            Token::Word(word) => form.push(synonym(&word.to_lowercase()).to_owned()),
            Token::Name(name) => form.push(name.to_lowercase()),
            Token::Symbol("<>") => form.push("!=".to_owned()),
            Token::Symbol("&&") => form.push("and".to_owned()),
            Token::Symbol(symbol) => form.push(symbol.to_owned()),
        }
    }
    form.0.join(" ")
}

/// Tokens as a digest has them.
#[derive(Default)]
struct Form(Vec<String>);

impl Form {
    fn push(&mut self, piece: String) {
        let length = self.0.len();
        let is_literal = piece == "?" || piece == LIST;
        if is_literal && (self.ends_with(&["?", ","]) || self.ends_with(&[LIST, ","])) {
            self.0.truncate(length - 2);
            self.0.push(LIST.to_owned());
        } else if piece == "?"
            && length >= 2
            && ["-", "+"].contains(&self.0[length - 1].as_str())
            && is_before_sign(&self.0[length - 2])
        {
            // A sign belongs to its literal; and the literal may go on a list.
            self.0.pop();
            self.push(piece);
        } else if piece == ")" && self.ends_with(&["in", "(", "?"]) {
            // MySQL writes a list of one as a list, MariaDB as one.
            self.0.pop();
            self.0.extend([LIST.to_owned(), piece]);
        } else if piece == ")" && ["?", LIST].iter().any(|row| self.ends_with(&["(", *row, ")", ",", "(", *row])) {
            self.0.truncate(length - 3);
        } else {
            self.0.push(piece);
        }
    }

    fn ends_with(&self, tail: &[&str]) -> bool {
        let from = self.0.len().checked_sub(tail.len());
        from.is_some_and(|from| self.0[from..].iter().zip(tail).all(|(left, right)| left == right))
    }
}

/// Words for which a server writes another into its digest.
fn synonym(word: &str) -> &str {
    match word {
        "database" => "schema",
        "databases" => "schemas",
        "int" => "integer",
        "varchar" => "varcharacter",
        "substr" => "substring",
        "distinctrow" => "distinct",
        "sql_tsi_second" => "second",
        word => word,
    }
}

/// Whether a sign after this belongs to the literal behind it.
fn is_before_sign(before: &str) -> bool {
    matches!(
        before,
        "=" | "("
            | ","
            | "<"
            | ">"
            | "<="
            | ">="
            | "!="
            | "select"
            | "values"
            | "between"
            | "and"
            | "or"
            | "in"
            | "then"
            | "else"
            | "set"
            | "when"
            | "return"
    )
}

/// The statement with a number for each placeholder (`?`, `%s`): the server reads those only where it prepares, and both
/// are the same to a digest.
pub(super) fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (_, length) = read(rest, first);
        let is_placeholder = rest.starts_with("%s") && length == 1;
        let length = if is_placeholder { 2 } else { length };
        out.push_str(if is_placeholder || &rest[..length] == "?" { "1" } else { &rest[..length] });
        rest = &rest[length..];
    }
    out
}

/// Texts in the comments of a statement.
pub(super) fn comments(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).filter_map(|token| if let Token::Comment(inside) = token { Some(inside) } else { None })
}

/// Words outside quotes, comments and parentheses, with where each begins.
pub(super) fn words_outside_parentheses(text: &str) -> Vec<(usize, &str)> {
    let (mut words, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    let mut end = text.len().min(READ_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    while let Some(first) = text[at..end].chars().next() {
        let (token, length) = read(&text[at..end], first);
        match token {
            Token::Symbol("(") => depth += 1,
            Token::Symbol(")") => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 => words.push((at, word)),
            _ => {}
        }
        at += length;
    }
    words
}

/// Whether a text is one whole SELECT, which can be asked for its plan without doing anything.
pub(super) fn is_one_select(text: &str) -> bool {
    let begins = match tokens(text).find(|token| !matches!(token, Token::Space | Token::Comment(_))) {
        Some(Token::Word(word)) => ["select", "with", "table"].iter().any(|known| word.eq_ignore_ascii_case(known)),
        Some(Token::Symbol("(")) => true,
        _ => false,
    };
    begins && is_one_statement(text) && !has_word(text, &["into"])
}

/// Whether a text is one whole statement, of which nothing stands in a comment, and that calls nothing with an effect.
pub(super) fn is_one_statement(text: &str) -> bool {
    let is_whole = !text.trim_end().ends_with("...") && text.len() <= READ_BYTES_MAX;
    let does_nothing_special = !comments(text).any(|inside| inside.starts_with(['!', 'M']));
    let mut rest = tokens(text).filter(|token| !matches!(token, Token::Space | Token::Comment(_)));
    let is_single = match rest.find(|token| *token == Token::Symbol(";")) {
        Some(_) => rest.next().is_none(),
        None => true,
    };
    is_whole && does_nothing_special && is_single && !has_word(text, &["sleep", "get_lock", "benchmark", "load_file"])
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let is_one = |word: &str| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    tokens(text).any(|token| matches!(token, Token::Word(word) if is_one(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_taken_out() {
        for (text, expected) in [
            ("SELECT * FROM t WHERE a = 'it''s \\' x' AND b=12.5e-3", "SELECT * FROM t WHERE a = ? AND b=?"),
            (
                "select 0xFF, x'00', N'a', .5, t1.c2 from `o``dd` -- secret\n where x",
                "select ?, ?, ?, ?, t1.c2 from `o``dd` where x",
            ),
            ("/* a */ SELECT \"p@ss\" # tail", "SELECT ?"),
            ("SELECT 'cut in the mid", "SELECT ?"),
            ("/* cut", ""),
            ("", ""),
            ("SELECT\u{0}\u{fffd} 1", "SELECT\u{fffd}\u{fffd} ?"),
        ] {
            assert_eq!(obfuscated(text), expected, "{text}");
        }
        assert!(obfuscated(&"SELECT 'x', abc ".repeat(1_000_000)).len() < SHOWN_CHARS_MAX + 8);
    }

    #[test]
    fn a_text_and_its_digest_text_have_one_form() {
        for (text, digest_text) in [
            (
                "update /* x */ shop.orders set n=n+1 where id in (1,2) and t='x'",
                "UPDATE `shop` . `orders` SET `n` = `n` + ? WHERE ID IN (...) AND `t` = ? ",
            ),
            (
                "insert into shop.orders(n,t) values (1,'a'),(2,'b'),(3,'c')",
                "INSERT INTO `shop` . `orders` ( `n` , `t` ) VALUES (...) /* , ... */ ",
            ),
            ("SELECT * FROM t WHERE a = -1 AND b <> NULL;", "SELECT * FROM `t` WHERE `a` = ? AND `b` != ?"),
            ("select n - 1 from t limit 10, 5", "SELECT `n` - ? FROM `t` LIMIT ?, ..."),
            ("SELECT ?, ? FROM t", "SELECT ?, ... FROM `t`"),
            (
                "SELECT NULL, a, IF(x='s', 0, y) FROM t WHERE b IN (7)",
                "SELECT ? , `a` , IF ( `x` = ?, ... , `y` ) FROM `t` WHERE `b` IN (...)",
            ),
            ("SELECT n FROM t WHERE b IN (1)", "SELECT `n` FROM `t` WHERE `b` IN (?) "),
        ] {
            assert_eq!(canonical(text), canonical(digest_text), "{text}");
        }
        assert_ne!(canonical("SELECT a FROM t"), canonical("SELECT b FROM t"));
    }

    #[test]
    fn placeholders_become_numbers() {
        let text = "SELECT '?', `?` FROM t WHERE a = ? AND b IN (%s, %s) AND c LIKE '%s'";
        let expected = "SELECT '?', `?` FROM t WHERE a = 1 AND b IN (1, 1) AND c LIKE '%s'";
        assert_eq!(without_placeholders(text), expected);
    }

    #[test]
    fn only_one_whole_select_is_explained() {
        for good in [
            "SELECT 1",
            " /* x */ select a from t;",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "(SELECT 1) UNION (SELECT 2)",
        ] {
            assert!(is_one_select(good), "{good}");
        }
        for bad in [
            "SELECT 1; DROP TABLE t",
            "SELECT 1 /*! ; DROP TABLE t */",
            "DELETE FROM t",
            "SELECT a FROM t WHERE x IN (1, 2...",
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "SELECT sleep(10)",
            "SET PASSWORD = 'x'",
            "",
        ] {
            assert!(!is_one_select(bad), "{bad}");
        }
    }
}
