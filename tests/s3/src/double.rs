//! The handle of a test: start it, point a client at it, make it misbehave, look into it.
//!
//! Owns a thread with a runtime of its own, so that tests with and without one use it alike; dropping it ends both.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::S3ServiceBuilder;
use s3s::{S3Error, S3ErrorCode, S3Result};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::faults::{Counts, Faults};
use crate::mode::Mode;
use crate::objects::{Objects, PutConditions};
use crate::server::{Order, serve};
use crate::service::Service;
use crate::transport::Shared;

/// The one bucket there is.
pub const BUCKET: &str = "spanlake-test";
/// The one key that is let in.
pub const ACCESS_KEY: &str = "spanlake-test-key";
pub const SECRET_KEY: &str = "not-a-secret";
const REGION: &str = "us-east-1";

/// Knows one key, and says of others what AWS says.
struct OneKey;

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == ACCESS_KEY {
            return Ok(SecretKey::from(SECRET_KEY));
        }
        let said = "The AWS Access Key Id you provided does not exist in our records.";
        Err(S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, said))
    }
}

/// An S3 that runs.
pub struct S3Double {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// `None` once it ends.
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

// === impl S3Double ===

impl S3Double {
    /// On a port of the system's choice.
    ///
    /// # Panics
    /// Where no port can be had.
    #[allow(clippy::unused_async, reason = "tests with a runtime await everything else too")]
    pub async fn start() -> Self {
        Self::start_blocking()
    }

    /// The same, for tests without a runtime.
    ///
    /// # Panics
    /// As [`S3Double::start`].
    #[must_use]
    pub fn start_blocking() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a loopback port can be had")
    }

    /// At this address.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn start_at(address: SocketAddr) -> std::io::Result<Self> {
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let objects = Arc::new(Objects::default());
        let mut builder = S3ServiceBuilder::new(Service { objects: Arc::clone(&objects) });
        builder.set_auth(OneKey);
        let shared = Arc::new(Shared { service: builder.build(), faults: Faults::new(), objects });
        let (orders, inbox) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("s3-double".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(socket).expect("a socket that does not block is taken over");
                serve(listener, address, serving, inbox).await;
            });
        })?;
        Ok(Self { address, shared, orders: Some(orders), thread: Some(thread) })
    }

    /// Its bucket, as a setting of a client.
    #[must_use]
    pub fn url(&self) -> String {
        format!("s3://{BUCKET}")
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment that leads a client here.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Behaves so from the next request on; when this returns, it is or is not reachable.
    ///
    /// # Panics
    /// Where the server's thread is gone.
    pub fn set_mode(&self, mode: Mode) {
        let is_reachable = !mode.is_unreachable;
        self.shared.faults.set_mode(mode);
        let (done, mut wait) = oneshot::channel();
        let mut order = Order::Reach { is_reachable, done };
        // By hand, as the blocking forms refuse to run on a thread of the caller's runtime.
        while let Err(mpsc::error::TrySendError::Full(again)) =
            self.orders.as_ref().expect("it has not ended").try_send(order)
        {
            order = again;
            std::thread::yield_now();
        }
        while let Err(oneshot::error::TryRecvError::Empty) = wait.try_recv() {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
    }

    /// How it behaves.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.shared.faults.mode()
    }

    /// Requests so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.faults.counts()
    }

    /// Every object by its key, as it is now, whatever the mode says.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.shared.objects.all()
    }

    /// Uploads in parts that were begun and neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.shared.objects.open_uploads()
    }

    /// Puts an object there behind every client's back.
    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        let put = self.shared.objects.put(key, bytes.into(), &PutConditions::default());
        put.expect("a put without conditions cannot fail");
    }

    /// Takes an object away behind every client's back.
    pub fn remove(&self, key: &str) {
        self.shared.objects.remove(key);
    }
}

impl Drop for S3Double {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It panicked only where a test did something that it will hear of anyway.
            let _ = thread.join();
        }
    }
}
