//! A small HTTP/1.1 client: one keep-alive connection, buffers that are used again.
//!
//! Owns a socket. Sends bytes that others prepared, so that a request costs one write. Never follows redirects,
//! never retries.

use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any request may take here.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A connection, and the last answer that came over it.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// Everything received of the current answer.
    received: Vec<u8>,
    body: Vec<u8>,
    head_bytes: usize,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// As the socket says.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { address, stream, received: Vec::with_capacity(64 << 10), body: Vec::new(), head_bytes: 0 })
    }

    /// A GET with the usual headers.
    ///
    /// # Errors
    /// As the socket says, or where the answer is no HTTP.
    pub fn get(&mut self, path: &str) -> io::Result<u16> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.exchange(head.as_bytes(), &[])
    }

    /// A POST with the usual headers.
    ///
    /// # Errors
    /// As [`Connection::get`].
    pub fn post(&mut self, path: &str, content_type: &str, body: &[u8]) -> io::Result<u16> {
        let head = post_head(self.address, path, content_type, None, body.len());
        self.exchange(head.as_bytes(), body)
    }

    /// Sends a prepared head and body, reads the whole answer and gives its status.
    ///
    /// # Errors
    /// As [`Connection::get`].
    pub fn exchange(&mut self, head: &[u8], body: &[u8]) -> io::Result<u16> {
        let sent = self.send(head, body);
        // A server may answer and close before it has read everything; its answer matters more than the broken pipe.
        match (self.receive(), sent) {
            (Ok(status), _) => Ok(status),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    }

    fn send(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        let total = head.len() + body.len();
        let mut sent = 0;
        while sent < total {
            let rest = if sent < head.len() {
                self.stream.write_vectored(&[IoSlice::new(&head[sent..]), IoSlice::new(body)])
            } else {
                self.stream.write(&body[sent - head.len()..])
            };
            match rest {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<u16> {
        self.received.clear();
        self.body.clear();
        self.head_bytes = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.more()?;
        };
        let status = self
            .received
            .get(9..12)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))?;
        if self.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            self.receive_chunks()?;
        } else if status != 204 && status != 304 {
            let length = self.header("content-length").and_then(|value| value.parse().ok());
            self.receive_body(length)?;
        }
        Ok(status)
    }

    fn receive_body(&mut self, length: Option<usize>) -> io::Result<()> {
        let Some(length) = length else {
            // Neither a length nor chunks: the body ends with the connection.
            while self.more().is_ok() {}
            self.body.extend_from_slice(&self.received[self.head_bytes..]);
            return Ok(());
        };
        while self.received.len() < self.head_bytes + length {
            self.more()?;
        }
        self.body.extend_from_slice(&self.received[self.head_bytes..self.head_bytes + length]);
        Ok(())
    }

    fn receive_chunks(&mut self) -> io::Result<()> {
        let mut at = self.head_bytes;
        loop {
            let line_end = loop {
                if let Some(end) = find(&self.received[at..], b"\r\n") {
                    break at + end;
                }
                self.more()?;
            };
            let line = std::str::from_utf8(&self.received[at..line_end]).unwrap_or_default();
            let digits = line.split(';').next().unwrap_or_default().trim();
            let length = usize::from_str_radix(digits, 16)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a chunk without a length"))?;
            let begin = line_end + 2;
            while self.received.len() < begin + length + 2 {
                self.more()?;
            }
            if length == 0 {
                return Ok(());
            }
            self.body.extend_from_slice(&self.received[begin..begin + length]);
            at = begin + length + 2;
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let before = self.received.len();
        let room = before.max(16 << 10);
        self.received.resize(before + room, 0);
        let read = self.stream.read(&mut self.received[before..]);
        self.received.truncate(before + read.as_ref().map_or(0, |bytes| *bytes));
        match read {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A header of the last answer, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(&self.received[..self.head_bytes]).ok()?;
        let lines = head.split("\r\n").skip(1);
        let mut fields = lines.filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body of the last answer.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the last answer asks to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.header("retry-after")?.parse().ok()?))
    }
}

/// The head of a POST.
#[must_use]
pub fn post_head(
    host: SocketAddr,
    path: &str,
    content_type: &str,
    encoding: Option<&str>,
    body_bytes: usize,
) -> String {
    let encoding = encoding.map(|name| format!("Content-Encoding: {name}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n{encoding}Content-Length: {body_bytes}\r\n\r\n"
    )
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}
