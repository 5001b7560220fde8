//! `import`: files of OTLP to a server, rows filed under their own hours.
//!
//! Owns the walk over a file: decompress, find out what it is, cut it into requests of a bearable size, send each until
//! it is taken. Never holds more of a file than one document of it.

mod documents;
mod messages;
mod requests;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;

use super::client::{Client, Failure};
use super::progress::Progress;
use super::{CommandError, EXIT_FAILURE, ImportArguments, SignalName};
use crate::config::EXIT_USAGE;
use requests::{Body, Requests};

/// How long a server may say that it takes nothing now.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn run(arguments: &ImportArguments) -> Result<(), CommandError> {
    let client = Client::new(&arguments.server)?;
    for path in &arguments.files {
        let mut import = Import::open(path, &client)?;
        let done = import.run(arguments.signal);
        let Import { taken, progress, .. } = import;
        progress.end();
        let so_far = taken.sentence();
        match done {
            Ok(()) => println(&format!("{}: {so_far}", path.display()))?,
            Err(mut error) => {
                error.message = format!("{}: {}; until then: {so_far}", path.display(), error.message);
                return Err(error);
            }
        }
    }
    Ok(())
}

fn println(line: &str) -> Result<(), CommandError> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Whether a file that begins so is JSON. A message may begin with the byte of a line end, but does not get far without
/// a control character.
fn looks_like_json(begin: &[u8]) -> bool {
    let begin = &begin[..begin.len().min(4096)];
    let is_text = begin.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\r' | b'\n'));
    is_text && begin.trim_ascii_start().first() == Some(&b'{')
}

/// What the server says of a request.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    accepted: u64,
    rejected: u64,
    message: Option<String>,
}

/// What came of all requests.
#[derive(Debug, Default)]
struct Taken {
    accepted: u64,
    rejected: u64,
    reason: Option<String>,
}

impl Taken {
    fn add(&mut self, answer: Answer) {
        self.accepted += answer.accepted;
        self.rejected += answer.rejected;
        if answer.rejected > 0 {
            self.reason = self.reason.take().or(answer.message);
        }
    }

    fn sentence(&self) -> String {
        let items = match self.accepted {
            1 => "1 item imported".to_owned(),
            items => format!("{items} items imported"),
        };
        match (self.rejected, &self.reason) {
            (0, _) => items,
            (rejected, None) => format!("{items}, {rejected} rejected"),
            (rejected, Some(reason)) => {
                format!("{items}, {rejected} rejected (such as: {})", super::terminal::clean(reason))
            }
        }
    }
}

/// One file on its way.
struct Import<'a> {
    client: &'a Client,
    reader: Box<dyn BufRead>,
    /// Bytes read of the file as it lies there.
    position: Arc<AtomicU64>,
    progress: Progress,
    taken: Taken,
}

/// Counts what is read.
struct Counting<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(into)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<'a> Import<'a> {
    fn open(path: &Path, client: &'a Client) -> Result<Self, CommandError> {
        let wrong = |error| CommandError::new(EXIT_USAGE, format!("cannot read {}: {error}", path.display()));
        let position = Arc::new(AtomicU64::new(0));
        let (source, total): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(std::io::stdin()), None)
        } else {
            let file = File::open(path).map_err(wrong)?;
            let total = file.metadata().map_err(wrong)?.len();
            (Box::new(file), Some(total))
        };
        let mut raw = BufReader::with_capacity(1 << 20, Counting(source, Arc::clone(&position)));
        let reader: Box<dyn BufRead> = match raw.fill_buf().map_err(wrong)? {
            [0x1f, 0x8b, ..] => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(raw))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(wrong)?))
            }
            _ => Box::new(raw),
        };
        let progress = Progress::new("imported", total);
        Ok(Self { client, reader, position, progress, taken: Taken::default() })
    }

    fn run(&mut self, signal: Option<SignalName>) -> Result<(), CommandError> {
        let unreadable = |error| CommandError::new(EXIT_FAILURE, format!("cannot be read: {error}"));
        let begin = self.reader.fill_buf().map_err(unreadable)?;
        let (is_empty, is_json) = (begin.is_empty(), looks_like_json(begin));
        let mut reader = std::mem::replace(&mut self.reader, Box::new(std::io::empty()));
        let mut requests = Requests::default();
        if is_json {
            documents::read(&mut reader, |signal, entry| self.push(&mut requests, signal, entry, true))?;
        } else if !is_empty {
            let signal = signal.ok_or_else(|| {
                let message = "it is no JSON; of protobuf the signal must be told: --signal traces, metrics or logs";
                CommandError::new(EXIT_USAGE, message)
            })?;
            messages::read(&mut reader, |entry| self.push(&mut requests, signal, entry, false))?;
        }
        for body in requests.finish() {
            self.send(&body)?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        requests: &mut Requests,
        signal: SignalName,
        entry: Vec<u8>,
        is_json: bool,
    ) -> Result<(), CommandError> {
        match requests.push(signal, entry, is_json) {
            Some(body) => self.send(&body),
            None => Ok(()),
        }
    }

    /// Until it is taken, or refused for good.
    fn send(&mut self, body: &Body) -> Result<(), CommandError> {
        let path = format!("/api/import/{}", body.signal.path());
        let mut waited = Duration::ZERO;
        loop {
            match self.client.post_bytes(&path, body.content_type(), &body.bytes) {
                Ok(response) => {
                    let answer = response.into_body().read_json::<Answer>().map_err(|error| {
                        CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}"))
                    })?;
                    self.taken.add(answer);
                    self.progress.set(self.position.load(Ordering::Relaxed), self.taken.accepted);
                    return Ok(());
                }
                Err(Failure::Api { status: 503, error }) if waited < PATIENCE => {
                    tracing::debug!(error.message, "the server asks to come later");
                    let pause = Duration::from_secs(1);
                    std::thread::sleep(pause);
                    waited += pause;
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}
