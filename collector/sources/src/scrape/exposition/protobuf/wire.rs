//! Protobuf's wire format over a slice: as much of it as these messages need.

pub(super) type Read<T> = Result<T, &'static str>;

const TRUNCATED: &str = "truncated: a field is longer than what is left";

/// A field's value, not interpreted.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32,
}

pub(super) fn varint(rest: &mut &[u8]) -> Read<u64> {
    let mut value = 0_u64;
    for (at, byte) in rest.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if *byte < 0x80 {
            *rest = &rest[at + 1..];
            return Ok(value);
        }
    }
    Err("a varint that does not end")
}

pub(super) fn take<'a>(rest: &mut &'a [u8], length: u64) -> Read<&'a [u8]> {
    let (taken, after) =
        usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)).ok_or(TRUNCATED)?;
    *rest = after;
    Ok(taken)
}

/// Calls for each field of a message, in the order in which they stand there.
pub(super) fn each_field<'a>(message: &'a [u8], mut each: impl FnMut(u32, Field<'a>) -> Read<()>) -> Read<()> {
    let mut rest = message;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let number = u32::try_from(key >> 3).map_err(|_| "a field number that is too large")?;
        let value = match key & 7 {
            0 => Field::Varint(varint(&mut rest)?),
            1 => Field::Fixed64(u64::from_le_bytes(*take(&mut rest, 8)?.first_chunk().ok_or(TRUNCATED)?)),
            2 => {
                let length = varint(&mut rest)?;
                Field::Bytes(take(&mut rest, length)?)
            }
            5 => {
                take(&mut rest, 4)?;
                Field::Fixed32
            }
            _ => return Err("a wire type that is not known"),
        };
        each(number, value)?;
    }
    Ok(())
}

pub(super) fn text(bytes: &[u8]) -> Read<&str> {
    std::str::from_utf8(bytes).map_err(|_| "text that is not UTF-8")
}

pub(super) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}
