//! `spanlake fsck`: is everything there, and what to do where it is not, in words.
//!
//! Owns what the operator reads and the exit code: 0 where nothing is lost, 1 otherwise. The store does the work.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use spanlake_store::fsck::{FsckReport, fsck};

use crate::config::Config;
use crate::serve::cold_config;

/// Checks a data directory that no server uses, and its cold tier.
pub fn run(config: &Config) -> ExitCode {
    match fsck(&config.data_dir, cold_config(config).as_ref()) {
        Ok(report) => {
            let _ = std::io::stdout().write_all(text(&report).as_bytes());
            let is_bad = report.findings.iter().any(|finding| finding.is_error);
            ExitCode::from(if is_bad { crate::EXIT_FAILURE } else { 0 })
        }
        Err(error) => crate::fail(crate::EXIT_FAILURE, &format!("{:#}", anyhow::Error::from(error))),
    }
}

fn text(report: &FsckReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let kind = if finding.is_error { "error" } else { "note" };
        let _ = writeln!(text, "{kind}: {} {}\n  to do: {}", finding.path.display(), finding.what, finding.advice);
    }
    let _ = writeln!(
        text,
        "{} files with {} rows in {} bytes; {} log segments with {} requests that are in no file yet",
        report.files, report.rows, report.bytes, report.log_segments, report.log_requests
    );
    if report.cold_files > 0 {
        let (files, rows, bytes) = (report.cold_files, report.cold_rows, report.cold_bytes);
        let _ = writeln!(text, "{files} files with {rows} rows in {bytes} bytes in the cold tier");
    }
    let errors = report.findings.iter().filter(|finding| finding.is_error).count();
    let _ = match errors {
        0 => writeln!(text, "nothing is lost"),
        1 => writeln!(text, "1 error"),
        _ => writeln!(text, "{errors} errors"),
    };
    text
}
