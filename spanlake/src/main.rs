//! The `spanlake` binary: commands, configuration and the assembly of the rooms.
//!
//! Owns the process: allocator, exit codes and the runtime. Everything else is in a room of its own.

mod checkpoints;
mod commands;
mod config;
mod door;
mod exposition;
mod fsck;
mod mysql_check;
mod mysql_live;
mod salvage;
mod sampling;
mod serve;
mod status;
mod telemetry;

use std::io::Write;
use std::process::ExitCode;

use commands::{Command, MysqlArguments, MysqlCommand, ServeArguments};
use config::{Config, EXIT_USAGE, Flags, Loaded};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `sysexits.h`: something that was needed is not there or cannot be used.
const EXIT_FAILURE: u8 = 1;

fn main() -> ExitCode {
    let command_line = match commands::parse(std::env::args_os()) {
        Ok(command_line) => command_line,
        Err(code) => return code,
    };
    match command_line.command {
        Command::Serve(arguments) => serve(&arguments),
        Command::Sql(arguments) => commands::sql(&arguments),
        Command::Trace(arguments) => commands::trace(&arguments),
        Command::Export(arguments) => commands::export(&arguments),
        Command::Import(arguments) => commands::import(&arguments),
        Command::Push(arguments) => commands::push(&arguments),
        Command::Lint(arguments) => commands::lint(&arguments),
        Command::Report(arguments) => commands::report(&arguments),
        Command::Forget(arguments) => commands::forget(&arguments),
        Command::Sampling(arguments) => commands::sampling(&arguments),
        Command::Mysql(MysqlArguments { command: MysqlCommand::Check { dsn } }) => mysql_check::run(&dsn),
        Command::CheckConfig(arguments) => commands::check_config(&arguments),
        Command::Fsck(arguments) => with_config(&arguments.flags(), |config| fsck::run(&config)),
        Command::SalvageLog(arguments) => salvage::run(&arguments.data_dir),
    }
}

fn serve(arguments: &ServeArguments) -> ExitCode {
    with_config(&arguments.flags(), |config| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("spanlake-io").build();
        let result = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(serve::serve(config)));
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(EXIT_FAILURE, &format!("{error:#}")),
        }
    })
}

fn with_config(flags: &Flags, run: impl FnOnce(Config) -> ExitCode) -> ExitCode {
    match Loaded::from(flags, std::env::vars_os()) {
        Ok(loaded) => run(loaded.config),
        Err(error) => fail(EXIT_USAGE, &error.to_string()),
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    // Where stderr is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "spanlake: {message}");
    ExitCode::from(code)
}
