//! A WebSocket client for `/api/live`, written from RFC 6455: enough to say texts, to hear texts, and to be odd.
//!
//! Owns one socket. Failures panic, as this is for tests only.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::PATIENCE;

/// The key and its answer of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A connection.
pub struct LiveClient {
    stream: TcpStream,
    /// Bytes that were read and not used.
    rest: Vec<u8>,
}

impl LiveClient {
    /// Connects; the status where it is not a WebSocket's. `headers` are lines, each with its end.
    ///
    /// # Errors
    /// The status and the body.
    pub fn open(address: SocketAddr, headers: &str) -> Result<Self, (u16, String)> {
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let request = format!(
            "GET /api/live HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the server answers");
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        if status != 101 {
            let mut body = vec![0; 4096];
            let read = stream.read(&mut body).unwrap_or(0);
            return Err((status, String::from_utf8_lossy(&body[..read]).into_owned()));
        }
        assert!(head.contains(ACCEPT), "{head}");
        Ok(Self { stream, rest: Vec::new() })
    }

    /// Connects to a server without a token.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        Self::open(address, "").unwrap_or_else(|(status, body)| panic!("{status} {body}"))
    }

    /// Says a message.
    pub fn say(&mut self, message: &Value) {
        self.write(TEXT, message.to_string().as_bytes());
    }

    /// Says any frame.
    pub fn write(&mut self, opcode: u8, payload: &[u8]) {
        let length = payload.len();
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(length) {
            Ok(short) if short < 126 => frame.push(0x80 | u8::try_from(short).expect("below 126")),
            Ok(short) => {
                frame.push(0x80 | 126);
                frame.extend(short.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend(u64::try_from(length).expect("fits").to_be_bytes());
            }
        }
        // A mask of zeros leaves the payload as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        // The server may have gone already: then the next read says so.
        let _ = self.stream.write_all(&frame);
    }

    /// The next message; `None` where the connection has ended.
    pub fn hear(&mut self) -> Option<Value> {
        loop {
            let (opcode, payload) = self.frame()?;
            match opcode {
                TEXT => return Some(serde_json::from_slice(&payload).expect("messages are JSON")),
                PING => self.write(PONG, &payload),
                CLOSE => return None,
                _ => {}
            }
        }
    }

    /// Changes of one subscription until one says what is wanted.
    ///
    /// # Panics
    /// Where none does in time, with those that came.
    pub fn until(&mut self, id: u64, mut is_wanted: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let began = Instant::now();
        let mut heard = Vec::new();
        while began.elapsed() < PATIENCE {
            let Some(message) = self.hear() else { panic!("the connection ended after {heard:?}") };
            let changes = message["changes"].as_array().cloned().unwrap_or_else(|| vec![message.clone()]);
            for change in changes.into_iter().filter(|change| change["id"] == id) {
                let is_last = is_wanted(&change);
                heard.push(change);
                if is_last {
                    return heard;
                }
            }
        }
        panic!("not within {PATIENCE:?}: {heard:?}")
    }

    /// Whether something is said within so long.
    pub fn hears_within(&mut self, time: Duration) -> Option<Value> {
        self.stream.set_read_timeout(Some(time)).expect("a timeout can be set");
        let mut byte = [0];
        let is_there = matches!(self.stream.read(&mut byte), Ok(1));
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        if !is_there {
            return None;
        }
        self.rest.push(byte[0]);
        self.hear()
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.take(2)?;
        assert_eq!(head[1] & 0x80, 0, "a server never masks");
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.take(2)?.try_into().expect("two bytes"))),
            127 => u64::from_be_bytes(self.take(8)?.try_into().expect("eight bytes")),
            short => u64::from(short),
        };
        let payload = self.take(usize::try_from(length).expect("fits"))?;
        Some((head[0] & 0x0f, payload))
    }

    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.rest.len() < count {
            let mut buffer = vec![0; 64 << 10];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => self.rest.extend(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
        let rest = self.rest.split_off(count);
        Some(std::mem::replace(&mut self.rest, rest))
    }
}
