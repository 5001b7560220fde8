//! Power cuts: what no sync made durable is lost, or not, as a disk likes.
//!
//! Owns the shadow: a library in front of libc copies a file there whenever it is synced, and the names in a folder whenever
//! that is synced. After a kill the data directory is rebuilt: of each folder the names as last synced or as they were, of
//! each file the bytes as last synced or as they were. So a name may come without its bytes, and bytes without their name.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use spanlake_bench::random::Random;

use super::group::{Group, Kind};
use super::plan::{Plan, Scenario};
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{Setup, borrowed};
use spanlake_tests::settings::NO_SEALS;
use spanlake_tests::shim::compile;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static int copy_file(const char *from, const char *to) {
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t sent = -1;
    if (in >= 0 && out >= 0) while ((sent = sendfile(out, in, 0, 1 << 24)) > 0) {}
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    return sent == 0 ? 0 : -1;
}
static int copy_names(const char *from, const char *to) {
    DIR *dir = opendir(from);
    FILE *out = fopen(to, "w");
    struct dirent *entry;
    if (!dir || !out) return -1;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            fprintf(out, "%lu %c %s\n", (unsigned long)entry->d_ino, entry->d_type == DT_DIR ? 'd' : 'f', entry->d_name);
    closedir(dir);
    return fclose(out);
}
static void remember(int file) {
    const char *shadow = getenv("FAULTS_SHADOW");
    char from[64], aside[512], to[512];
    struct stat stat;
    if (!shadow || fstat(file, &stat)) return;
    snprintf(from, sizeof from, "/proc/self/fd/%d", file);
    snprintf(aside, sizeof aside, "%s/aside-%ld", shadow, (long)syscall(SYS_gettid));
    snprintf(to, sizeof to, "%s/%lu", shadow, (unsigned long)stat.st_ino);
    /* Calls of the shadow may be met by faults that are meant for the server; they come a few at a time. */
    for (int tries = 0; tries < 20; tries++)
        if (!(S_ISDIR(stat.st_mode) ? copy_names : copy_file)(from, aside) && !rename(aside, to)) return;
    abort();
}
int fsync(int file) {
    int failed = syscall(SYS_fsync, file);
    if (!failed) remember(file);
    return failed;
}
int fdatasync(int file) {
    int failed = syscall(SYS_fdatasync, file);
    if (!failed) remember(file);
    return failed;
}
"#;

/// The power of one group's servers.
pub struct Power {
    library: PathBuf,
    shadow: tempfile::TempDir,
}

/// What stands in a folder: names, and whether they are folders, with their numbers.
type Names = HashMap<String, (bool, u64)>;

// === impl Power ===

impl Power {
    /// `None` where nothing can be compiled.
    pub fn build(folder: &Path) -> Option<Self> {
        let library = compile(folder, "power", SOURCE)?;
        // Not on the group's disk, which may be full.
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("spanlake-faults-shadow-");
        let shadow = builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).expect("a folder can be made");
        Some(Self { library, shadow })
    }

    /// What a server needs to be remembered.
    pub fn environment(&self) -> [(String, String); 2] {
        [
            ("LD_PRELOAD".to_owned(), self.library.display().to_string()),
            ("FAULTS_SHADOW".to_owned(), self.shadow.path().display().to_string()),
        ]
    }

    /// The data directory as the next start finds it; nobody may use it now.
    pub fn cut(&self, data_dir: &Path, random: &mut Random) {
        let after = data_dir.with_extension("after");
        let root = std::fs::metadata(data_dir).expect("the data directory is there").ino();
        let mut places = HashMap::new();
        find(data_dir, &mut places);
        self.rebuild(root, &places, &after, random);
        std::fs::remove_dir_all(data_dir).expect("a folder can be removed");
        std::fs::rename(&after, data_dir).expect("a folder can be renamed");
        self.settle(data_dir);
    }

    fn rebuild(&self, folder: u64, places: &HashMap<u64, PathBuf>, to: &Path, random: &mut Random) {
        std::fs::create_dir(to).expect("a folder can be made");
        let synced = self.synced_names(folder);
        let current = places.get(&folder).map(|path| names(path));
        let kept = if random.chance(500) { current.unwrap_or(synced) } else { synced };
        for (name, (is_folder, number)) in kept {
            let to = to.join(name);
            if is_folder {
                self.rebuild(number, places, &to, random);
                continue;
            }
            let synced = self.shadow.path().join(number.to_string());
            let current = places.get(&number).filter(|_| random.chance(400));
            match current.or(synced.exists().then_some(&synced)) {
                Some(from) => drop(std::fs::copy(from, &to).expect("a file can be copied")),
                // Its name was durable, its bytes were not.
                None => drop(std::fs::File::create(&to).expect("a file can be made")),
            }
        }
    }

    fn synced_names(&self, folder: u64) -> Names {
        let text = std::fs::read_to_string(self.shadow.path().join(folder.to_string())).unwrap_or_default();
        let parse = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let (number, kind, name) = (words.next()?, words.next()?, words.next()?);
            Some((name.to_owned(), (kind == "d", number.parse().ok()?)))
        };
        text.lines().map(|line| parse(line).unwrap_or_else(|| panic!("the shadow has the line {line:?}"))).collect()
    }

    /// What is there after a power cut is on the disk.
    fn settle(&self, data_dir: &Path) {
        for old in std::fs::read_dir(self.shadow.path()).expect("the shadow is there").flatten() {
            std::fs::remove_file(old.path()).expect("the shadow can be cleared");
        }
        let mut places = HashMap::new();
        find(data_dir, &mut places);
        for (number, path) in places {
            let to = self.shadow.path().join(number.to_string());
            if !path.is_dir() {
                std::fs::copy(&path, to).expect("a file can be copied");
                continue;
            }
            let mut file = std::fs::File::create(to).expect("a file can be made");
            for (name, (is_folder, number)) in names(&path) {
                let kind = if is_folder { 'd' } else { 'f' };
                writeln!(file, "{number} {kind} {name}").expect("a file can be written");
            }
        }
    }
}

