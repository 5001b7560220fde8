//! Names of files and folders that outlast a power cut.
//!
//! Owns the order of writing aside, syncing and naming. Never decides what is written, and never retries a sync:
//! after one that failed nobody knows what is on the disk.

use std::fs::File;
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What could not be made, synced or read, and why.
pub type Failure = (PathBuf, Error);

/// Makes names in a folder durable.
///
/// # Errors
/// As the file system says.
pub fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir)?.sync_all()
}

/// Creates missing folders, each with a durable name before the next below it: after an error those that are there
/// are durable, so that a second try has nothing to make up for.
///
/// # Errors
/// As the file system says, with the folder's path.
pub fn create_dirs(dir: &Path) -> Result<(), Failure> {
    if dir.is_dir() || dir.as_os_str().is_empty() {
        return Ok(());
    }
    let parent = dir.parent().unwrap_or(Path::new("/"));
    create_dirs(parent)?;
    let created = match std::fs::create_dir(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        other => other,
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    created
        .and_then(|()| {
            sync_dir(parent).inspect_err(|_| {
                let _ = std::fs::remove_dir(dir);
            })
        })
        .map_err(|error| (dir.to_path_buf(), error))
}

/// Syncs every folder of a tree: a process that was killed may have made one and not come to sync its name.
///
/// # Errors
/// As the file system says, with the folder's path.
pub fn sync_tree(root: &Path) -> Result<(), Failure> {
    let sync = |dir: &Path| sync_dir(dir).map_err(|error| (dir.to_path_buf(), error));
    sync(root)?;
    walk(root, &mut |path, metadata| if metadata.is_dir() { sync(path) } else { Ok(()) })
}

/// Files below a folder and their sizes; none where it is not there.
///
/// # Errors
/// As the file system says, with the path that could not be read.
pub fn files_below(root: &Path) -> Result<Vec<(PathBuf, u64)>, Failure> {
    let mut found = Vec::new();
    walk(root, &mut |path, metadata| {
        if !metadata.is_dir() {
            found.push((path.to_path_buf(), metadata.len()));
        }
        Ok(())
    })?;
    Ok(found)
}

type Visit<'a> = &'a mut dyn FnMut(&Path, &std::fs::Metadata) -> Result<(), Failure>;

fn walk(root: &Path, visit: Visit<'_>) -> Result<(), Failure> {
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        let entries = match std::fs::read_dir(&dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other.map_err(|error| (dir.clone(), error))?,
        };
        for entry in entries {
            let entry = entry.map_err(|error| (dir.clone(), error))?;
            let path = entry.path();
            let metadata = match entry.metadata() {
                // Removed since the folder was read.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                other => other.map_err(|error| (path.clone(), error))?,
            };
            visit(&path, &metadata)?;
            if metadata.is_dir() {
                dirs.push(path);
            }
        }
    }
    Ok(())
}

/// Creates a file only if there is none of this name, written aside, synced, then hard-linked: whole or absent, and
/// only one of two writers wins. `false` where the name was taken. Where nobody can know whether it happened, because
/// the folder's sync failed, the process ends.
///
/// # Errors
/// When it was not created, with what could not be done.
pub fn create_new(path: &Path, content: &[u8]) -> Result<bool, (&'static str, Error)> {
    let aside = path.with_extension("tmp");
    let written = File::create(&aside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let linked = written.map_err(|error| ("write", error)).and_then(|()| {
        let linked = std::fs::hard_link(&aside, path);
        linked.map_err(|error| ("create", error))
    });
    let _ = std::fs::remove_file(&aside);
    match linked {
        Ok(()) => {
            let dir = path.parent().expect("a file has a folder");
            // The name may be durable or not: neither "it happened" nor "it did not" is true.
            sync_dir(dir).unwrap_or_else(|error| crate::fatal(&format!("cannot sync {}: {error}", dir.display())));
            Ok(true)
        }
        Err((_, error)) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_and_files_found() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        create_dirs(&deep).unwrap();
        create_dirs(&deep).unwrap();
        std::fs::write(deep.join("file"), b"four").unwrap();
        assert_eq!(files_below(dir.path()).unwrap(), [(deep.join("file"), 4)]);
        assert!(files_below(&dir.path().join("absent")).unwrap().is_empty());
        sync_tree(dir.path()).unwrap();
        let (path, _) = create_dirs(&deep.join("file/below")).unwrap_err();
        assert_eq!(path, deep.join("file"), "the one that cannot be a folder is named");
    }

    #[test]
    fn only_the_first_creates() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.json");
        assert!(create_new(&path, b"first").unwrap());
        assert!(!create_new(&path, b"second").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(files_below(dir.path()).unwrap().len(), 1, "nothing is left aside");
    }
}
