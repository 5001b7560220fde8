//! `spanlake mysql check`: what a MySQL server would be asked, what its user may not see, and what it costs.
//!
//! Only prints: the questions are `spanlake-sources`'.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use spanlake_sources::mysql::{CheckError, CheckReport, MysqlUrl, check};

/// `sysexits.h`: an argument is wrong; the service is not there; not allowed.
const EXIT_USAGE: u8 = 64;
const EXIT_UNAVAILABLE: u8 = 69;
const EXIT_NOT_ALLOWED: u8 = 77;
const EXIT_FAILURE: u8 = 1;

/// Runs it; 0 where the server can be polled, whatever else its user lacks.
pub fn run(dsn: &str) -> ExitCode {
    let url = match MysqlUrl::parse(dsn) {
        Ok(url) => url,
        Err(error) => return fail(EXIT_USAGE, &format!("the address is {error}")),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(EXIT_FAILURE, &error.to_string()),
    };
    match runtime.block_on(check(&url)) {
        Ok(report) => {
            let _ = std::io::stdout().write_all(text(&url, &report).as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => fail(exit_code(&error), &error.to_string()),
    }
}

fn exit_code(error: &CheckError) -> u8 {
    if error.is_about_rights() { EXIT_NOT_ALLOWED } else { EXIT_UNAVAILABLE }
}

fn fail(code: u8, message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "spanlake: {message}");
    ExitCode::from(code)
}

fn text(url: &MysqlUrl, report: &CheckReport) -> String {
    let mut text = format!("{url} answers: {} {}\n\nWhat is collected\n", report.flavor.word(), report.version);
    for line in &report.collected {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("\nWhat is missing\n");
    for missing in &report.missing {
        let _ = writeln!(text, "  {} {}: {}", missing.what, missing.name, missing.text);
    }
    if report.missing.is_empty() {
        text.push_str("  nothing\n");
    }
    text.push_str("\nWhat it costs, while somebody watches\n");
    match report.cost {
        Some(cost) => {
            let _ = writeln!(
                text,
                "  {:.2} ms of the server's time a second, {:.1} statements a second, {:.2} % of a core here",
                cost.server_ms_per_second,
                cost.statements_per_second,
                cost.own_cpu_ratio * 100.0
            );
        }
        None => text.push_str("  could not be measured in time\n"),
    }
    text
}