/// Where each file and folder is, by its number.
fn find(folder: &Path, places: &mut HashMap<u64, PathBuf>) {
    let number = std::fs::metadata(folder).expect("a folder is there").ino();
    places.insert(number, folder.to_path_buf());
    for (name, (is_folder, number)) in names(folder) {
        let path = folder.join(name);
        if is_folder {
            find(&path, places);
        } else {
            places.insert(number, path);
        }
    }
}

fn names(folder: &Path) -> Names {
    let entries = std::fs::read_dir(folder).expect("a folder can be listed").map(|entry| entry.expect("listed"));
    let named = |entry: std::fs::DirEntry| {
        let metadata = entry.metadata().expect("a file is there");
        (entry.file_name().to_string_lossy().into_owned(), (metadata.is_dir(), metadata.ino()))
    };
    entries.map(named).collect()
}

/// Scenario: a server is killed before it could sync what it wrote; the next one finds it.
/// Guarantee: it is on the disk before anybody is told of it: frames of the log, and the names of segments and of edits.
#[test]
fn what_a_killed_server_left_unsynced_is_synced_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let Some(power) = Power::build(folder.path()) else {
        let _ = writeln!(std::io::stderr(), "not run: power cuts; there is no C compiler");
        return;
    };
    let environment = power.environment();
    let mut server = Setup::default().env(NO_SEALS).env(&borrowed(&environment)).start();
    server.send(TRACES, &some_spans(1, 5));
    server.kill();
    // As if no sync had come so far.
    for synced in std::fs::read_dir(power.shadow.path()).expect("the shadow is there").flatten() {
        std::fs::remove_file(synced.path()).expect("the shadow can be cleared");
    }
    let log = server.data_dir().join("log");
    let written: Vec<PathBuf> = names(&log).into_keys().map(|name| log.join(name)).collect();
    server.restart();
    assert_eq!(server.count("select count(*) from spans"), 5);
    let number = |path: &Path| std::fs::metadata(path).expect("a file is there").ino().to_string();
    for path in written.iter().filter(|path| path.extension().is_some_and(|is| is == "log")) {
        let synced = std::fs::read(power.shadow.path().join(number(path)));
        let synced = synced.unwrap_or_else(|_| panic!("{} was never synced", path.display()));
        assert!(synced == std::fs::read(path).expect("a segment can be read"), "{}", path.display());
    }
    for folder in [log, server.data_dir().join("manifest")] {
        assert!(power.shadow.path().join(number(&folder)).exists(), "the names in {}", folder.display());
    }
}

/// Scenario: a server that acknowledges without syncing, and power cuts.
/// Guarantee: the check of the fault runs notices what they take away; else it would prove nothing.
#[test]
fn a_power_cut_is_noticed_where_nothing_is_synced() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    if Power::build(folder.path()).is_none() {
        let _ = writeln!(std::io::stderr(), "not run: power cuts; there is no C compiler");
        return;
    }
    let mut group = Group::start(7, false, Kind::CutsPowerUnsynced);
    let plan = Plan {
        scenario: Scenario::Kill { after_micros: 0 },
        holds_half_a_request: false,
        cuts_power: true,
        kills_at_start: 0,
        sends_again: false,
    };
    // As a disk likes, now and then everything is there all the same.
    let noticed = (0..10).any(|seed| group.run_plan(plan, &mut Random::new(seed)).is_err());
    assert!(noticed, "ten power cuts took nothing away");
}
