//! A proxy before a server that delays its answers, or leads elsewhere from now on.
//!
//! Owns its threads, two a connection. Never looks into what it passes on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Shared {
    target: AtomicU16,
    delay_ms: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

/// A proxy that runs until the process ends.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on a free port.
    ///
    /// # Errors
    /// As the system says.
    pub fn start(target: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        shared.target.store(target, Ordering::Relaxed);
        let of = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let of = Arc::clone(&of);
                std::thread::spawn(move || {
                    let _ = pass(client, &of);
                });
            }
        });
        Ok(Self { port, shared })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on everything that the server says comes so much later.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Ends all connections; new ones lead to another server.
    pub fn fail_over(&self, target: u16) {
        self.shared.target.store(target, Ordering::Relaxed);
        if let Ok(mut open) = self.shared.open.lock() {
            for stream in open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn pass(mut client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", shared.target.load(Ordering::Relaxed)))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    if let Ok(mut open) = shared.open.lock() {
        open.extend([client.try_clone()?, server.try_clone()?]);
    }
    let (mut answers, mut back, of) = (server.try_clone()?, client.try_clone()?, Arc::clone(shared));
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(bytes @ 1..) = answers.read(&mut buffer) {
            let read_at = Instant::now();
            // Asked again and again, so that a delay that is taken away ends.
            while read_at.elapsed() < Duration::from_millis(of.delay_ms.load(Ordering::Relaxed)) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if back.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 16 << 10];
    while let Ok(bytes @ 1..) = client.read(&mut buffer) {
        if server.write_all(&buffer[..bytes]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    Ok(())
}
