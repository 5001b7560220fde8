//! The listening socket and its connections, which can be taken away and given back.
//!
//! Owns the port: while it is unreachable nobody listens there, and it comes back under the same number. Never looks
//! into a request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::transport::{Resettable, Shared, handle};

/// What the server is told; answered when it is so.
pub enum Order {
    Reach { is_reachable: bool, done: oneshot::Sender<()> },
}

/// Serves until nobody can give orders any more.
pub async fn serve(listener: TcpListener, address: SocketAddr, shared: Arc<Shared>, mut orders: mpsc::Receiver<Order>) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => {
                let Some(Order::Reach { is_reachable, done }) = order else { return };
                if is_reachable && listener.is_none() {
                    listener = Some(bind_again(address).await);
                } else if !is_reachable {
                    listener = None;
                    connections.abort_all();
                    while connections.join_next().await.is_some() {}
                }
                // Who asked may be gone; it is so all the same.
                let _ = done.send(());
            }
            accepted = accepted => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// The port was ours a moment ago; somebody may still be leaving it.
async fn bind_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) -> Result<(), Infallible> {
    let resets = Arc::new(AtomicBool::new(false));
    let answering = Arc::clone(&resets);
    let service = service_fn(move |request| handle(Arc::clone(&shared), request, Arc::clone(&answering)));
    // Ends with an error where it is cut on purpose, or the client is gone; neither is this side's trouble.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(Resettable { stream, resets }), service).await;
    Ok(())
}
