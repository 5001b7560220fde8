//! The checksum of a whole file, CRC-32C, as the manifest has it.
//!
//! Owns the reading of a file from its beginning. Never judges.

use std::fs::File;
use std::io::{Read, Seek};

const BUFFER_BYTES: usize = 1 << 20;

/// Of all that is in it; the file stands at its beginning afterwards.
pub(crate) fn checksum_of(file: &mut File) -> std::io::Result<u32> {
    file.rewind()?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut sum = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => sum = crc32c::crc32c_append(sum, &buffer[..read]),
        }
    }
    file.rewind()?;
    Ok(sum)
}
