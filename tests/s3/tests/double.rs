//! The double as the real client sees it: each operation, each mode.
//!
//! Owns a client that gives up soon. Never times anything.

use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig,
    UpdateVersion,
};
use spanlake_test_s3::{Lie, Mode, S3Double};

fn client_with(s3: &S3Double, retries: usize) -> AmazonS3 {
    let retry = RetryConfig {
        max_retries: retries,
        retry_timeout: Duration::from_secs(60),
        backoff: object_store::BackoffConfig {
            init_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(5),
            base: 2.0,
        },
    };
    let mut builder = AmazonS3Builder::new().with_url(s3.url()).with_retry(retry);
    for (name, value) in s3.env() {
        builder = builder.with_config(name.to_ascii_lowercase().parse().expect("a name of the client"), value);
    }
    builder.build().expect("a client can be built")
}

async fn double() -> (S3Double, AmazonS3) {
    let s3 = S3Double::start().await;
    let client = client_with(&s3, 0);
    (s3, client)
}

fn create() -> PutOptions {
    PutMode::Create.into()
}

async fn keys(client: &AmazonS3, prefix: &str) -> Vec<String> {
    let listed: Vec<_> = client.list(Some(&Path::from(prefix))).try_collect().await.expect("a listing");
    listed.into_iter().map(|meta| meta.location.to_string()).collect()
}

/// Scenario: an object is put, read whole and in parts, and removed.
/// Guarantee: bytes, ranges, tags and "not found" are as with S3.
#[tokio::test]
async fn objects_are_put_read_in_ranges_and_removed() {
    let (s3, client) = double().await;
    let key = Path::from("a/b.txt");
    let put = client.put(&key, PutPayload::from_static(b"0123456789")).await.expect("put");
    let head = client.head(&key).await.expect("head");
    assert_eq!((head.size, head.e_tag.clone()), (10, put.e_tag.clone()));
    assert_eq!(client.get_range(&key, 2..5).await.expect("a range"), "234");
    let ranges = client.get_ranges(&key, &[0..1, 9..10]).await.expect("ranges");
    assert_eq!(ranges, ["0", "9"]);
    let suffix = GetOptions { range: Some(GetRange::Suffix(3)), ..GetOptions::default() };
    let answer = client.get_opts(&key, suffix).await.expect("a suffix");
    assert_eq!((answer.range.clone(), answer.bytes().await.expect("bytes")), (7..10, "789".into()));
    assert_eq!(s3.objects()["a/b.txt"], "0123456789");
    client.delete(&key).await.expect("removed");
    assert!(matches!(client.get(&key).await, Err(Error::NotFound { .. })));
    assert!(s3.objects().is_empty());
}

/// Scenario: reads that depend on the tag.
/// Guarantee: 304 and 412 where S3 has them.
#[tokio::test]
async fn conditional_reads_hold() {
    let (_s3, client) = double().await;
    let key = Path::from("one");
    let tag = client.put(&key, "x".into()).await.expect("put").e_tag;
    let same = GetOptions { if_none_match: tag.clone(), ..GetOptions::default() };
    assert!(matches!(client.get_opts(&key, same).await, Err(Error::NotModified { .. })));
    let other = GetOptions { if_match: Some("\"other\"".into()), ..GetOptions::default() };
    assert!(matches!(client.get_opts(&key, other).await, Err(Error::Precondition { .. })));
    let own = GetOptions { if_match: tag, ..GetOptions::default() };
    assert!(client.get_opts(&key, own).await.is_ok());
}

/// Scenario: sixteen writers want to create the same object; later one replaces it knowing its tag, one with an old tag.
/// Guarantee: exactly one creates it; only the tag that is current may replace it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conditional_put_is_one_step() {
    let (s3, client) = double().await;
    let client = std::sync::Arc::new(client);
    let key = Path::from("manifest/1");
    let writers = (0..16).map(|writer| {
        let (client, key) = (std::sync::Arc::clone(&client), key.clone());
        tokio::spawn(async move { (writer, client.put_opts(&key, format!("{writer}").into(), create()).await) })
    });
    let mut winners = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.expect("a writer does not panic") {
            (writer, Ok(put)) => winners.push((writer, put)),
            (_, Err(Error::AlreadyExists { .. })) => {}
            (_, Err(error)) => panic!("{error}"),
        }
    }
    let [(winner, put)] = winners.as_slice() else { panic!("{} writers created it", winners.len()) };
    assert_eq!(s3.objects()["manifest/1"], winner.to_string());
    let knowing = |e_tag: Option<String>| PutOptions::from(PutMode::Update(UpdateVersion { e_tag, version: None }));
    client.put_opts(&key, "new".into(), knowing(put.e_tag.clone())).await.expect("the tag is current");
    let late = client.put_opts(&key, "late".into(), knowing(put.e_tag.clone())).await;
    assert!(matches!(late, Err(Error::Precondition { .. })), "{late:?}");
    assert_eq!(s3.objects()["manifest/1"], "new");
}

