//! What a request would delete, counted before anybody asks for it.
//!
//! Owns nothing and changes nothing: it reads the catalog and one version, as any statement does.

use spanlake_schemas::tables::Table;

use super::scan::{Found, Wanted, scan};
use super::subject::Subject;
use super::{ForgetError, ForgetPreview, ForgetRequest, check};
use crate::cold::place::Place;
use crate::read::ReadHalf;

/// Counts; blocks for as long as reading takes.
pub(crate) fn preview(
    read: &ReadHalf,
    place: Option<&Place>,
    request: &ForgetRequest,
) -> Result<ForgetPreview, ForgetError> {
    check(request)?;
    let mut subject = Subject::new(request.traces.iter().map(|id| id.0), &request.attributes);
    let version = read.pin();
    let found = subject.resolve(read.catalog());
    let mut preview = ForgetPreview::default();
    for table in Table::ALL {
        let mut all = Found::default();
        for hot in version.hot(table).iter().filter(|_| !table.is_dimension()) {
            all.add(subject.count(table, &hot.batch));
        }
        for file in version.files(table) {
            let failed = |error| ForgetError::Failed(spanlake_schemas::errors::with_causes(&error));
            let of_file = scan(file, table, &subject, place).map_err(failed)?;
            preview.files += u64::from(!of_file.is_none());
            if !table.is_dimension() {
                all.add(of_file);
            }
        }
        // Each once, however many files have a copy.
        all.rows += match table {
            Table::Resources => found.resources.len() as u64,
            Table::Scopes => found.scopes.len() as u64,
            Table::Series => found.series.len() as u64,
            _ => 0,
        };
        if all.rows > 0 {
            preview.rows.insert(table.name().to_owned(), all.rows);
        }
        preview.links += all.links;
    }
    Ok(preview)
}
