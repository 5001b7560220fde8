//! Damage of every kind of file, in a copy of what a kill left.
//!
//! Owns the judgement: the start refuses in a sentence that names the file, or `fsck` names it, or the server says what it
//! cut; or nothing is lost. Never silently less, never twice. Never touches the original.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use spanlake_bench::process::{Server, ServerOptions};
use spanlake_bench::random::Random;
use spanlake_tests::checker;
use spanlake_tests::feeder::{Outcome, Sent};
use spanlake_tests::server::{self, Setup, TestServer};
use spanlake_tests::settings::NO_SEALS;

use super::group::{self, Group};
use super::place::{Place, copy};
use super::plan::{Damage, Kind};

/// A segment's header, then frames of a header with the length of their body.
const SEGMENT_HEADER_BYTES: usize = 40;
const FRAME_HEADER_BYTES: usize = 24;
const FRAME_MAGIC: &[u8] = b"SLF1";

/// Damages a copy and judges what happens.
pub fn damage_a_copy(
    place: &Place,
    kind: Kind,
    damage: Damage,
    sent: &[Sent],
    random: &mut Random,
) -> Result<(), String> {
    let folder = tempfile::Builder::new().prefix("damaged-").tempdir_in(place.path()).expect("a folder can be made");
    let data_dir = folder.path().join("data");
    copy(&place.data_dir(), &data_dir);
    let Some(path) = choose(&data_dir, kind, damage, random) else { return Ok(()) };
    let what = apply(&path, kind, damage, random);
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let fsck = server::run(&["fsck", "--data-dir", &data_dir.display().to_string()], &[]);
    let said = server::said(&fsck);
    judge(&data_dir, &name, &fsck, sent).map_err(|wrong| format!("{what} {name}: {wrong}\nfsck said:\n{said}"))
}

fn judge(data_dir: &Path, name: &str, fsck: &Output, sent: &[Sent]) -> Result<(), String> {
    let said = server::said(fsck);
    if said.contains("panicked") {
        return Err("fsck panicked".to_owned());
    }
    let (server, output) = match start(data_dir) {
        Ok(server) => server,
        Err(refused) => {
            // A file that is gone is found out by what it named, or by what came behind it.
            let is_clear = refused.contains(name)
                || refused.contains("is missing")
                || refused.contains("are missing")
                || refused.contains("restore");
            return if is_clear && !refused.contains("panicked") {
                Ok(())
            } else {
                Err(format!("the start failed: {refused}"))
            };
        }
    };
    let is_named = said.contains(name) || output.contains(name);
    let wrong = match checker::stored(&server, None) {
        Ok(stored) => checker::wrongs(sent, &stored, 0),
        // A statement that fails is loud; that the file is named is what is left to ask for.
        Err(failed) if is_named => return if failed.contains("panicked") { Err(failed) } else { Ok(()) },
        Err(failed) => return Err(failed),
    };
    let doubled = wrong.iter().find(|wrong| wrong.contains("never sent") || is_doubled(wrong));
    if let Some(doubled) = doubled {
        return Err(format!("not only lost: {doubled}"));
    }
    if wrong.is_empty() || is_named {
        return Ok(());
    }
    let acknowledged = sent.iter().filter(|sent| sent.outcome == Outcome::Acknowledged).count();
    Err(format!(
        "{} of {acknowledged} requests are silently lost, such as {}\nthe server said:\n{output}",
        wrong.len(),
        wrong[0]
    ))
}

/// More rows than different items.
fn is_doubled(wrong: &str) -> bool {
    let counts = wrong.rsplit_once("Some((").map_or("", |(_, counts)| counts.trim_end_matches(')'));
    let mut numbers = counts.split(", ").map(|number| number.parse::<u64>().unwrap_or(0));
    matches!((numbers.next(), numbers.next()), (Some(rows), Some(items)) if rows > items)
}

/// A server on it and what it said, or what it said instead of starting.
fn start(data_dir: &Path) -> Result<(TestServer, String), String> {
    // Tried first without the test's patience for failures: a refusal is an answer here.
    let folder = tempfile::tempdir().expect("a folder can be made");
    let options = ServerOptions {
        binary: server::binary(),
        wrapper: Vec::new(),
        data_dir: data_dir.to_path_buf(),
        arguments: Vec::new(),
        environment: NO_SEALS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        output: folder.path().join("first.log"),
    };
    let mut first = Server::spawn(options).map_err(|error| error.to_string())?;
    let ready = first.wait_ready(server::PATIENCE);
    let said = first.output();
    ready.map_err(|error| format!("{error:#}\n{said}"))?;
    first.kill().map_err(|error| error.to_string())?;
    Ok((Setup::default().env(NO_SEALS).data_dir(data_dir).start(), said))
}

