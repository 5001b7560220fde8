//! Stopping: what is in flight is finished, what is not is let go, and nothing holds the server for ever.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::fake::{server, server_with, soon};
use super::raw::{answer, send};

const HEADERS: &str = "content-type: application/json\r\ncontent-length: 5\r\n";

#[tokio::test]
async fn requests_in_flight_are_answered() {
    let mut server = server().await;
    let gate = Arc::new(Semaphore::new(0));
    *server.store.gate.lock() = Some(Arc::clone(&gate));
    let mut idle = TcpStream::connect(server.http).await.unwrap();
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    send(&mut stream, "POST /v1/traces", HEADERS, b"spans").await;
    soon(|| server.store.waiting.load(SeqCst) == 1).await;
    server.shutdown.cancel();
    let closed = tokio::io::AsyncReadExt::read(&mut idle, &mut [0]).await;
    assert_eq!(closed.unwrap(), 0);
    soon(|| std::net::TcpStream::connect(server.http).is_err()).await;
    gate.add_permits(1);
    let last = answer(&mut stream).await;
    assert_eq!((last.status, last.header("connection")), (200, "close"));
    for task in server.tasks.drain(..) {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_grace_ends() {
    let mut server = server_with(|config| config.shutdown_grace = Duration::from_millis(300)).await;
    *server.store.gate.lock() = Some(Arc::new(Semaphore::new(0)));
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    send(&mut stream, "POST /v1/traces", HEADERS, b"spans").await;
    soon(|| server.store.waiting.load(SeqCst) == 1).await;
    let started = Instant::now();
    server.shutdown.cancel();
    for task in server.tasks.drain(..) {
        task.await.unwrap().unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(2));
}
