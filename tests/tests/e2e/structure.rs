//! The shape of the code: arrows between crates, sizes of files, headers, and a map that does not rot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cargo_metadata::MetadataCommand;

const LINES_MAX: usize = 800;
/// Files that are longer for now. It only shrinks: no entry may stay that is not needed.
const LONG_FILES: &str = "tests/long-files.txt";
/// Folders whose code ships.
const PRODUCTION: [&str; 6] = ["schemas", "collector", "query", "spanlake", "ui/src", "tests/bench"];

/// Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests"));
        here.parent().expect("the tests lie in the workspace").to_path_buf()
    });
    &ROOT
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there")
}

/// Every file that ships with one of these endings, tests left out.
fn production_files(endings: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = PRODUCTION.iter().map(|folder| root().join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("listed").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let is_test = name == "tests"
                || name == "tests.rs"
                || name == "benches"
                || name.contains(".test.")
                || name == "node_modules";
            if is_test {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty());
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("it lies in the workspace").display().to_string()
}

/// Lines before the unit tests.
fn production_lines(text: &str) -> usize {
    text.lines().take_while(|line| line.trim() != "mod tests {").count()
}

/// `name -> one, two` lines in fenced blocks of ARCHITECTURE.md.
fn allowed_arrows(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut is_fenced = false;
    let mut arrows = BTreeMap::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if let (true, Some((from, to))) = (is_fenced, line.split_once("->"))
            && from.trim().starts_with("spanlake")
        {
            let to = to.split('#').next().unwrap_or_default();
            let names = to.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
            arrows.insert(from.trim().to_owned(), names.collect());
        }
    }
    arrows
}

