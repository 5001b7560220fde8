//! Where numbers and durations end.
//!
//! Owns their form as text. What they come to is found out by the parser.

/// Bytes of a number from the start; an error says how many were read before it stopped to be one.
pub(super) fn number_length(text: &str) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let hexadecimal = at(0) == b'0' && matches!(at(1), b'x' | b'X');
    let is_digit = |byte: u8| if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let mut index = if hexadecimal { 2 } else { 0 };
    let (mut has_point, mut has_exponent) = (false, false);
    loop {
        match at(index) {
            byte if is_digit(byte) => index += 1,
            b'.' if has_point || hexadecimal => return Err(index + 1),
            b'.' => {
                has_point = true;
                index += 1;
                if matches!(at(index), b'_' | b'.') {
                    return Err(index + 1);
                }
            }
            b'e' | b'E' if has_exponent => return Err(index + 1),
            b'e' | b'E' => {
                has_exponent = true;
                index += 1;
                if matches!(at(index), b'+' | b'-') {
                    index += 1;
                }
                if !is_digit(at(index)) {
                    return Err(index.min(text.len()));
                }
            }
            b'_' => {
                index += 1;
                if !is_digit(at(index)) {
                    return Err(index.min(text.len()));
                }
            }
            _ => return Ok(index),
        }
    }
}

/// Bytes of a duration from the start; an error says how many were read before it stopped to be one.
pub(super) fn duration_length(text: &str) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let mut index = 0;
    while at(index).is_ascii_digit() {
        while at(index).is_ascii_digit() {
            index += 1;
        }
        if !matches!(at(index), b's' | b'm' | b'h' | b'd' | b'w' | b'y') {
            return Err(index);
        }
        index += 1;
        if at(index) == b's' {
            index += 1;
        }
    }
    if index == 0 { Err(0) } else { Ok(index) }
}
