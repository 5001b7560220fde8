//! A log that is torn, and one that is damaged.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use spanlake_bench::random::Random;
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{self, Setup, TestServer};
use spanlake_tests::settings::NO_SEALS;

const REQUESTS: u64 = 12;
const SPANS: u64 = 5;
/// A segment's header, then frames: magic, checksum, length of the body, two more fields, body.
const SEGMENT_HEADER_BYTES: usize = 40;
const FRAME_HEADER_BYTES: usize = 24;
const FRAME_MAGIC: &[u8] = b"SLF1";

/// Requests one after another, so that each is a frame of its own; then the process is killed.
fn a_killed_server_with_a_log() -> TestServer {
    let mut server = Setup::default().env(NO_SEALS).start();
    for request in 1..=REQUESTS {
        server.send(TRACES, &some_spans(u128::from(request), SPANS));
    }
    server.kill();
    server
}

/// The only segment and where its frames begin and end.
fn frames(data_dir: &Path) -> (PathBuf, Vec<(usize, usize)>) {
    let listed = std::fs::read_dir(data_dir.join("log")).expect("there is a log");
    let mut segments: Vec<PathBuf> = listed
        .map(|entry| entry.expect("listed").path())
        .filter(|path| path.extension().is_some_and(|is| is == "log"))
        .collect();
    segments.sort();
    let path = segments.pop().expect("there is a segment");
    assert!(segments.is_empty(), "one segment is enough for so little");
    let bytes = std::fs::read(&path).expect("a segment can be read");
    let mut found = Vec::new();
    let mut at = SEGMENT_HEADER_BYTES;
    while bytes.get(at..at + 4) == Some(FRAME_MAGIC) {
        let length = bytes[at + 8..at + 12].try_into().map(u32::from_le_bytes).expect("four bytes");
        let end = at + FRAME_HEADER_BYTES + usize::try_from(length).expect("fits");
        found.push((at, end));
        at = end;
    }
    assert_eq!(found.len(), usize::try_from(REQUESTS).expect("small"), "one frame a request");
    (path, found)
}

fn traces_with_all_spans(server: &TestServer) -> u64 {
    server.count(&format!(
        "select count(*) from (select trace_id from spans group by trace_id having count(*) = {SPANS})"
    ))
}

fn open(path: &Path) -> std::fs::File {
    std::fs::File::options().read(true).write(true).open(path).expect("a segment can be written")
}

/// Scenario: the last record of the log ends at a random byte, with nothing or with zeros behind.
/// Guarantee: the server starts, says how many bytes were cut, and has everything before.
#[test]
fn a_torn_tail_is_cut_and_said() {
    let mut random = Random::new(spanlake_bench::now_nanos());
    for zeros_follow in [false, true] {
        let mut server = a_killed_server_with_a_log();
        let (path, frames) = frames(server.data_dir());
        let (begin, end) = *frames.last().expect("there are frames");
        let cut = begin + 5 + random.index(end - begin - 6);
        let file = open(&path);
        if zeros_follow {
            file.write_all_at(&vec![0; end - cut], u64::try_from(cut).expect("fits")).expect("zeros can be written");
        } else {
            file.set_len(u64::try_from(cut).expect("fits")).expect("a file can be cut");
        }
        server.restart();
        let output = server.output();
        let said = output
            .split(" bytes were cut")
            .next()
            .and_then(|before| before.rsplit(|byte: char| !byte.is_ascii_digit()).next());
        let said: usize = said
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_else(|| panic!("nothing about bytes cut in\n{output}"));
        // Zeros at the end of what was left cannot be told from the room behind it.
        assert!((1..=cut - begin).contains(&said), "{said} of {} bytes\n{output}", cut - begin);
        assert_eq!(
            server.count("select count(*) from spans"),
            (REQUESTS - 1) * SPANS,
            "cut at {cut} of {begin}..{end}"
        );
        assert_eq!(traces_with_all_spans(&server), REQUESTS - 1);
        server.send(TRACES, &some_spans(99, SPANS));
        server.kill();
        server.restart();
        assert_eq!(server.count("select count(*) from spans"), REQUESTS * SPANS, "what came after the cut");
    }
}

/// Scenario: a byte in the middle of the log is wrong, and whole records follow.
/// Guarantee: the server refuses to start and names the way out, which keeps every other record.
#[test]
fn damage_with_records_behind_is_refused_until_salvaged() {
    let mut server = a_killed_server_with_a_log();
    let (path, frames) = frames(server.data_dir());
    let (begin, end) = frames[frames.len() / 2];
    let at = u64::try_from(begin + (end - begin) / 2).expect("fits");
    let file = open(&path);
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("a byte can be read");
    file.write_all_at(&[byte[0] ^ 0x10], at).expect("a byte can be written");

    let status = server.restart_refused();
    let output = server.output();
    assert!(!status.success(), "{status}\n{output}");
    assert!(output.contains("spanlake salvage-log --data-dir"), "{output}");
    assert!(output.contains(&path.display().to_string()), "{output}");

    let salvage = server::run(&["salvage-log", "--data-dir", &server.data_dir().display().to_string()], &[]);
    assert!(salvage.status.success(), "{}", server::said(&salvage));
    server.restart();
    assert_eq!(server.count("select count(*) from spans"), (REQUESTS - 1) * SPANS);
    assert_eq!(traces_with_all_spans(&server), REQUESTS - 1);
}
