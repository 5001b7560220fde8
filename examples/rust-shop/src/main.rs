//! A small shop that reports all it does by OpenTelemetry: a frontend, its customers, and a checkout service
//! in a process of its own.
//!
//! Owns the command line and the closing line that says what was sent. Never knows what an order is: that is
//! `frontend` and `checkout`; nor how it is told: that is `telemetry` and `http`.

mod checkout;
mod frontend;
mod http;
mod telemetry;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::telemetry::{Sent, Telemetry};

const USAGE: &str = "usage: rust-shop [--orders N | --forever]";
const METRICS: [&str; 5] =
    ["http.server.request.duration", "shop.orders", "shop.orders.waiting", "shop.payment.amount", "shop.stock"];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => run_shop(Some(20)),
        ["--orders", count] => run_shop(Some(count.parse().context(USAGE)?)),
        ["--forever"] => run_shop(None),
        ["checkout"] => run_checkout(),
        _ => bail!(USAGE),
    }
}

/// The frontend and its customers, with `orders` of them or without end.
fn run_shop(orders: Option<u64>) -> anyhow::Result<()> {
    let (mut checkout, mut checkout_output) = start_checkout()?;
    let port = read_line(&mut checkout_output)?["listening"].as_u64().context("the checkout says no port")?;

    let runtime = tokio::runtime::Runtime::new()?;
    let telemetry = runtime.block_on(async { Telemetry::start("frontend") })?;
    runtime.block_on(frontend::serve_customers(u16::try_from(port)?, orders))?;

    drop(checkout.stdin.take()); // its sign to finish
    let theirs = Sent::from_json(&read_line(&mut checkout_output)?);
    checkout.wait()?;
    let mut sent = telemetry.shutdown();
    sent.add(theirs);
    if orders.is_none() {
        let (spans, logs) = (sent.spans, sent.logs);
        writeln!(std::io::stdout(), "sent {spans} spans and {logs} log records")?;
        return Ok(());
    }
    write_line(&json!({
        "sdk": "rust",
        "protocol": telemetry::protocol(),
        "trace_ids": sent.trace_ids,
        "spans": sent.spans,
        "logs": sent.logs,
        "metrics": METRICS,
        "services": ["checkout", "frontend"],
    }))
}

/// The checkout: says where it listens, works until its standard input is closed, then says what it sent.
fn run_checkout() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let telemetry = runtime.block_on(async { Telemetry::start("checkout") })?;
    let port = runtime.block_on(http::serve(checkout::routes()))?;
    write_line(&json!({ "listening": port }))?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    write_line(&telemetry.shutdown().to_json())
}

/// In a process group of its own, so that Ctrl-C reaches only the shop, which closes the checkout in order.
fn start_checkout() -> anyhow::Result<(Child, BufReader<ChildStdout>)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("checkout")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .context("cannot start the checkout")?;
    let output = child.stdout.take().context("the checkout has no output")?;
    Ok((child, BufReader::new(output)))
}

fn read_line(output: &mut impl BufRead) -> anyhow::Result<Value> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    serde_json::from_str(&line).context("the checkout ended too early")
}

fn write_line(value: &Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{value}")?;
    Ok(())
}
