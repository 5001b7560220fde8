//! A static filter with fingerprints of 16 bits, read in place from bytes.
//!
//! Owns building and asking. About 19.7 bits a key, one false answer in 2^16. Kept small rather than taken from a
//! crate, so that its bytes are ours for good: little endian, without alignment, the same on every machine.
//!
//! Source: Graf, Lemire, "Xor Filters: Faster and Smaller Than Bloom and Cuckoo Filters", ACM JEA 25, 2020: three places
//! a key, one in each third; keys are peeled off one by one where a place has but one key left.

const HEADER_BYTES: usize = 12;
/// 1.23 places a key, and some more so that few keys peel too.
const PLACES_A_KEY: (usize, usize) = (123, 100);
const SPARE_PLACES: usize = 33;
/// Each seed fails with a small probability; so many failures do not happen with distinct keys.
const SEEDS_MAX: u64 = 256;

/// A filter in memory.
#[derive(Clone, Debug, Default)]
pub struct XorFilter {
    seed: u64,
    third: u32,
    fingerprints: Vec<u16>,
}

/// A filter in bytes.
#[derive(Clone, Copy, Debug)]
pub struct XorFilterRef<'a> {
    seed: u64,
    third: u32,
    fingerprints: &'a [u8],
}

#[derive(Clone, Copy)]
struct Hashed {
    places: [usize; 3],
    fingerprint: u16,
}

impl XorFilter {
    /// Of distinct keys. A filter without keys contains nothing.
    #[must_use]
    pub fn build(keys: &[u64]) -> Self {
        if keys.is_empty() {
            return Self::default();
        }
        let third = (keys.len() * PLACES_A_KEY.0 / PLACES_A_KEY.1 + SPARE_PLACES).div_ceil(3);
        let third = u32::try_from(third).unwrap_or(u32::MAX);
        (0..SEEDS_MAX)
            .find_map(|seed| Self::with_seed(keys, seed, third))
            .expect("distinct keys peel with one of many seeds: the odds against are below 2^-100")
    }

    /// Bytes that [`XorFilter::write`] appends.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        HEADER_BYTES + 2 * self.fingerprints.len()
    }

    /// Appends the filter's bytes.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.seed.to_le_bytes());
        bytes.extend(self.third.to_le_bytes());
        self.fingerprints.iter().for_each(|fingerprint| bytes.extend(fingerprint.to_le_bytes()));
    }

    fn with_seed(keys: &[u64], seed: u64, third: u32) -> Option<Self> {
        let places = 3 * third as usize;
        // Of the keys at a place: how many, and the exclusive or of their numbers.
        let mut counts = vec![0_u32; places];
        let mut numbers = vec![0_u32; places];
        for (number, key) in keys.iter().enumerate() {
            for place in hashed(*key, seed, third).places {
                counts[place] += 1;
                numbers[place] ^= u32::try_from(number).ok()?;
            }
        }
        let mut alone: Vec<usize> = (0..places).filter(|place| counts[*place] == 1).collect();
        let mut order: Vec<(u32, usize)> = Vec::with_capacity(keys.len());
        while let Some(place) = alone.pop() {
            if counts[place] != 1 {
                continue;
            }
            let number = numbers[place];
            order.push((number, place));
            for other in hashed(keys[number as usize], seed, third).places {
                counts[other] -= 1;
                numbers[other] ^= number;
                if counts[other] == 1 {
                    alone.push(other);
                }
            }
        }
        if order.len() != keys.len() {
            return None;
        }
        let mut fingerprints = vec![0_u16; places];
        for (number, place) in order.into_iter().rev() {
            let key = hashed(keys[number as usize], seed, third);
            let others = key.places.iter().filter(|other| **other != place);
            fingerprints[place] = others.fold(key.fingerprint, |bits, other| bits ^ fingerprints[*other]);
        }
        Some(Self { seed, third, fingerprints })
    }
}

impl<'a> XorFilterRef<'a> {
    /// Reads what [`XorFilter::write`] wrote; `None` where bytes are missing or left over.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let (seed, rest) = bytes.split_first_chunk()?;
        let (third, fingerprints) = rest.split_first_chunk()?;
        let third = u32::from_le_bytes(*third);
        let expected = (third as usize).checked_mul(6)?;
        (fingerprints.len() == expected).then_some(Self { seed: u64::from_le_bytes(*seed), third, fingerprints })
    }

    /// Whether the key is in the filter; of others, one in 2^16 is said to be.
    #[must_use]
    pub fn contains(&self, key: u64) -> bool {
        if self.third == 0 {
            return false;
        }
        let key = hashed(key, self.seed, self.third);
        let at = |place: usize| {
            let bytes = [self.fingerprints[2 * place], self.fingerprints[2 * place + 1]];
            u16::from_le_bytes(bytes)
        };
        key.places.iter().fold(0, |bits, place| bits ^ at(*place)) == key.fingerprint
    }
}

#[expect(clippy::cast_possible_truncation, reason = "parts of a hash")]
fn hashed(key: u64, seed: u64, third: u32) -> Hashed {
    let mixed = mix(key.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let place = |part: u32, bits: u64| {
        // The upper half of a product spreads 32 bits evenly over the third.
        let within = (u64::from(bits as u32) * u64::from(third)) >> 32;
        part as usize * third as usize + within as usize
    };
    let places = [place(0, mixed), place(1, mixed.rotate_left(21)), place(2, mixed.rotate_left(42))];
    Hashed { places, fingerprint: (mix(mixed) >> 17) as u16 }
}

/// The finalizer of MurmurHash3.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let value = (value ^ (value >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}
