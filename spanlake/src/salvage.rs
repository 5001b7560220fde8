//! `spanlake salvage-log`: the way out of a damaged log, said in words.
//!
//! Owns what the operator reads. The store does the work, and deletes nothing.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use spanlake_store::log::salvage::Salvaged;

/// Salvages the log below a data directory that no server uses.
pub fn run(data_dir: &Path) -> ExitCode {
    match spanlake_store::Store::salvage(data_dir) {
        Ok(salvaged) => {
            let _ = std::io::stdout().write_all(report(&salvaged).as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => crate::fail(crate::EXIT_FAILURE, &format!("{:#}", anyhow::Error::from(error))),
    }
}

fn report(salvaged: &[Salvaged]) -> String {
    if salvaged.is_empty() {
        return "nothing is damaged; nothing was changed\n".to_owned();
    }
    let line = |segment: &Salvaged| {
        format!(
            "{}: kept {} requests, lost {} bytes, gave up {} requests before; the file as it was is {}\n",
            segment.segment.display(),
            segment.kept_records,
            segment.lost_bytes,
            segment.missing_records,
            segment.set_aside.display()
        )
    };
    salvaged.iter().map(line).collect()
}
