//! The store: a write-ahead log, a hot tier in memory, sealed Parquet files and the manifest that names them.
//!
//! Owns every byte under the data directory. It has a write half (the doors' [`Ingest`] trait) and a read
//! half ([`ReadHalf`]): who reads pins one [`Version`] and sees each acknowledged row exactly once, whatever
//! is sealed meanwhile. Never speaks HTTP, never plans a query, never decides what is worth keeping.
//!
//! [`Ingest`]: spanlake_schemas::ingest::Ingest

pub mod catalog;
pub mod columns;
pub mod read;
pub mod version;

pub use catalog::{Catalog, Dimension};
pub use read::{ReadError, ReadHalf, TraceRows};
pub use version::{DataFile, HotBatch, Version};
