//! Exactness of the kept, the rate of false answers, damaged bytes, and the bound.

use super::*;

fn id(number: u64) -> TraceId {
    let mut bytes = [0_u8; 16];
    bytes[..8].copy_from_slice(&(number ^ 0x1234).to_be_bytes());
    bytes[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    TraceId(bytes)
}

fn built(kept: impl Iterator<Item = u32>, dropped: std::ops::Range<u64>) -> Vec<u8> {
    let mut kept: Vec<_> = kept.map(|number| (id(u64::from(number)).0, number)).collect();
    let mut bytes = Vec::new();
    build(&mut bytes, &mut kept, &mut dropped.map(|number| hash_of(&id(number).0)).collect());
    bytes
}

#[test]
fn kept_traces_are_exact_and_false_answers_rare() {
    let bytes = built((0..5_000).rev(), 5_000..60_000);
    assert!(bytes.len() < 5_000 * 20 + 55_000 * 5 / 2 + 200, "{}", bytes.len());
    let partition = Partition::open(&bytes).unwrap();
    assert!((0..5_000).all(|number| partition.ask(id(number.into())) == Remembered::Kept(number)));
    assert!((5_000..60_000).all(|number| partition.ask(id(number)) == Remembered::Dropped));
    let asked = 4_000_000_u64;
    let wrong = (0..asked).filter(|number| partition.ask(id(1 << 32 | number)) != Remembered::Unknown).count();
    // 61 expected, standard deviation 8.
    assert!(wrong <= 61 + 32, "{wrong} of {asked}");
}

#[test]
fn any_number_of_traces_makes_a_partition() {
    for count in [0, 1, 2, 3, 10, 1_000] {
        let bytes = built(0..0, 0..count);
        let partition = Partition::open(&bytes).unwrap();
        assert!((0..count).all(|number| partition.ask(id(number)) == Remembered::Dropped), "{count}");
        assert_eq!(partition.ask(id(1 << 40)), Remembered::Unknown);
    }
}

#[test]
fn partitions_share_an_hour_evenly_and_nest() {
    assert_eq!((partitions_for(0), partitions_for(1), partitions_for(1_000)), (1, 1, 2));
    assert!(100_000_000 / u64::from(partitions_for(100_000_000)) <= PARTITION_TRACES);
    let mut counts = [0_u32; 8];
    for hash in (0..80_000).map(|number| hash_of(&id(number).0)) {
        let partition = partition_of(hash, 8);
        counts[partition as usize] += 1;
        assert_eq!(partition_of(hash, 1024) / 128, partition);
    }
    assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = built(0..1, 1..2);
    assert!((0..bytes.len()).all(|length| Partition::open(&bytes[..length]).is_none()));
    assert!(Partition::open(&[0; 40]).is_none());
}
