//! Connections that this machine has, as the kernel's table shows them.
//!
//! Owns the reading of that table. Never opens a connection.

use std::collections::HashMap;

/// Established connections to a port, by their own end, with the inode of their socket. Each is there once: the kernel hands its
/// table out in pieces, and a socket that moves between two of them stands in both.
///
/// # Errors
/// When the system does not say.
pub(super) fn connected_to(port: u16) -> std::io::Result<HashMap<String, String>> {
    const ESTABLISHED: &str = "01";
    let ending = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = fields.filter(|fields| fields.len() > 9 && fields[2].ends_with(&ending) && fields[3] == ESTABLISHED);
    Ok(ours.map(|fields| (fields[1].to_owned(), fields[9].to_owned())).collect())
}
