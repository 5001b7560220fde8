//! The loops over real sockets: targets that answer, hang, flood, lie, redirect and vanish.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use spanlake_schemas::ingest::{KnownSeries, NoKnownSeries, Permit, Refusal, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

#[derive(Default)]
struct FakeStore(Mutex<Vec<Request>>);

struct FakePermit;
impl Permit for FakePermit {}

impl Ingest for FakeStore {
    fn admit(&self, _bytes: u64) -> Result<Box<dyn Permit>, Refusal> {
        Ok(Box::new(FakePermit))
    }

    fn known_series(&self) -> &dyn KnownSeries {
        &NoKnownSeries
    }

    fn store(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + '_>> {
        self.0.lock().push(request);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What a target does with each request that it gets.
#[derive(Clone)]
enum Manner {
    Answers(String),
    Hangs,
    /// Says that it has 200 MB, and sends them.
    Floods,
    /// A gzip of a million times what it is.
    Bombs,
    Redirects(String),
}

async fn request_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn act(stream: &mut TcpStream, manner: &Manner) -> std::io::Result<()> {
    let head = |extra: &str, length: usize| format!("HTTP/1.1 200 OK\r\n{extra}Content-Length: {length}\r\n\r\n");
    match manner {
        Manner::Answers(body) => {
            stream.write_all((head("Content-Type: text/plain\r\n", body.len()) + body).as_bytes()).await
        }
        Manner::Hangs => {
            stream.write_all(head("", 1000).as_bytes()).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
        Manner::Floods => {
            stream.write_all(head("", 200 << 20).as_bytes()).await?;
            for _ in 0..200 {
                stream.write_all(&vec![b'#'; 1 << 20]).await?;
            }
            Ok(())
        }
        Manner::Bombs => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, &vec![b'#'; 20 << 20])?;
            let body = encoder.finish()?;
            stream.write_all(head("Content-Encoding: gzip\r\n", body.len()).as_bytes()).await?;
            stream.write_all(&body).await
        }
        Manner::Redirects(to) => {
            stream
                .write_all(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await
        }
    }
}

/// A target; gives its address, and the heads of the requests that it got.
async fn serve(manner: Arc<Mutex<Manner>>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (manner, seen) = (Arc::clone(&manner), Arc::clone(&seen));
            tokio::spawn(async move {
                while let Some(head) = request_head(&mut stream).await {
                    seen.lock().push(head);
                    let manner = manner.lock().clone();
                    if act(&mut stream, &manner).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, heads)
}

struct Scraping {
    store: Arc<FakeStore>,
    states: Arc<ScrapeStates>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn start(text: &str, folder: &Path) -> Scraping {
    let config = ScrapeConfig::parse(text, folder).unwrap();
    let (store, states, stop) = (Arc::<FakeStore>::default(), Arc::<ScrapeStates>::default(), CancellationToken::new());
    let ingest: Arc<dyn Ingest> = Arc::clone(&store) as Arc<dyn Ingest>;
    let task = tokio::spawn(scrape(config, ingest, Arc::clone(&states), stop.clone()));
    Scraping { store, states, stop, task }
}

fn job_at(address: SocketAddr, settings: &str) -> String {
    format!(
        "global: {{scrape_interval: 100ms, scrape_timeout: 80ms}}\nscrape_configs:\n  - job_name: j\n    \
         static_configs: [{{targets: ['{address}']}}]\n    {settings}\n"
    )
}

async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Scraping {
    fn health(&self) -> (Health, String) {
        let first = self.states.snapshot().active.into_iter().next();
        first.map_or((Health::Unknown, String::new()), |state| (state.health, state.last_error))
    }

    async fn is_down_because(&self, said: &str) {
        eventually(said, || {
            let (health, error) = self.health();
            health == Health::Down && error.contains(said)
        })
        .await;
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.task).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_target_is_scraped_over_one_connection() {
    let manner = Arc::new(Mutex::new(Manner::Answers("a 1\n".to_owned())));
    let (address, heads) = serve(Arc::clone(&manner)).await;
    let settings = "basic_auth: {username: me, password: s3cret}\n    params: {x: ['1 2']}";
    let scraping = start(&job_at(address, settings), Path::new("/"));
    eventually("three scrapes", || scraping.store.0.lock().len() >= 3).await;
    assert_eq!(scraping.health(), (Health::Up, String::new()));
    let head = heads.lock()[0].clone().to_lowercase();
    for said in [
        "get /metrics?x=1+2 http/1.1",
        &format!("host: {address}"),
        "authorization: basic bwu6cznjcmv0",
        "accept-encoding: gzip",
        "x-prometheus-scrape-timeout-seconds: 0.08",
        "application/openmetrics-text",
    ] {
        assert!(head.contains(said), "{said}: {head}");
    }
    let state = scraping.states.snapshot().active.remove(0);
    assert_eq!(
        (state.url, state.labels["instance"].clone()),
        (format!("http://{address}/metrics?x=1+2"), address.to_string())
    );
    *manner.lock() = Manner::Answers("<html>".to_owned());
    scraping.is_down_because("line 1, column 1: expected a metric's name").await;
    *manner.lock() = Manner::Answers("a 2\n".to_owned());
    eventually("it is up again", || scraping.health().0 == Health::Up).await;
    scraping.end().await;
}

#[tokio::test]
async fn targets_that_hang_flood_or_bomb_are_bounded() {
    let manner = Arc::new(Mutex::new(Manner::Hangs));
    let (address, _) = serve(Arc::clone(&manner)).await;
    let text = job_at(address, "body_size_limit: 1MB").replace("100ms", "1s").replace("80ms", "500ms");
    let scraping = start(&text, Path::new("/"));
    scraping.is_down_because("no complete answer within 500ms").await;
    *manner.lock() = Manner::Floods;
    scraping.is_down_because("the body exceeds 1048576 bytes").await;
    *manner.lock() = Manner::Answers("a 1\n".to_owned());
    eventually("it is up again", || scraping.health().0 == Health::Up).await;
    *manner.lock() = Manner::Bombs;
    scraping.is_down_because("the body exceeds 1048576 bytes").await;
    scraping.end().await;
}

#[tokio::test]
async fn credentials_stay_with_their_host() {
    let (other, seen) = serve(Arc::new(Mutex::new(Manner::Answers("a 1\n".to_owned())))).await;
    let redirects = Manner::Redirects(format!("http://{other}/there"));
    let (address, heads) = serve(Arc::new(Mutex::new(redirects))).await;
    let scraping = start(&job_at(address, "bearer_token: s3cret"), Path::new("/"));
    eventually("it is up", || scraping.health().0 == Health::Up).await;
    assert!(heads.lock()[0].to_lowercase().contains("authorization: bearer s3cret"));
    assert!(seen.lock()[0].starts_with("GET /there ") && !seen.lock()[0].to_lowercase().contains("authorization"));
    scraping.end().await;
    let stays = start(&job_at(address, "follow_redirects: false"), Path::new("/"));
    stays.is_down_because("server returned HTTP status 302 Found").await;
    stays.end().await;
}

#[tokio::test]
async fn targets_come_and_go_with_their_file() {
    let (address, _) = serve(Arc::new(Mutex::new(Manner::Answers("a 1\n".to_owned())))).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.json");
    std::fs::write(
        &file,
        format!("[{{\"targets\": [\"{address}\", \"dropped:1\"], \"labels\": {{\"zone\": \"a\"}}}}]"),
    )
    .unwrap();
    let text = "global: {scrape_interval: 100ms}\nscrape_configs:\n  - job_name: j\n    file_sd_configs: [{files: [targets.json], refresh_interval: 50ms}]\n    \
                relabel_configs: [{source_labels: [__address__], regex: 'dropped.*', action: drop}]\n";
    let scraping = start(text, folder.path());
    eventually("it is up", || scraping.health().0 == Health::Up).await;
    let snapshot = scraping.states.snapshot();
    assert_eq!((snapshot.active.len(), snapshot.dropped_counts["j"]), (1, 1));
    assert_eq!(
        (snapshot.active[0].labels["zone"].as_str(), snapshot.active[0].discovered.contains_key("__meta_filepath")),
        ("a", true)
    );
    std::fs::write(&file, "[]").unwrap();
    eventually("it is gone", || scraping.states.snapshot().active.is_empty()).await;
    scraping.end().await;
}

#[tokio::test]
async fn targets_are_found_over_http_and_bounded_in_number() {
    let (address, _) = serve(Arc::new(Mutex::new(Manner::Answers("a 1\n".to_owned())))).await;
    let list = format!("[{{\"targets\": [\"{address}\", \"127.0.0.1:1\"]}}]");
    let (discovery, _) = serve(Arc::new(Mutex::new(Manner::Answers(list)))).await;
    let text = |limit: u64| {
        format!(
            "global: {{scrape_interval: 100ms}}\nscrape_configs:\n  - job_name: j\n    target_limit: {limit}\n    \
             http_sd_configs: [{{url: 'http://{discovery}/sd', refresh_interval: 1s}}]\n"
        )
    };
    let scraping = start(&text(2), Path::new("/"));
    let healths = |scraping: &Scraping| {
        let mut all: Vec<Health> = scraping.states.snapshot().active.iter().map(|state| state.health).collect();
        all.sort_by_key(|health| *health as u8);
        all
    };
    eventually("one is up, one is down", || healths(&scraping) == [Health::Up, Health::Down]).await;
    scraping.end().await;
    let scraping = start(&text(1), Path::new("/"));
    eventually("both are refused", || healths(&scraping) == [Health::Down, Health::Down]).await;
    assert!(scraping.health().1.contains("target_limit exceeded: 2 targets, more than 1"));
    scraping.end().await;
}
