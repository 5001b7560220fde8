//! The protobuf wire format over a slice: keys, varints, fixed numbers, lengths, and skipping what is not known.
//!
//! Accepts and refuses just what prost does. Knows no OTLP message and never allocates on the way of a
//! well-formed request.

/// Groups inside groups that are skipped; prost stops at the same depth.
const GROUP_DEPTH_MAX: usize = 100;

pub(crate) const WIRE_VARINT: u32 = 0;
pub(crate) const WIRE_FIXED64: u32 = 1;
pub(crate) const WIRE_LENGTH: u32 = 2;
const WIRE_GROUP_START: u32 = 3;
const WIRE_GROUP_END: u32 = 4;
pub(crate) const WIRE_FIXED32: u32 = 5;

/// Why bytes are not protobuf, and the address where that was seen (made an offset once, at the end).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Malformed {
    pub fault: Fault,
    pub address: usize,
}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Truncated,
    Varint,
    Key,
    WireType,
    UnexpectedWireType,
    GroupEnd,
    GroupDepth,
}

impl Fault {
    /// The reason of the answer.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Truncated => "truncated: a field is longer than what is left of its message",
            Self::Varint => "a varint that does not end or exceeds 64 bits",
            Self::Key => "a field key that is zero or too large",
            Self::WireType => "a wire type that does not exist",
            Self::UnexpectedWireType => "a known field with the wrong wire type",
            Self::GroupEnd => "a group end that matches no start",
            Self::GroupDepth => "groups nested too deep",
        }
    }
}

pub(crate) type Wire<T> = Result<T, Malformed>;

/// A cursor over one message's bytes.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline(always)]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    #[cold]
    #[inline(never)]
    fn fail<T>(&self, fault: Fault) -> Wire<T> {
        Err(Malformed { fault, address: self.rest.as_ptr().addr() })
    }

    /// The bytes between this state of a reader and a later one.
    pub(crate) fn until(&self, later: &Self) -> &'a [u8] {
        &self.rest[..self.rest.len() - later.rest.len()]
    }

    /// Whether the message is read whole.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field's key (number and wire type), or `None` at the end of the message.
    #[inline(always)]
    pub(crate) fn key(&mut self) -> Wire<Option<u32>> {
        match *self.rest {
            [] => Ok(None),
            [key @ 0x08..=0x7f, ref rest @ ..] => {
                self.rest = rest;
                Ok(Some(u32::from(key)))
            }
            _ => self.long_key().map(Some),
        }
    }

    #[inline(never)]
    fn long_key(&mut self) -> Wire<u32> {
        let at = *self;
        let key = self.varint()?;
        match u32::try_from(key) {
            Ok(key) if key >> 3 != 0 => Ok(key),
            _ => at.fail(Fault::Key),
        }
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Wire<u64> {
        match *self.rest {
            [first @ 0..=0x7f, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(first))
            }
            [first, second @ 0..=0x7f, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(first & 0x7f) | u64::from(second) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Wire<u64> {
        let mut value = 0_u64;
        for (position, byte) in self.rest.iter().enumerate().take(10) {
            if position == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * position);
            if *byte < 0x80 {
                self.rest = &self.rest[position + 1..];
                return Ok(value);
            }
        }
        self.fail(Fault::Varint)
    }

    /// The bytes of a length-delimited field.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Wire<&'a [u8]> {
        let length = self.varint()?;
        self.take(length)
    }

    #[inline(always)]
    fn take(&mut self, length: u64) -> Wire<&'a [u8]> {
        let Some((taken, rest)) = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length))
        else {
            return self.fail(Fault::Truncated);
        };
        self.rest = rest;
        Ok(taken)
    }

    #[inline(always)]
    pub(crate) fn fixed64(&mut self) -> Wire<u64> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<8>() else {
            return self.fail(Fault::Truncated);
        };
        self.rest = rest;
        Ok(u64::from_le_bytes(*taken))
    }

    #[inline(always)]
    pub(crate) fn fixed32(&mut self) -> Wire<u32> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<4>() else {
            return self.fail(Fault::Truncated);
        };
        self.rest = rest;
        Ok(u32::from_le_bytes(*taken))
    }

    #[inline(always)]
    pub(crate) fn double(&mut self) -> Wire<f64> {
        self.fixed64().map(f64::from_bits)
    }

    /// Passes over a field that this version does not know. `known` has a bit for each number below 32 that the
    /// message does know: such a field came with the wrong wire type.
    #[cold]
    #[inline(never)]
    pub(crate) fn skip(&mut self, key: u32, known: u32) -> Wire<()> {
        let number = key >> 3;
        if number < 32 && known & (1 << number) != 0 {
            return self.fail(if key & 7 > 5 { Fault::WireType } else { Fault::UnexpectedWireType });
        }
        if key & 7 == WIRE_GROUP_START {
            return self.skip_group(number);
        }
        self.skip_plain(key & 7)
    }

    fn skip_plain(&mut self, wire_type: u32) -> Wire<()> {
        match wire_type {
            WIRE_VARINT => self.varint().map(|_| ()),
            WIRE_FIXED64 => self.take(8).map(|_| ()),
            WIRE_LENGTH => self.bytes().map(|_| ()),
            WIRE_FIXED32 => self.take(4).map(|_| ()),
            WIRE_GROUP_END => self.fail(Fault::GroupEnd),
            _ => self.fail(Fault::WireType),
        }
    }

    fn skip_group(&mut self, number: u32) -> Wire<()> {
        let mut open = vec![number];
        while let Some(innermost) = open.last() {
            let Some(key) = self.key()? else {
                return self.fail(Fault::Truncated);
            };
            match key & 7 {
                WIRE_GROUP_END if key >> 3 == *innermost => {
                    open.pop();
                }
                WIRE_GROUP_END => return self.fail(Fault::GroupEnd),
                WIRE_GROUP_START if open.len() == GROUP_DEPTH_MAX => return self.fail(Fault::GroupDepth),
                WIRE_GROUP_START => open.push(key >> 3),
                plain => self.skip_plain(plain)?,
            }
        }
        Ok(())
    }
}

/// The `sint32` of a varint.
pub(crate) const fn unzigzag(number: u64) -> i32 {
    let number = number as u32;
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// A message field that is not repeated. Where it comes more than once its occurrences merge, which protobuf
/// defines as reading them one after the other into the same message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Singular<'a> {
    first: Option<&'a [u8]>,
    /// Every occurrence, once there are two.
    all: Vec<&'a [u8]>,
}

impl<'a> Singular<'a> {
    pub(crate) fn one(message: &'a [u8]) -> Self {
        Self { first: Some(message), all: Vec::new() }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, message: &'a [u8]) {
        match self.first {
            None => self.first = Some(message),
            Some(first) => {
                if self.all.is_empty() {
                    self.all.push(first);
                }
                self.all.push(message);
            }
        }
    }

    #[inline(always)]
    pub(crate) fn is_present(&self) -> bool {
        self.first.is_some()
    }

    /// The occurrences, in order.
    #[inline(always)]
    pub(crate) fn parts(&self) -> &[&'a [u8]] {
        if self.all.is_empty() { self.first.as_slice() } else { &self.all }
    }
}
