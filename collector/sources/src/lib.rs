//! Pulled inputs: what does not speak OTLP by itself is asked, and enters by the same decoder and the same seam as
//! what comes through a door.
//!
//! Owns pollers. Never writes a file and never knows the store: it is handed an `Ingest`.

mod aligned;
mod delivery;
pub mod mysql;
pub mod scrape;
