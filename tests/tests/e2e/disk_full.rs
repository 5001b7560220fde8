//! A disk without room.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use spanlake_bench::corpus::text;
use spanlake_bench::random::Random;
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, eventually};
use spanlake_tests::settings::{LOG_SEGMENT_BYTES, SEAL_BYTES, SEAL_INTERVAL};

/// A small file system in memory, for as long as this lives.
struct SmallDisk {
    path: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let path = tempfile::tempdir().expect("a temporary folder can be made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(path.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self { path })
    }

    /// Takes all room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.path.path().join("ballast");
        let mut file = File::create(&path).expect("a file can be made");
        for chunk in [1 << 20, 4096, 1] {
            while file.write_all(&vec![7; chunk]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path.path()).output();
    }
}

fn remove(path: &Path) {
    std::fs::remove_file(path).expect("the ballast can be removed");
}

const SPANS: u64 = 40;

/// 160 kB that hardly shrink, so that a small disk is soon full.
fn large_request(trace: u128, random: &mut Random) -> Vec<u8> {
    let now = spanlake_bench::now_nanos();
    let spans = (1..=SPANS).map(|id| {
        let mut one = span(trace, id, 0, "step", now + id);
        one.attributes = vec![text("noise", random.hex(4000))];
        one
    });
    traces("e2e", spans.collect())
}

/// Scenario: the disk fills up under a sender, and has room again later.
/// Guarantee: 503 with Retry-After while it is full, ingest resumes by itself, nothing acknowledged is lost.
#[test]
fn a_full_disk_is_said_and_survived() {
    let Some(disk) = SmallDisk::mount() else {
        // Past the capture of tests that pass: who reads the log must see it.
        let _ = writeln!(std::io::stderr(), "not run: the full disk; a file system cannot be mounted here");
        return;
    };
    let small = [(LOG_SEGMENT_BYTES, "2MiB"), (SEAL_BYTES, "2MiB"), (SEAL_INTERVAL, "1s")];
    let mut server = Setup::default().env(&small).data_dir(&disk.path.path().join("data")).start();
    let mut acknowledged = 0;
    let mut trace = 0;
    let mut random = Random::new(9);
    let mut send = |server: &TestServer| {
        trace += 1;
        let answer = server.post_otlp(TRACES, &large_request(trace, &mut random));
        match answer.status {
            200 => acknowledged += SPANS,
            503 => assert!(answer.retry_after.is_some_and(|delay| !delay.is_zero()), "503 without Retry-After"),
            status => panic!("{status}: {}", answer.text()),
        }
        (answer.status, acknowledged)
    };
    for _ in 0..20 {
        assert_eq!(send(&server).0, 200);
    }
    for round in 0..2 {
        let ballast = disk.fill();
        eventually("the full disk is said", || send(&server).0 == 503);
        let (_, so_far) = send(&server);
        assert_eq!(server.count("select count(*) from spans"), so_far, "queries go on while the disk is full");
        assert!(server.metric("spanlake_refused_requests_total") >= 1.0, "refusals are counted");
        if round == 1 {
            // Nobody may die of a full disk, and who was killed meanwhile comes back.
            server.kill();
            remove(&ballast);
            server.restart();
        } else {
            remove(&ballast);
        }
        eventually("ingest resumes", || send(&server).0 == 200);
    }
    let (_, so_far) = send(&server);
    server.seal();
    assert_eq!(server.count("select count(*) from spans"), so_far);
    server.kill();
    server.restart();
    assert_eq!(server.count("select count(*) from spans"), so_far);
    assert_eq!(server.count("select count(*) from (select distinct trace_id, span_id from spans)"), so_far);
}
