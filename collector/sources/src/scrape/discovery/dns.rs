//! Names as targets: addresses by the system's resolver, SRV records by a question of our own over UDP.
//!
//! Owns the question and the reading of its answer, every length in which is checked. SRV is all that is asked: a whole
//! resolver is more than that is worth.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::Found;
use crate::delivery::now_nanoseconds;
use crate::scrape::config::DnsRecord;
use crate::scrape::relabel::Labels;

const TIMEOUT: Duration = Duration::from_secs(5);
const SRV: u16 = 33;
const NAME_BYTES_MAX: usize = 255;
/// Pointers followed in one name.
const JUMPS_MAX: usize = 32;

/// Looks a name up.
pub(super) async fn look_up(name: &str, record: DnsRecord, port: Option<u16>) -> Result<Found, String> {
    let labels = |extra: &[(&str, String)]| -> Labels {
        let meta = [("__meta_dns_name", name.to_owned())].into_iter().chain(extra.iter().cloned());
        meta.map(|(name, value)| (name.to_owned(), value)).collect()
    };
    if record == DnsRecord::Srv {
        let records = srv(name).await?;
        let found = records.into_iter().map(|(host, port)| {
            let meta =
                [("__meta_dns_srv_record_target", host.clone()), ("__meta_dns_srv_record_port", port.to_string())];
            (format!("{}:{port}", host.trim_end_matches('.')), labels(&meta))
        });
        return Ok(found.collect());
    }
    let port = port.unwrap_or(80);
    let looking = tokio::net::lookup_host((name, port));
    let addresses = tokio::time::timeout(TIMEOUT, looking).await.map_err(|_| "no answer in time".to_owned())?;
    let addresses = addresses.map_err(|error| error.to_string())?;
    let is_meant = |address: &SocketAddr| address.is_ipv4() == (record == DnsRecord::A);
    let mut found: Vec<String> = addresses.filter(is_meant).map(|address| address.to_string()).collect();
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|address| (address, labels(&[]))).collect())
}

fn nameservers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let words = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let mut servers: Vec<SocketAddr> =
        words.filter_map(|word| word.trim().parse::<IpAddr>().ok()).map(|address| (address, 53).into()).collect();
    servers.truncate(3);
    servers
}

async fn srv(name: &str) -> Result<Vec<(String, u16)>, String> {
    let question = question(name)?;
    let mut failure = "/etc/resolv.conf names no nameserver".to_owned();
    for server in nameservers() {
        let asked = async {
            let answer = ask_udp(server, &question).await?;
            // Cut short: the rest comes over TCP.
            if answer.get(2).is_some_and(|flags| flags & 2 != 0) {
                ask_tcp(server, &question).await
            } else {
                Ok(answer)
            }
        };
        failure = match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(Ok(answer)) => return read(&answer, &question),
            Ok(Err(error)) => format!("{server}: {error}"),
            Err(_) => format!("{server}: no answer in time"),
        };
    }
    Err(failure)
}

async fn ask_udp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let own: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut answer).await?;
        // An answer to something else is not ours.
        if length >= 12 && answer[..2] == question[..2] {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn ask_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// A query for SRV records, recursion desired.
fn question(name: &str) -> Result<Vec<u8>, String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Not to be guessed from the question before; the socket's port is fresh as well.
    let clock = now_nanoseconds().cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    let id = NEXT.fetch_add(1, Relaxed) ^ clock as u16;
    let mut query = id.to_be_bytes().to_vec();
    query.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let name = name.trim_end_matches('.');
    for part in name.split('.') {
        let length = u8::try_from(part.len()).ok().filter(|length| (1..=63).contains(length));
        query.push(length.ok_or_else(|| format!("{name:?} is no name"))?);
        query.extend_from_slice(part.as_bytes());
    }
    if name.len() > NAME_BYTES_MAX {
        return Err("the name is too long".to_owned());
    }
    query.push(0);
    query.extend_from_slice(&[0, SRV as u8, 0, 1]);
    Ok(query)
}

/// Target and port of each SRV record of an answer.
fn read(answer: &[u8], question: &[u8]) -> Result<Vec<(String, u16)>, String> {
    let cut = || "the answer is cut short".to_owned();
    let number = |at: usize| answer.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    match answer.get(3).ok_or_else(cut)? & 0xf {
        0 => {}
        3 => return Err("there is no such name".to_owned()),
        code => return Err(format!("the server refuses (code {code})")),
    }
    let records = number(6).ok_or_else(cut)?;
    let mut at = question.len();
    let mut found = Vec::new();
    for _ in 0..records {
        let (_, after) = name(answer, at).ok_or_else(cut)?;
        let kind = number(after).ok_or_else(cut)?;
        let length = usize::from(number(after + 8).ok_or_else(cut)?);
        let data = after + 10;
        if kind == SRV {
            let port = number(data + 4).ok_or_else(cut)?;
            let (target, _) = name(answer, data + 6).ok_or_else(cut)?;
            found.push((target, port));
        }
        at = data + length;
    }
    found.sort();
    Ok(found)
}

/// The name at a place, and the place behind it.
fn name(answer: &[u8], mut at: usize) -> Option<(String, usize)> {
    let (mut name, mut behind, mut jumps) = (String::new(), None, 0);
    loop {
        let length = *answer.get(at)?;
        match length {
            0 => return Some((name, behind.unwrap_or(at + 1))),
            1..=63 => {
                let part = answer.get(at + 1..at + 1 + usize::from(length))?;
                name.push_str(&String::from_utf8_lossy(part));
                name.push('.');
                at += 1 + usize::from(length);
            }
            0xc0..=0xff => {
                behind = behind.or(Some(at + 2));
                at = usize::from(length & 0x3f) << 8 | usize::from(*answer.get(at + 1)?);
                jumps += 1;
            }
            _ => return None,
        }
        if jumps > JUMPS_MAX || name.len() > 4 * NAME_BYTES_MAX {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srv_records_are_read() {
        let asked = question("_m._tcp.example.").unwrap();
        assert_eq!(&asked[12..], b"\x02_m\x04_tcp\x07example\0\0\x21\0\x01");
        let mut answer = asked.clone();
        answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 2]);
        // A pointer to the name asked for, SRV, IN, an hour, 6 and the name's bytes; the second name ends in a pointer.
        answer.extend_from_slice(b"\xc0\x0c\0\x21\0\x01\0\0\x0e\x10\0\x09\0\x01\0\x02\x23\x8c\x01b\0");
        answer.extend_from_slice(b"\xc0\x0c\0\x21\0\x01\0\0\x0e\x10\0\x0a\0\x01\0\x02\0\x50\x01a\xc0\x14");
        let found = read(&answer, &asked).unwrap();
        assert_eq!(found, [("a.example.".to_owned(), 80), ("b.".to_owned(), 9100)]);
        for end in 0..answer.len() {
            // What is cut anywhere is told, and nothing panics.
            let _ = read(&answer[..end], &asked);
        }
        answer[3] = 0x83;
        assert_eq!(read(&answer, &asked), Err("there is no such name".to_owned()));
        // A name that points to itself.
        assert_eq!(name(b"\xc0\x00", 0), None);
        assert!(question("a..b").is_err());
    }
}
