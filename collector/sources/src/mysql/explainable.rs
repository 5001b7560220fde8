//! Which statement is asked for a plan: a SELECT itself, of what changes rows the SELECT of the rows that it reads.
//!
//! Pure. To explain an UPDATE a server wants the right to run it, and a session that may write; nobody who watches should
//! have either. How its rows are found is the plan of the same tables under the same conditions.

use super::text::{is_one_select, is_one_statement, words_outside_parentheses};

/// The SELECT whose plan is this statement's; `None` of one that reads nothing, or that is no whole single statement.
pub(super) fn explainable(text: &str) -> Option<String> {
    if is_one_select(text) {
        return Some(text.to_owned());
    }
    if !is_one_statement(text) {
        return None;
    }
    let rewritten = rows_read(text.trim_end().trim_end_matches(';'))?;
    is_one_select(&rewritten).then_some(rewritten)
}

fn rows_read(text: &str) -> Option<String> {
    let words = words_outside_parentheses(text);
    let find = |after: usize, wanted: &[&str]| {
        let is_wanted = |word: &str| wanted.iter().any(|known| word.eq_ignore_ascii_case(known));
        words.iter().find(|(at, word)| *at >= after && is_wanted(word)).copied()
    };
    let (first_at, first) = *words.first()?;
    let is_first = |word: &str| first.eq_ignore_ascii_case(word);
    // Behind the verb and what only says how eagerly it is done.
    let eager = ["low_priority", "high_priority", "delayed", "quick", "ignore"];
    let behind =
        words.iter().skip(1).take_while(|(_, word)| eager.iter().any(|known| word.eq_ignore_ascii_case(known)));
    let begin = behind.last().map_or(first_at + first.len(), |(at, word)| at + word.len());
    if is_first("update") {
        let (set_at, set) = find(begin, &["set"])?;
        // Conditions of the whole stand behind the last of what is set.
        let rest = find(set_at + set.len(), &["where", "order", "limit"]).map_or(text.len(), |(at, _)| at);
        return Some(format!("SELECT * FROM {} {}", text[begin..set_at].trim(), &text[rest..]));
    }
    if is_first("delete") {
        let (from_at, from) = find(begin, &["from"])?;
        let after_from = from_at + from.len();
        // `DELETE FROM a USING a JOIN b …` reads what stands behind USING; a join's own USING has a list.
        let using = words.iter().find(|(at, word)| {
            let list_follows = || text[at + word.len()..].trim_start().starts_with('(');
            *at > after_from && word.eq_ignore_ascii_case("using") && !list_follows()
        });
        let tables = using.map_or(after_from, |(at, word)| at + word.len());
        let end = find(tables, &["returning"]).map_or(text.len(), |(at, _)| at);
        return Some(format!("SELECT * FROM {}", text[tables..end].trim()));
    }
    if is_first("insert") || is_first("replace") {
        let (at, _) = find(begin, &["select", "with", "table"])?;
        let on_duplicate = words.windows(2).find(|pair| {
            pair[0].0 > at && pair[0].1.eq_ignore_ascii_case("on") && pair[1].1.eq_ignore_ascii_case("duplicate")
        });
        let end =
            on_duplicate.map(|pair| pair[0]).or_else(|| find(at, &["returning"])).map_or(text.len(), |(at, _)| at);
        return Some(text[at..end].trim().to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_rows_is_explained_by_what_it_reads() {
        for (text, expected) in [
            ("SELECT a FROM t", "SELECT a FROM t"),
            (
                "UPDATE t SET a = 1, b = (SELECT max(x) FROM u WHERE y = 2) WHERE c = 3 LIMIT 4;",
                "SELECT * FROM t WHERE c = 3 LIMIT 4",
            ),
            (
                "update LOW_PRIORITY IGNORE a join b using (id) set a.x = 'where' where b.y = 2",
                "SELECT * FROM a join b using (id) where b.y = 2",
            ),
            ("UPDATE t SET a = 1", "SELECT * FROM t "),
            ("DELETE FROM `from` WHERE a = 1 ORDER BY b", "SELECT * FROM `from` WHERE a = 1 ORDER BY b"),
            ("DELETE a FROM a JOIN b USING (id) WHERE b.y = 2", "SELECT * FROM a JOIN b USING (id) WHERE b.y = 2"),
            (
                "DELETE FROM a USING a JOIN b USING (id) WHERE b.y = 2",
                "SELECT * FROM a JOIN b USING (id) WHERE b.y = 2",
            ),
            ("DELETE FROM t WHERE a = 1 RETURNING b", "SELECT * FROM t WHERE a = 1"),
            (
                "INSERT INTO p (a, b) SELECT a, b FROM t WHERE c = 1 ON DUPLICATE KEY UPDATE b = 2",
                "SELECT a, b FROM t WHERE c = 1",
            ),
            ("REPLACE INTO p SELECT * FROM t JOIN u ON t.a = u.a", "SELECT * FROM t JOIN u ON t.a = u.a"),
            ("INSERT INTO p WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) SELECT * FROM x"),
        ] {
            assert_eq!(explainable(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_reads_nothing_or_is_not_whole_is_not_explained() {
        for text in [
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t SET a = 1",
            "UPDATE t SET a = 1; DROP TABLE t",
            "UPDATE t SET a = 1 WHERE b = sleep(1)",
            "DELETE FROM t WHERE a IN (1, 2...",
            "UPDATE t /*! SET a = 1 */ WHERE b = 2",
            "DROP TABLE t",
            "UPDATE",
            "",
        ] {
            assert_eq!(explainable(text), None, "{text}");
        }
    }
}
