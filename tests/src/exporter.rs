//! A program that says its metrics over HTTP, from a text in which `$5` is five times the number of the scrape.
//!
//! Owns its port until it is dropped. One connection at a time, which is kept until the other side closes it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What it does beside answering.
#[derive(Debug, Default)]
struct State {
    scrapes: AtomicU64,
    is_broken: AtomicBool,
    is_over: AtomicBool,
}

/// A program that runs.
#[derive(Debug)]
pub struct Exporter {
    address: SocketAddr,
    state: Arc<State>,
}

impl Exporter {
    /// Serves a text of one content type.
    ///
    /// # Panics
    /// Where there is no port.
    #[must_use]
    pub fn start(content_type: &'static str, text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (state, text) = (Arc::<State>::default(), text.to_owned());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_over.load(Ordering::Acquire) {
                    return;
                }
                let (shared, text) = (Arc::clone(&shared), text.clone());
                thread::spawn(move || serve(stream, content_type, &text, &shared));
            }
        });
        Self { address, state }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was asked.
    #[must_use]
    pub fn scrapes(&self) -> u64 {
        self.state.scrapes.load(Ordering::Acquire)
    }

    /// From now on it answers 500, or as before.
    pub fn set_broken(&self, is_broken: bool) {
        self.state.is_broken.store(is_broken, Ordering::Release);
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Release);
        // The thread waits for a connection.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

fn serve(stream: TcpStream, content_type: &str, text: &str, state: &State) {
    let Ok(reading) = stream.try_clone() else { return };
    let (mut lines, mut stream) = (BufReader::new(reading).lines(), stream);
    loop {
        // A request without a body ends with an empty line.
        loop {
            match lines.next() {
                Some(Ok(line)) if line.is_empty() => break,
                Some(Ok(_)) => {}
                _ => return,
            }
        }
        if state.is_over.load(Ordering::Acquire) {
            return;
        }
        let scrape = state.scrapes.fetch_add(1, Ordering::AcqRel) + 1;
        let (status, body) = match state.is_broken.load(Ordering::Acquire) {
            true => ("500 Internal Server Error", "broken".to_owned()),
            false => ("200 OK", filled(text, scrape)),
        };
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The text with every `$k` as `k` times the number.
fn filled(text: &str, scrape: u64) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(part.len());
        let step: f64 = part[..end].parse().expect("a number stands behind $");
        out.push_str(&(step * scrape as f64).to_string());
        out.push_str(&part[end..]);
    }
    out
}
