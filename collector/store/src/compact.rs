//! Compaction: many small files of one table and hour become few large ones. No row goes, no answer changes.
//!
//! Owns which files are merged and when. Merges stay within an hour's folder, newest hours first; what a merge
//! replaces goes once the manifest names the result and nobody reads the old files any more. Never blocks a seal.

pub(crate) mod compactor;
mod merge;
mod open;
mod pick;

pub(crate) use compactor::Failure;
pub(crate) use merge::{Merge, Revision};
pub(crate) use open::{open_columns, open_runs};
#[cfg(test)]
pub(crate) use pick::FRESH_MAX;
pub(crate) use pick::{Job, pick};
