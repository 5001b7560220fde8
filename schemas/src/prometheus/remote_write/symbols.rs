//! The table of texts of a request of version 2.0.

use crate::otlp::wire::{Reader, Wire};

/// More are no one's request; a body of the largest size with labels of usual length has a tenth.
const SYMBOLS_MAX: usize = 2_000_000;

/// The texts, by position. What is not UTF-8 is found out where it is used.
pub(super) struct Symbols<'a>(Vec<&'a [u8]>);

/// Reads the table; positions beyond the limit are not there.
pub(super) fn read(body: &[u8]) -> Wire<Symbols<'_>> {
    let mut symbols = Vec::new();
    let mut reader = Reader::new(body);
    while let Some(key) = reader.key()? {
        match key {
            0x22 => {
                let text = reader.bytes()?;
                if symbols.len() < SYMBOLS_MAX {
                    symbols.push(text);
                }
            }
            other => reader.skip(other, 0b1_0000)?,
        }
    }
    Ok(Symbols(symbols))
}

impl<'a> Symbols<'a> {
    pub(super) fn get(&self, at: u64) -> Result<&'a str, &'static str> {
        let text = usize::try_from(at).ok().and_then(|at| self.0.get(at)).ok_or("a reference to no symbol")?;
        std::str::from_utf8(text).map_err(|_| "text that is not UTF-8")
    }
}
