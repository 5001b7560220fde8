//! Room on the disk that requests may not take: what moves to the cold tier is written here first, so that a disk filled to
//! the brim while the tier was away could never be emptied again.
//!
//! Owns how much that is, and asks the disk twice a second at most. Never removes anything.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// At most; a twentieth of a smaller disk.
const RESERVE_BYTES_MAX: u64 = 512 << 20;
const SHARE: u64 = 20;
const LOOK_EVERY_NANOS: u64 = 500_000_000;

/// The reserve of a data directory.
pub struct Reserve {
    dir: PathBuf,
    looked_at: AtomicI64,
    is_short: AtomicBool,
}

impl Reserve {
    pub fn of(dir: PathBuf) -> Self {
        Self { dir, looked_at: AtomicI64::new(0), is_short: AtomicBool::new(false) }
    }

    /// Whether less than the reserve is free.
    pub fn is_short(&self) -> bool {
        let now = crate::now_nanos();
        let looked_at = self.looked_at.load(Ordering::Relaxed);
        let is_due = now.abs_diff(looked_at) > LOOK_EVERY_NANOS;
        if is_due && self.looked_at.compare_exchange(looked_at, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.look();
        }
        self.is_short.load(Ordering::Acquire)
    }

    fn look(&self) {
        // Who cannot say how full a disk is does not make it full.
        let Ok(disk) = rustix::fs::statvfs(&self.dir) else { return };
        let (free, all) = (disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize));
        let is_short = free < reserve_of(all);
        if self.is_short.swap(is_short, Ordering::AcqRel) != is_short {
            let dir = self.dir.display();
            match is_short {
                true => tracing::error!(
                    free,
                    reserve = reserve_of(all),
                    "the disk of {dir} is nearly full; requests get 503 until there is space, the rest is for moving data to the cold tier"
                ),
                false => tracing::info!(free, "the disk of {dir} has room again"),
            }
        }
    }
}

const fn reserve_of(all: u64) -> u64 {
    if all / SHARE < RESERVE_BYTES_MAX { all / SHARE } else { RESERVE_BYTES_MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_disks_have_a_small_reserve() {
        assert_eq!(reserve_of(512 << 20), (512 << 20) / 20);
        assert_eq!(reserve_of(1 << 40), 512 << 20);
        assert!(!Reserve::of("/nowhere/at/all".into()).is_short());
    }
}