/// Scenario: a crate begins to use another one of the workspace.
/// Guarantee: it does so only where ARCHITECTURE.md draws that arrow, and every crate is drawn.
#[test]
fn crates_use_each_other_as_drawn() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--offline".to_owned(), "--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
        .no_deps()
        .exec()
        .expect("cargo metadata answers");
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let allowed = allowed_arrows(&architecture());
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        // Examples are programs of their own, which use nothing of ours.
        let none = BTreeSet::new();
        let is_example = package.manifest_path.as_str().contains("/examples/");
        let of_package = match allowed.get(name) {
            Some(names) => names,
            None if is_example => &none,
            None => {
                wrong.push(format!(
                    "ARCHITECTURE.md does not say what {name} may use (`{name} -> …` in a fenced block)"
                ));
                continue;
            }
        };
        for dependency in &package.dependencies {
            if members.contains(dependency.name.as_str()) && !of_package.contains(&dependency.name) {
                wrong.push(format!("{name} -> {} is not drawn in ARCHITECTURE.md", dependency.name));
            }
        }
    }
    for (from, to) in &allowed {
        let unknown = std::iter::once(from).chain(to).filter(|name| !members.contains(name.as_str()));
        wrong.extend(unknown.map(|name| format!("ARCHITECTURE.md draws {name}, which is no crate of the workspace")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Scenario: a file that ARCHITECTURE.md names is moved or removed.
/// Guarantee: the map is put right in the same change.
#[test]
fn every_path_that_the_map_names_exists() {
    let text = architecture();
    let missing: Vec<&str> = paths_in(&text).into_iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}

/// What stands in backticks, outside fences, and looks like a path of this repository.
fn paths_in(text: &str) -> Vec<&str> {
    const FILE_ENDINGS: [&str; 5] = [".rs", ".md", ".toml", ".ts", ".tsx"];
    const MEDIA_TYPES: [&str; 4] = ["application/", "text/", "image/", "font/"];
    let unfenced = text.split("```").step_by(2);
    let quoted = unfenced.flat_map(|part| part.split('`').skip(1).step_by(2));
    quoted
        .filter(|words| words.chars().all(|one| one.is_ascii_alphanumeric() || "._-/".contains(one)))
        .filter(|words| words.contains('/') || FILE_ENDINGS.iter().any(|ending| words.ends_with(ending)))
        .filter(|words| !words.starts_with(['/', '.']) && !MEDIA_TYPES.iter().any(|kind| words.starts_with(kind)))
        .collect()
}

/// Scenario: a file grows.
/// Guarantee: none that ships passes 800 lines, except those on a list that only shrinks.
#[test]
fn files_stay_short() {
    let list = fs::read_to_string(root().join(LONG_FILES)).expect("the list is there");
    let listed: BTreeSet<&str> =
        list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut long = BTreeMap::new();
    for path in production_files(&[".rs", ".ts", ".tsx"]) {
        let lines = production_lines(&fs::read_to_string(&path).expect("a source file is text"));
        if lines > LINES_MAX {
            long.insert(relative(&path), lines);
        }
    }
    let unlisted: Vec<_> = long.iter().filter(|(path, _)| !listed.contains(path.as_str())).collect();
    assert!(unlisted.is_empty(), "longer than {LINES_MAX} lines, to be split: {unlisted:?}");
    let done: Vec<_> = listed.iter().filter(|path| !long.contains_key(**path)).collect();
    assert!(done.is_empty(), "no longer that long, to be taken off {LONG_FILES}: {done:?}");
}

/// Scenario: a new module.
/// Guarantee: it begins with what it owns and what it never does.
#[test]
fn every_module_opens_with_its_header() {
    let without: Vec<String> = production_files(&[".rs"])
        .iter()
        .filter(|path| {
            let text = fs::read_to_string(path).expect("a source file is text");
            let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
            let header = first.and_then(|line| line.strip_prefix("//!"));
            header.is_none_or(|words| words.trim().len() < 12 || words.contains("stub"))
        })
        .map(|path| relative(path))
        .collect();
    assert!(without.is_empty(), "without a header (`//! …`): {without:?}");
}

/// Scenario: someone relaxes the lints.
/// Guarantee: functions of at most 70 lines, no `unsafe`, no `unwrap` are enforced in every crate, without exceptions by hand.
#[test]
fn lints_are_in_force_everywhere() {
    let clippy = fs::read_to_string(root().join("clippy.toml")).expect("clippy.toml is there");
    let threshold = clippy
        .lines()
        .find_map(|line| line.strip_prefix("too-many-lines-threshold")?.split('=').nth(1)?.trim().parse::<u32>().ok());
    assert!(threshold.is_some_and(|lines| lines <= 70), "too-many-lines-threshold = 70 in clippy.toml");
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml is there");
    for lint in ["too_many_lines = \"deny\"", "unwrap_used = \"deny\"", "unsafe_code = \"forbid\""] {
        assert!(workspace.contains(lint), "{lint} in the workspace's lints");
    }
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--offline".to_owned()])
        .no_deps()
        .exec();
    for package in metadata.expect("cargo metadata answers").packages {
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest is text");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} takes the workspace's lints", package.name);
    }
    for path in production_files(&[".rs"]) {
        let text = fs::read_to_string(&path).expect("a source file is text");
        for exception in ["clippy::too_many_lines", "clippy::unwrap_used", "clippy::await_holding_lock"] {
            assert!(!text.contains(exception), "{} makes an exception of {exception}", relative(&path));
        }
    }
}

/// Scenario: the reader of the map.
/// Guarantee: the parsers above find arrows and paths, and only those.
#[test]
fn the_map_is_read_as_meant() {
    let text = "See `query/api`, `Store::open`, `/api/sql`, `text/csv`, `clippy.toml` and `a b/c`.\n\
                ```\nspanlake-api -> spanlake-engine, spanlake-store  # reading routes\nspanlake-schemas ->\n```\nand `ui/src`";
    assert_eq!(paths_in(text), ["query/api", "clippy.toml", "ui/src"]);
    let arrows = allowed_arrows(text);
    assert_eq!(
        arrows["spanlake-api"].iter().map(String::as_str).collect::<Vec<_>>(),
        ["spanlake-engine", "spanlake-store"]
    );
    assert!(arrows["spanlake-schemas"].is_empty());
    assert_eq!(production_lines("a\nb\n#[cfg(test)]\nmod tests {\nc\n}\n"), 3);
}