/// Scenario: an object comes in parts; another upload is given up.
/// Guarantee: it is whole once completed and not there before; what was given up leaves nothing.
#[tokio::test]
async fn uploads_in_parts_are_whole_or_absent() {
    let (s3, client) = double().await;
    let key = Path::from("large");
    let mut upload = client.put_multipart(&key).await.expect("begun");
    for part in ["a".repeat(5 << 20), "b".repeat(5 << 20), "c".to_owned()] {
        upload.put_part(part.into()).await.expect("a part");
    }
    assert!(s3.objects().is_empty() && s3.open_uploads() == 1);
    upload.complete().await.expect("completed");
    assert_eq!((s3.objects()["large"].len(), s3.open_uploads()), ((10 << 20) + 1, 0));
    let mut given_up = client.put_multipart(&Path::from("none")).await.expect("begun");
    given_up.put_part("a".repeat(5 << 20).into()).await.expect("a part");
    given_up.abort().await.expect("aborted");
    assert_eq!((s3.objects().len(), s3.open_uploads()), (1, 0));
}

/// Scenario: many objects, pages of seven entries.
/// Guarantee: listings go on where they ended, whole and with delimiter; many are removed at once.
#[tokio::test]
async fn listings_come_in_pages_and_by_folder() {
    let (s3, client) = double().await;
    let mut expected: Vec<String> = (0..40).map(|n| format!("t/hour={:02}/{n:03}.parquet", n % 9)).collect();
    expected.sort();
    expected.iter().for_each(|key| s3.put(key, "x"));
    s3.put("tz", "x");
    s3.put("t/top", "x");
    s3.set_mode(Mode { page_entries_max: 7, ..Mode::healthy() });
    let fourth: Vec<_> = expected.iter().filter(|key| key.contains("=04/")).cloned().collect();
    assert_eq!(keys(&client, "t/hour=04").await, fourth);
    let mut all = keys(&client, "t").await;
    assert_eq!(all.pop().as_deref(), Some("t/top"));
    assert_eq!(all, expected);
    let folder = client.list_with_delimiter(Some(&Path::from("t"))).await.expect("a folder");
    assert_eq!((folder.common_prefixes.len(), folder.objects.len()), (9, 1));
    assert_eq!(folder.common_prefixes[8], Path::from("t/hour=08"));
    let after: Vec<_> = client
        .list_with_offset(Some(&Path::from("t")), &Path::from("t/hour=08/035.parquet"))
        .try_collect()
        .await
        .expect("listed");
    assert_eq!(after.len(), 1);
    let doomed = futures::stream::iter(expected.into_iter().map(|key| Ok(Path::from(key))));
    let removed: Vec<_> = client.delete_stream(Box::pin(doomed)).try_collect().await.expect("removed");
    assert_eq!((removed.len(), s3.objects().len()), (40, 2));
}

/// Scenario: half of all requests fail, and a client that tries again; the same seed twice.
/// Guarantee: everything arrives in the end, a seed repeats its faults, and who does not try again sees them.
#[tokio::test]
async fn a_share_of_requests_fails_by_seed() {
    let (s3, once) = double().await;
    let stubborn = client_with(&s3, 50);
    s3.set_mode(Mode::failing(500, 7));
    for number in 0..30 {
        stubborn.put(&Path::from(format!("{number}")), "x".into()).await.expect("put in the end");
    }
    assert_eq!(s3.objects().len(), 30);
    assert!(s3.counts().failed > 10, "{:?}", s3.counts());
    let mut runs = Vec::new();
    for _ in 0..2 {
        s3.set_mode(Mode::failing(500, 9));
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(once.head(&Path::from("1")).await.is_ok());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&true) && runs[0].contains(&false));
}

/// Scenario: every answer is lost after the work was done.
/// Guarantee: the client sees an error, the object is there; creating it again is refused.
#[tokio::test]
async fn answers_are_lost_after_the_work() {
    let (s3, client) = double().await;
    s3.set_mode(Mode::losing_answers(1000, 3));
    for number in 0..10 {
        let put = client.put_opts(&Path::from(format!("{number}")), "x".into(), create()).await;
        assert!(put.is_err(), "{put:?}");
    }
    assert_eq!(s3.objects().len(), 10);
    s3.set_mode(Mode::healthy());
    let again = client.put_opts(&Path::from("1"), "y".into(), create()).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
}

/// Scenario: a store that lies about conditional puts.
/// Guarantee: each lie is told as its name says, and the objects show what was done.
#[tokio::test]
async fn lies_about_conditional_puts_are_told() {
    let (s3, client) = double().await;
    let key = Path::from("edit");
    s3.put("edit", "first");
    s3.set_mode(Mode::lying(Lie::SaysCreated));
    client.put_opts(&key, "second".into(), create()).await.expect("said to be created");
    assert_eq!(s3.objects()["edit"], "first");
    s3.set_mode(Mode::lying(Lie::IgnoresConditions));
    client.put_opts(&key, "third".into(), create()).await.expect("replaced");
    assert_eq!(s3.objects()["edit"], "third");
    s3.set_mode(Mode::lying(Lie::SaysExists).only("other"));
    let other = client.put_opts(&Path::from("other"), "mine".into(), create()).await;
    assert!(matches!(other, Err(Error::AlreadyExists { .. })), "{other:?}");
    assert_eq!(s3.objects()["other"], "mine");
    client.put_opts(&Path::from("honest"), "x".into(), create()).await.expect("the lie is for one key only");
}

