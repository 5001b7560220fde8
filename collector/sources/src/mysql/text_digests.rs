//! The digest of a statement's text, by the server's own function.

use super::capabilities::{Capabilities, Capability};
use super::session::{Cells, Session, SessionError};
use super::text::without_placeholders;

/// Texts of one statement; and none longer than this is worth it.
const TEXTS_MAX: usize = 500;
const TEXT_BYTES_MAX: usize = 16 << 10;

/// A digest each, `None` where the server has no such function or cannot read the text.
pub(super) async fn ask(
    session: &mut Session,
    capabilities: &Capabilities,
    texts: &[String],
) -> Result<Vec<Option<String>>, SessionError> {
    let mut digests = vec![None; texts.len()];
    if !capabilities.has(Capability::StatementDigest) {
        return Ok(digests);
    }
    // Names are resolved where no schema is named; in this one every name will do.
    session.rows("USE performance_schema").await?;
    for (text, digest) in texts.iter().zip(&mut digests).take(TEXTS_MAX) {
        if text.len() > TEXT_BYTES_MAX {
            continue;
        }
        // One text at a time: a text that cannot be parsed fails its statement. As hex there is nothing to escape.
        let hex: String = without_placeholders(text).bytes().map(|byte| format!("{byte:02x}")).collect();
        let statement = format!("SELECT /* spanlake */ STATEMENT_DIGEST(CONVERT(X'{hex}' USING utf8mb4))");
        match session.rows(&statement).await {
            Ok(rows) => *digest = rows.first().and_then(|row| Cells(row).optional(0)),
            Err(error) if error.is_answer() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(digests)
}
