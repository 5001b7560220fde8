//! `spanlake-test-s3`: the double as a process of its own, for scripts and for trying things by hand.
//!
//! Says on its first line where it listens and how to point a client there. Modes are set over HTTP:
//! `curl -X PUT http://…/_double/mode -d '{"delay_ms": 200}'`.

use std::io::Write;
use std::net::SocketAddr;

use clap::Parser;
use spanlake_test_s3::S3Double;

/// A double of S3 that keeps its objects in memory and misbehaves when asked to.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

fn main() -> anyhow::Result<()> {
    let double = S3Double::start_at(Arguments::parse().listen)?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "{} serves {}", double.endpoint(), double.url())?;
    for (name, value) in double.env() {
        writeln!(output, "export {name}={value}")?;
    }
    output.flush()?;
    drop(output);
    loop {
        std::thread::park();
    }
}
