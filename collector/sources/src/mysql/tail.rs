//! A log file that somebody else writes, line by line, through rotation and cuts.
//!
//! Owns where reading stands. A position is of a file, not of its name: a file that was renamed is read to its end before
//! the new one begins. Never blocks a runtime's thread: whoever calls does so aside.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Bytes of one reading.
const READ_BYTES_MAX: u64 = 1 << 20;
/// A longer line is cut.
const LINE_BYTES_MAX: usize = 256 << 10;

/// Where reading stands: after all lines that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) offset: u64,
}

impl Position {
    /// As it is kept.
    pub(super) fn text(self) -> String {
        format!("{}:{}:{}", self.device, self.inode, self.offset)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':').map(|part| part.parse().ok());
        Some(Self { device: parts.next()??, inode: parts.next()??, offset: parts.next()?? })
    }
}

#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    open: Option<(File, Position)>,
    /// Of a line whose end has not come.
    rest: Vec<u8>,
    /// Where to go on; `None` once that has been done, or where nothing is known: then at the file's end.
    resume: Option<Position>,
    is_first: bool,
}

impl Tail {
    pub(super) fn new(path: PathBuf, resume: Option<Position>) -> Self {
        Self { path, open: None, rest: Vec::new(), resume, is_first: true }
    }

    /// Lines that have come, each with where it begins, and whether a file has ended with them.
    ///
    /// # Errors
    /// When the file cannot be read; that of before is kept.
    pub(super) fn read(&mut self) -> std::io::Result<(Vec<(u64, String)>, bool)> {
        if self.open.is_none() {
            self.open()?;
        }
        let mut lines = Vec::new();
        let Some((file, position)) = &mut self.open else { return Ok((lines, false)) };
        if file.metadata()?.len() < position.offset + self.rest.len() as u64 {
            // Cut in place: everything in it is new.
            file.seek(SeekFrom::Start(0))?;
            position.offset = 0;
            self.rest.clear();
        }
        let mut bytes = Vec::new();
        let read = (&mut *file).take(READ_BYTES_MAX).read_to_end(&mut bytes)?;
        self.rest.extend_from_slice(&bytes);
        let mut from = 0;
        while let Some(length) = self.rest[from..].iter().position(|byte| *byte == b'\n') {
            lines.push((position.offset + from as u64, line(&self.rest[from..from + length])));
            from += length + 1;
        }
        self.rest.drain(..from);
        position.offset += from as u64;
        if self.rest.len() > LINE_BYTES_MAX {
            lines.push((position.offset, line(&self.rest)));
            position.offset += self.rest.len() as u64;
            self.rest.clear();
        }
        let has_ended = read == 0 && is_another(&self.path, *position);
        if has_ended {
            self.open = None;
            self.rest.clear();
        }
        Ok((lines, has_ended))
    }

    /// After the lines that were given so far.
    pub(super) fn position(&self) -> Option<Position> {
        self.open.as_ref().map(|(_, position)| *position)
    }

    fn open(&mut self) -> std::io::Result<()> {
        let resume = self.resume.take();
        // What was renamed while nobody read is found by the usual name.
        let rotated = PathBuf::from(format!("{}.1", self.path.display()));
        if let Some(resume) = resume
            && identity(&self.path).is_none_or(|now| now != (resume.device, resume.inode))
            && identity(&rotated) == Some((resume.device, resume.inode))
        {
            return self.begin(&rotated, resume.offset);
        }
        let same = resume.filter(|resume| identity(&self.path) == Some((resume.device, resume.inode)));
        let is_unknown = std::mem::take(&mut self.is_first) && resume.is_none();
        let offset = match same {
            Some(same) => same.offset,
            None if is_unknown => std::fs::metadata(&self.path)?.len(),
            None => 0,
        };
        let path = self.path.clone();
        self.begin(&path, offset)
    }

    fn begin(&mut self, path: &Path, offset: u64) -> std::io::Result<()> {
        self.is_first = false;
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let offset = if metadata.len() < offset { 0 } else { offset };
        file.seek(SeekFrom::Start(offset))?;
        self.open = Some((file, Position { device: metadata.dev(), inode: metadata.ino(), offset }));
        Ok(())
    }
}

fn line(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    String::from_utf8_lossy(bytes).trim_end_matches('\r').to_owned()
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn is_another(path: &Path, position: Position) -> bool {
    identity(path).is_some_and(|now| now != (position.device, position.inode))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn append(path: &Path, text: &str) {
        std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn read(tail: &mut Tail) -> (Vec<String>, bool) {
        let (lines, has_ended) = tail.read().unwrap();
        (lines.into_iter().map(|(_, line)| line).collect(), has_ended)
    }

    #[test]
    fn every_line_once_through_rotation_cuts_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slow.log");
        append(&path, "old\n");
        let mut tail = Tail::new(path.clone(), None);
        assert_eq!(read(&mut tail).0, Vec::<String>::new(), "what was there before is not told");
        append(&path, "a\nb");
        assert_eq!(read(&mut tail).0, ["a"]);
        append(&path, "c\n");
        assert_eq!(read(&mut tail).0, ["bc"]);
        // Renamed, written to still, and made anew.
        let rotated = folder.path().join("slow.log.1");
        std::fs::rename(&path, &rotated).unwrap();
        append(&rotated, "d\n");
        append(&path, "e\n");
        assert_eq!(read(&mut tail), (vec!["d".to_owned()], false));
        assert_eq!(read(&mut tail), (vec![], true));
        assert_eq!(read(&mut tail).0, ["e"]);
        // Stopped, rotated meanwhile, started.
        let position = Position::parse(&tail.position().unwrap().text());
        append(&path, "f\n");
        std::fs::rename(&path, &rotated).unwrap();
        append(&path, "g\n");
        let mut tail = Tail::new(path.clone(), position);
        assert_eq!(read(&mut tail).0, ["f"]);
        assert_eq!(read(&mut tail), (vec![], true));
        assert_eq!(read(&mut tail).0, ["g"]);
        // Cut in place.
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&mut tail).0, Vec::<String>::new());
        append(&path, "h\n");
        assert_eq!(read(&mut tail).0, ["h"]);
    }

    #[test]
    fn lines_without_end_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slow.log");
        append(&path, "");
        let mut tail = Tail::new(path.clone(), None);
        tail.read().unwrap();
        append(&path, &"x".repeat(LINE_BYTES_MAX + 10));
        assert_eq!(read(&mut tail).0[0].len(), LINE_BYTES_MAX);
    }
}
