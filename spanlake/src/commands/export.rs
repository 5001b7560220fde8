//! `export`: stored telemetry as a file: OTLP that `import` and other tools read, or Parquet and CSV of SQL's tables.
//!
//! Owns the file: written aside and renamed when it is whole, compressed where its name says so. Never holds more of an
//! answer than a piece.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use url::form_urlencoded;

use super::client::Client;
use super::progress::Progress;
use super::{CommandError, EXIT_FAILURE, ExportArguments, ExportFormat, SignalName};
use crate::config::EXIT_USAGE;

const PIECE_BYTES: usize = 64 << 10;

pub(super) fn run(arguments: &ExportArguments) -> Result<(), CommandError> {
    let client = Client::new(&arguments.server)?;
    let response = match arguments.format {
        ExportFormat::OtlpJson | ExportFormat::OtlpProtobuf => client.get(&otlp_path(arguments)?)?,
        ExportFormat::Parquet | ExportFormat::Csv => client.post("/api/sql", &statement(arguments))?,
    };
    let mut out = Output::create(arguments.output.as_deref())?;
    let mut reader = response.into_body().into_reader();
    let mut progress = Progress::new("exported", None);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = reader.read(&mut piece).map_err(|error| {
            let message = format!("the answer broke off ({error}); the server's log says why; nothing was kept");
            CommandError::new(EXIT_FAILURE, message)
        })?;
        if read == 0 {
            break;
        }
        out.write_all(&piece[..read])?;
        progress.add_bytes(read as u64);
    }
    out.finish()?;
    progress.end();
    Ok(())
}

fn otlp_path(arguments: &ExportArguments) -> Result<String, CommandError> {
    if arguments.query.is_some() {
        return Err(CommandError::new(
            EXIT_USAGE,
            "a query's answer has no form in OTLP: choose --format parquet or csv",
        ));
    }
    let format = if arguments.format == ExportFormat::OtlpJson { "json" } else { "protobuf" };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("format", format);
    let given = [("start", &arguments.start), ("end", &arguments.end), ("trace_id", &arguments.trace)];
    for (name, value) in given {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    Ok(format!("/api/export/{}?{}", arguments.signal.path(), query.finish()))
}

/// The table of the signal, or what was asked.
fn statement(arguments: &ExportArguments) -> serde_json::Value {
    let (table, time) = match arguments.signal {
        SignalName::Traces => ("spans", "start_time"),
        SignalName::Logs => ("logs", "time"),
        SignalName::Metrics => ("metrics", "time"),
    };
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let moment = |text: &str| match text.parse::<i64>() {
        Ok(nanos) => format!("to_timestamp_nanos({nanos})"),
        Err(_) => format!("{}::timestamp", quoted(text)),
    };
    let conditions = [
        arguments.start.as_deref().map(|start| format!("{time} >= {}", moment(start))),
        arguments.end.as_deref().map(|end| format!("{time} < {}", moment(end))),
        arguments.trace.as_deref().map(|trace| format!("trace_id = {}", quoted(trace))),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    let filter = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
    let query = arguments.query.clone().unwrap_or_else(|| format!("select * from {table}{filter}"));
    let format = if arguments.format == ExportFormat::Csv { "csv" } else { "parquet" };
    json!({ "query": query, "format": format })
}

/// Where an export goes.
struct Output {
    sink: Sink,
    /// What the file is called until it is whole, and then.
    names: Option<(PathBuf, PathBuf)>,
}

enum Sink {
    Plain(Box<dyn Write>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
    Done,
}

impl Output {
    fn create(path: Option<&Path>) -> Result<Self, CommandError> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self { sink: Sink::Plain(Box::new(std::io::stdout().lock())), names: None });
        };
        let wrong = |error| CommandError::new(EXIT_FAILURE, format!("cannot write {}: {error}", path.display()));
        let aside = PathBuf::from(format!("{}.part", path.display()));
        let file = BufWriter::new(File::create(&aside).map_err(wrong)?);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let sink = match ending {
            "gz" => Sink::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
            "zst" => Sink::Zstd(zstd::stream::write::Encoder::new(file, 3).map_err(wrong)?),
            _ => Sink::Plain(Box::new(file)),
        };
        Ok(Self { sink, names: Some((aside, path.to_path_buf())) })
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(bytes),
            Sink::Gzip(sink) => sink.write_all(bytes),
            Sink::Zstd(sink) => sink.write_all(bytes),
            Sink::Done => Ok(()),
        }
    }

    fn finish(mut self) -> std::io::Result<()> {
        match std::mem::replace(&mut self.sink, Sink::Done) {
            Sink::Plain(mut sink) => sink.flush()?,
            Sink::Gzip(sink) => sink.finish()?.flush()?,
            Sink::Zstd(sink) => sink.finish()?.flush()?,
            Sink::Done => {}
        }
        match self.names.take() {
            Some((aside, path)) => {
                File::open(&aside)?.sync_all()?;
                std::fs::rename(aside, path)
            }
            None => Ok(()),
        }
    }
}

impl Drop for Output {
    /// A part is not taken for the whole.
    fn drop(&mut self) {
        if let Some((aside, _)) = &self.names {
            let _ = std::fs::remove_file(aside);
        }
    }
}
