//! Which span sent a statement: W3C trace context, in a comment of the statement or in a variable of its session.
//!
//! Pure. The comment is sqlcommenter's, `/* traceparent='00-…-…-01' */`, wherever it stands and whatever else is in it;
//! the variable is `@traceparent`.

use spanlake_schemas::mysql::TraceContext;

use super::text::comments;

const KEY: &str = "traceparent";

/// The context of a statement: of its own comment, else of its session.
pub(super) fn context_of(text: &str, session_variable: Option<&str>) -> Option<TraceContext> {
    comments(text).find_map(in_comment).or_else(|| parse(session_variable?.trim()))
}

fn in_comment(comment: &str) -> Option<TraceContext> {
    comment.match_indices(KEY).find_map(|(at, _)| {
        let value = comment[at + KEY.len()..]
            .trim_start_matches([' ', '=', ':', '\'', '"'])
            .replace("%2D", "-")
            .replace("%2d", "-");
        parse(&value.chars().take(55).collect::<String>())
    })
}

/// `00-<trace id>-<span id>-<flags>`.
fn parse(text: &str) -> Option<TraceContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version.len() == 2 && !version.eq_ignore_ascii_case("ff") && flags.len() >= 2;
    let (trace_id, span_id) = (bytes(trace)?, bytes(span)?);
    (is_known && trace_id != [0; 16] && span_id != [0; 8]).then_some(TraceContext { trace_id, span_id })
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn every_carrier_is_read() {
        let expected = parse(PARENT);
        assert_eq!(expected.unwrap().span_id, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
        for text in [
            format!("SELECT 1 /*db_driver='x',traceparent='{PARENT}',tracestate='a'*/"),
            format!("/* traceparent={PARENT} */ SELECT 1"),
            format!("SELECT 1 -- traceparent: {PARENT}"),
        ] {
            assert_eq!(context_of(&text, None), expected, "{text}");
        }
        assert_eq!(context_of("SELECT 1", Some(PARENT)), expected);
    }

    #[test]
    fn what_is_none_is_none() {
        for text in [
            format!("SELECT 'traceparent={PARENT}'"),
            "SELECT 1 /* traceparent='00-00000000000000000000000000000000-00f067aa0ba902b7-01' */".to_owned(),
            "SELECT 1 /* traceparent='00-4bf9".to_owned(),
            "/* traceparent */".to_owned(),
        ] {
            assert_eq!(context_of(&text, None), None, "{text}");
        }
        assert_eq!(context_of("SELECT 1", Some("né")), None);
    }
}