fn choose(data_dir: &Path, kind: Kind, damage: Damage, random: &mut Random) -> Option<PathBuf> {
    let mut found = match kind {
        Kind::LogSegment | Kind::LogTail => files(&data_dir.join("log"), ".log"),
        Kind::Digests => files(&data_dir.join("log"), ".bin"),
        Kind::Checkpoint => files(&data_dir.join("manifest"), ".checkpoint.json"),
        Kind::Edit | Kind::NewestEdit => {
            let mut edits = files(&data_dir.join("manifest"), ".json");
            edits.retain(|path| !path.to_string_lossy().ends_with(".checkpoint.json"));
            edits
        }
        Kind::Data => files(&data_dir.join("hot"), ".parquet"),
        Kind::ColdData => files(&data_dir.join("cold"), ".parquet"),
        Kind::ColdEdit => files(&data_dir.join("cold/_spanlake"), ".json"),
        Kind::ColdState => files(&data_dir.join("cold-state"), ".json"),
    };
    if kind == Kind::LogSegment && damage == Damage::Removed {
        // That the end of a log is gone without a trace nobody can know.
        let newest = found.iter().rposition(|path| !frames(path).is_empty()).unwrap_or(0);
        found.truncate(newest);
    }
    match kind {
        Kind::NewestEdit | Kind::Checkpoint => found.pop(),
        // The newest segment with a frame in it; one may have been made for the next.
        Kind::LogTail => found.into_iter().rev().find(|path| !frames(path).is_empty()),
        _ if found.is_empty() => None,
        _ => Some(found.swap_remove(random.index(found.len()))),
    }
}

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        // Not there where nothing was moved yet.
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        for path in entries.map(|entry| entry.expect("listed").path()) {
            if path.is_dir() {
                dirs.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Where the frames of a segment begin and end.
fn frames(path: &Path) -> Vec<(usize, usize)> {
    let bytes = std::fs::read(path).expect("a segment can be read");
    let mut found = Vec::new();
    let mut at = SEGMENT_HEADER_BYTES;
    while bytes.get(at..at + FRAME_MAGIC.len()) == Some(FRAME_MAGIC) {
        let length = bytes[at + 8..at + 12].try_into().map(u32::from_le_bytes).expect("four bytes");
        let end = at + FRAME_HEADER_BYTES + usize::try_from(length).expect("fits");
        found.push((at, end));
        at = end;
    }
    found
}

/// Says what was done.
fn apply(path: &Path, kind: Kind, damage: Damage, random: &mut Random) -> String {
    let length = usize::try_from(std::fs::metadata(path).expect("there").len()).expect("fits");
    // Segments are longer than what is written in them.
    let (begin, end) = match kind {
        Kind::LogTail => *frames(path).last().expect("chosen because it has frames"),
        Kind::LogSegment => (0, frames(path).last().map_or(SEGMENT_HEADER_BYTES, |(_, end)| *end)),
        _ => (0, length),
    };
    let at = begin + random.index(end - begin);
    let place = u64::try_from(at).expect("fits");
    let file = std::fs::File::options().read(true).write(true).open(path).expect("a file can be opened");
    match damage {
        Damage::Removed if kind != Kind::LogTail => {
            std::fs::remove_file(path).expect("a file can be removed");
            "removed".to_owned()
        }
        Damage::CutShort => {
            file.set_len(place).expect("a file can be cut");
            format!("cut at byte {at} of {length}:")
        }
        Damage::Zeroed => {
            let zeros = (end - at).min(4096);
            file.write_all_at(&vec![0; zeros], place).expect("a file can be written");
            format!("{zeros} zeros at byte {at} of {length}:")
        }
        Damage::FlippedBit | Damage::Removed => {
            let mut byte = [0];
            file.read_exact_at(&mut byte, place).expect("a byte can be read");
            file.write_all_at(&[byte[0] ^ (1 << random.below(8))], place).expect("a byte can be written");
            format!("a bit flipped at byte {at} of {length}:")
        }
    }
}

/// Scenario: each kind of file, damaged in each way, in copies of what a server left that was killed under load.
/// Guarantee: refused, named or harmless, each of them; nothing is silently less, nothing is there twice.
#[test]
fn no_damage_goes_unnoticed() {
    let seed = spanlake_bench::now_nanos() % 1_000_000;
    let mut random = Random::new(seed);
    let mut group = Group::start(seed, false, group::Kind::MovesClock);
    let mut wrong = Vec::new();
    for _ in 0..2 {
        group.kill_under_load().unwrap_or_else(|wrong| panic!("{wrong}"));
        for kind in Kind::ALL {
            for damage in Damage::ALL {
                let judged = damage_a_copy(&group.place, kind, damage, group.sent(), &mut random);
                wrong.extend(judged.err().map(|wrong| format!("{kind:?} {damage:?}: {wrong}")));
            }
        }
        group.start_plainly();
    }
    assert!(wrong.is_empty(), "seed {seed}, {} wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
