//! OTLP JSON: one document, or one after the other (a line each, as the Collector's file exporter writes them).
//!
//! Owns what is an entry and how one that is too large is cut: by scope, then by item. Never looks at an item.

use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::commands::{CommandError, EXIT_FAILURE, SignalName};

/// Larger entries are cut.
const ENTRY_BYTES_MAX: usize = 16 << 20;
/// Items of a part that is cut off.
const ITEMS_PER_PART: usize = 5_000;

/// An export request of any signal; protobuf's own names are taken as well, as the JSON mapping says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Document {
    #[serde(alias = "resource_spans")]
    resource_spans: Vec<Box<RawValue>>,
    #[serde(alias = "resource_metrics")]
    resource_metrics: Vec<Box<RawValue>>,
    #[serde(alias = "resource_logs")]
    resource_logs: Vec<Box<RawValue>>,
}

/// Gives every entry of every document.
pub(super) fn read(
    reader: &mut dyn BufRead,
    mut give: impl FnMut(SignalName, Vec<u8>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let documents = serde_json::Deserializer::from_reader(reader).into_iter::<Document>();
    for (number, document) in (1..).zip(documents) {
        let document = document
            .map_err(|error| CommandError::new(EXIT_FAILURE, format!("document {number} is no OTLP JSON: {error}")))?;
        let entries = [
            (SignalName::Traces, document.resource_spans),
            (SignalName::Metrics, document.resource_metrics),
            (SignalName::Logs, document.resource_logs),
        ];
        if entries.iter().all(|(_, entries)| entries.is_empty()) {
            let message = format!("document {number} has none of resourceSpans, resourceMetrics and resourceLogs");
            return Err(CommandError::new(EXIT_FAILURE, message));
        }
        for (signal, entries) in entries {
            for entry in entries {
                let bytes = String::from(Box::<str>::from(entry)).into_bytes();
                for part in parts(bytes) {
                    give(signal, part)?;
                }
            }
        }
    }
    Ok(())
}

/// The entry, or parts of it that each stand for themselves.
fn parts(entry: Vec<u8>) -> Vec<Vec<u8>> {
    if entry.len() <= ENTRY_BYTES_MAX {
        return vec![entry];
    }
    let Ok(Value::Object(whole)) = serde_json::from_slice::<Value>(&entry) else { return vec![entry] };
    let mut parts = Vec::new();
    for (list, scopes) in &whole {
        let Value::Array(scopes) = scopes else { continue };
        for scope in scopes.iter().filter_map(Value::as_object) {
            for (items_key, items) in scope {
                let Value::Array(items) = items else { continue };
                for chunk in items.chunks(ITEMS_PER_PART) {
                    let mut scope = scope.clone();
                    scope.insert(items_key.clone(), Value::Array(chunk.to_vec()));
                    let mut part = whole.clone();
                    part.insert(list.clone(), Value::Array(vec![Value::Object(scope)]));
                    parts.push(Value::Object(part).to_string().into_bytes());
                }
            }
        }
    }
    if parts.is_empty() { vec![entry] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<(SignalName, String)>, String> {
        let mut found = Vec::new();
        read(&mut text.as_bytes(), |signal, entry| {
            found.push((signal, String::from_utf8(entry).expect("JSON")));
            Ok(())
        })
        .map_err(|error| error.message)?;
        Ok(found)
    }

    #[test]
    fn lines_and_pretty_documents_are_read() {
        let text =
            "{\"resourceSpans\":[{\"a\":1},{\"b\":2}]}\n\n{\n \"resource_logs\": [ {} ] }\n{\"resourceMetrics\":[{}]}";
        let expected = [
            (SignalName::Traces, "{\"a\":1}"),
            (SignalName::Traces, "{\"b\":2}"),
            (SignalName::Logs, "{}"),
            (SignalName::Metrics, "{}"),
        ];
        let expected: Vec<_> = expected.iter().map(|(signal, text)| (*signal, (*text).to_owned())).collect();
        assert_eq!(all(text), Ok(expected));
    }

    #[test]
    fn what_is_no_otlp_is_named() {
        assert_eq!(
            all("{\"spans\":[]}"),
            Err("document 1 has none of resourceSpans, resourceMetrics and resourceLogs".into())
        );
        let cut = all("{\"resourceSpans\":[{}]}\n{\"resourceSpans\":[{").unwrap_err();
        assert!(cut.starts_with("document 2 is no OTLP JSON") && cut.contains("line 2"), "{cut}");
    }

    #[test]
    fn large_entries_are_cut_between_items() {
        let item = format!("{{\"name\":\"{}\"}}", "x".repeat(1500));
        let items = vec![item; 12_001].join(",");
        let text = format!(
            "{{\"resourceSpans\":[{{\"resource\":{{}},\"scopeSpans\":[{{\"scope\":{{}},\"spans\":[{items}]}}]}}]}}"
        );
        let found = all(&text).unwrap();
        assert_eq!(found.len(), 3);
        let items: usize = found.iter().map(|(_, part)| part.matches("\"name\"").count()).sum();
        assert_eq!(items, 12_001);
        assert!(found.iter().all(|(_, part)| part.contains("\"resource\":{}") && part.contains("\"scope\":{}")));
    }
}
