//! Entries (a resource with all that is below it) gathered into requests of a bearable size.
//!
//! Pure. Never looks into an entry.

use crate::commands::SignalName;

/// About the size of a request; a larger entry goes alone.
const REQUEST_BYTES: usize = 4 << 20;

/// A request's body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) signal: SignalName,
    pub(super) bytes: Vec<u8>,
    is_json: bool,
}

impl Body {
    pub(super) const fn content_type(&self) -> &'static str {
        if self.is_json { "application/json" } else { "application/x-protobuf" }
    }
}

/// What was not sent yet, by signal.
#[derive(Debug, Default)]
pub(super) struct Requests {
    gathered: Vec<Gathered>,
}

#[derive(Debug)]
struct Gathered {
    signal: SignalName,
    is_json: bool,
    entries: Vec<Vec<u8>>,
    bytes: usize,
}

impl Requests {
    /// Adds an entry; gives a request that is full.
    pub(super) fn push(&mut self, signal: SignalName, entry: Vec<u8>, is_json: bool) -> Option<Body> {
        let position = self.gathered.iter().position(|gathered| gathered.signal == signal).unwrap_or_else(|| {
            self.gathered.push(Gathered { signal, is_json, entries: Vec::new(), bytes: 0 });
            self.gathered.len() - 1
        });
        let gathered = &mut self.gathered[position];
        let is_over = gathered.bytes > 0 && gathered.bytes + entry.len() > REQUEST_BYTES;
        let full = is_over.then(|| gathered.take());
        gathered.bytes += entry.len();
        gathered.entries.push(entry);
        full
    }

    /// What is left.
    pub(super) fn finish(mut self) -> Vec<Body> {
        let left = self.gathered.iter_mut().filter(|gathered| gathered.bytes > 0);
        left.map(Gathered::take).collect()
    }
}

impl Gathered {
    fn take(&mut self) -> Body {
        let entries = std::mem::take(&mut self.entries);
        self.bytes = 0;
        let bytes = if self.is_json {
            let key = self.signal.json_key();
            [format!("{{\"{key}\":[").as_bytes(), &entries.join(&b','), b"]}"].concat()
        } else {
            entries.concat()
        };
        Body { signal: self.signal, bytes, is_json: self.is_json }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_gathered_by_signal() {
        let mut requests = Requests::default();
        for (signal, entry) in [(SignalName::Traces, "{}"), (SignalName::Logs, "{\"a\":1}"), (SignalName::Traces, "[]")]
        {
            assert_eq!(requests.push(signal, entry.as_bytes().to_vec(), true), None);
        }
        let texts: Vec<String> =
            requests.finish().iter().map(|body| String::from_utf8_lossy(&body.bytes).into_owned()).collect();
        assert_eq!(texts, ["{\"resourceSpans\":[{},[]]}", "{\"resourceLogs\":[{\"a\":1}]}"]);
    }

    #[test]
    fn full_requests_leave() {
        let mut requests = Requests::default();
        let large = vec![b'x'; REQUEST_BYTES - 10];
        assert_eq!(requests.push(SignalName::Metrics, large.clone(), false), None);
        let full = requests.push(SignalName::Metrics, vec![b'y'; 20], false).expect("the first is full");
        assert_eq!((full.content_type(), full.bytes), ("application/x-protobuf", large));
        assert_eq!(requests.finish()[0].bytes.len(), 20);
    }
}