/// Scenario: no permission, an expired token, no such bucket, wrong keys, another bucket.
/// Guarantee: the client gets what S3 says; reads go on where only changes are refused.
#[tokio::test]
async fn refusals_are_said_as_s3_says_them() {
    let (s3, client) = double().await;
    let key = Path::from("k");
    s3.put("k", "x");
    s3.set_mode(Mode::read_only());
    assert!(matches!(client.put(&key, "y".into()).await, Err(Error::PermissionDenied { .. })));
    assert!(client.get(&key).await.is_ok());
    s3.set_mode(Mode::expired_credentials());
    let expired = client.get(&key).await.expect_err("refused").to_string();
    assert!(expired.contains("ExpiredToken"), "{expired}");
    s3.set_mode(Mode::no_such_bucket());
    let gone = client.put(&key, "y".into()).await.expect_err("refused").to_string();
    assert!(gone.contains("NoSuchBucket"), "{gone}");
    s3.set_mode(Mode::healthy());
    let build = |url: &str, key: &str| {
        let builder = AmazonS3Builder::new().with_url(url).with_endpoint(s3.endpoint()).with_allow_http(true);
        builder.with_region("us-east-1").with_access_key_id(key).with_secret_access_key("wrong").build().expect("built")
    };
    let stranger = build(&s3.url(), "stranger").get(&key).await.expect_err("refused").to_string();
    assert!(stranger.contains("InvalidAccessKeyId"), "{stranger}");
    let forged = build(&s3.url(), spanlake_test_s3::ACCESS_KEY).get(&key).await.expect_err("refused").to_string();
    assert!(forged.contains("SignatureDoesNotMatch"), "{forged}");
    assert_eq!(s3.objects()["k"], "x");
}

/// Scenario: the port is closed and opened again, under a client that keeps its connections.
/// Guarantee: refused while it is closed, the same port and the same objects afterwards.
#[tokio::test]
async fn unreachable_and_back() {
    let (s3, client) = double().await;
    let key = Path::from("k");
    for _ in 0..3 {
        client.put(&key, "x".into()).await.expect("reachable");
        s3.set_mode(Mode::unreachable());
        assert!(client.get(&key).await.is_err());
        assert!(std::net::TcpStream::connect(s3.endpoint().trim_start_matches("http://")).is_err(), "somebody listens");
        s3.set_mode(Mode::healthy());
        assert!(client_with(&s3, 5).get(&key).await.is_ok());
    }
}

/// Scenario: listings that lag behind, and a slow store whose client waits less.
/// Guarantee: new objects are not listed yet and removed ones still are, while reads by key are current; slow is slow.
#[tokio::test]
async fn listings_lag_and_answers_are_slow() {
    let (s3, client) = double().await;
    s3.put("old", "x");
    s3.set_mode(Mode::listing_late(3_600_000));
    client.put(&Path::from("new"), "x".into()).await.expect("put");
    assert!(client.get(&Path::from("new")).await.is_ok());
    assert_eq!(keys(&client, "").await, [""; 0]);
    s3.set_mode(Mode::healthy());
    assert_eq!(keys(&client, "").await, ["new", "old"]);
    s3.set_mode(Mode::slow(3_600_000));
    let impatient = tokio::time::timeout(Duration::from_millis(50), client.get(&Path::from("old"))).await;
    assert!(impatient.is_err(), "{impatient:?}");
    s3.set_mode(Mode::healthy());
    assert!(client.get(&Path::from("old")).await.is_ok());
}

/// Scenario: the control route, as scripts use it.
/// Guarantee: a mode that is put is in force; nonsense is refused with a sentence.
#[tokio::test]
async fn the_control_route_sets_modes() {
    let (s3, client) = double().await;
    let address = s3.endpoint().trim_start_matches("http://").parse().expect("an address");
    tokio::task::spawn_blocking(move || {
        let mut connection = spanlake_bench::http::Connection::open(address).expect("reachable");
        let head = |length: usize| {
            format!("PUT /_double/mode HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n")
        };
        let mode = br#"{"refusal": "read_only"}"#;
        assert_eq!(connection.exchange(head(mode.len()).as_bytes(), mode).expect("answered"), 200);
        let nonsense = br#"{"speed": 1}"#;
        assert_eq!(connection.exchange(head(nonsense.len()).as_bytes(), nonsense).expect("answered"), 400);
        assert_eq!(connection.get("/_double/objects").expect("answered"), 200);
        assert_eq!(connection.body(), b"{}");
    })
    .await
    .expect("the requests were answered");
    assert_eq!(s3.mode(), Mode::read_only());
    assert!(client.put(&Path::from("k"), "x".into()).await.is_err());
}
