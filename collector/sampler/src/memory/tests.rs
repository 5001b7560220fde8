//! Exactness of the kept, the rate of false answers, damaged bytes, and the bound.

use super::*;

fn id(number: u64) -> TraceId {
    let mut bytes = [0_u8; 16];
    bytes[..8].copy_from_slice(&(number ^ 0x1234).to_be_bytes());
    bytes[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    TraceId(bytes)
}

#[test]
fn kept_traces_are_exact_and_false_answers_rare() {
    let kept: Vec<_> = (0..5_000).map(|number| (id(number), Threshold::from_bits(number << 20).unwrap())).collect();
    let dropped: Vec<_> = (5_000..60_000).map(id).collect();
    let bytes = build(&kept, &dropped);
    assert!(bytes.len() < 5_000 * 24 + 55_000 * 5 / 2 + 200, "{}", bytes.len());
    let partition = Partition::open(&bytes).unwrap();
    for (trace, threshold) in &kept {
        assert_eq!(partition.ask(*trace), Remembered::Kept(*threshold));
    }
    assert!(dropped.iter().all(|trace| partition.ask(*trace) == Remembered::Dropped));
    let asked = 4_000_000_u64;
    let wrong = (0..asked).filter(|number| partition.ask(id(1 << 32 | number)) != Remembered::Unknown).count();
    // 61 expected, standard deviation 8.
    assert!(wrong <= 61 + 32, "{wrong} of {asked}");
}

#[test]
fn any_number_of_traces_makes_a_partition() {
    for count in [0, 1, 2, 3, 10, 1_000] {
        let dropped: Vec<_> = (0..count).map(id).collect();
        let bytes = build(&[], &dropped);
        let partition = Partition::open(&bytes).unwrap();
        assert!(dropped.iter().all(|trace| partition.ask(*trace) == Remembered::Dropped), "{count}");
        assert_eq!(partition.ask(id(1 << 40)), Remembered::Unknown);
    }
}

#[test]
fn partitions_share_an_hour_evenly_and_stay_small() {
    assert_eq!((partitions_for(0), partitions_for(1), partitions_for(100_000)), (1, 1, 2));
    let traces = 100_000_000;
    let partitions = partitions_for(traces);
    assert!(traces / u64::from(partitions) * KEPT_BYTES as u64 <= PARTITION_BYTES_MAX as u64);
    let mut counts = [0_u32; 8];
    (0..80_000).for_each(|number| counts[partition_of(id(number), 8) as usize] += 1);
    assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = build(&[(id(1), Threshold::KEEP_ALL)], &[id(2)]);
    for length in 0..bytes.len() {
        assert!(Partition::open(&bytes[..length]).is_err(), "{length}");
    }
    assert_eq!(Partition::open(&[0; 40]).unwrap_err(), MemoryError::NotAPartition);
}
