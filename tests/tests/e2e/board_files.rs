//! Dashboards that are files of a folder.

use serde_json::{Value, json};
use spanlake_tests::server::{Answer, Setup, TestServer};

fn write(server: &TestServer, method: &str, name: &str, body: &Value) -> Answer {
    let listen = server.ports().listen;
    let head = format!("{method} /api/boards/{name} HTTP/1.1\r\nHost: {listen}\r\nContent-Type: application/json");
    server.raw(&head, body.to_string().as_bytes())
}

fn listed(server: &TestServer, name: &str) -> Value {
    let list: Value = server.get("/api/boards").json();
    let found: Vec<&Value> =
        list["boards"].as_array().expect("a list").iter().filter(|board| board["name"] == name).collect();
    assert!(found.len() < 2, "{list}");
    found.first().map_or(Value::Null, |board| (*board).clone())
}

/// Scenario: a folder with a dashboard and a broken one; one of the same name was kept before; files change, and go.
/// Guarantee: files are shown as they are now, are never written, and a broken one says what is wrong and harms no other.
#[test]
fn files_of_a_folder_are_dashboards() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    let server = Setup::default().arguments(&["--dashboard-dir", &folder.path().display().to_string()]).start();
    let kept = json!({ "version": 1, "title": "kept", "panels": [] });
    assert_eq!(write(&server, "PUT", "checkout", &kept).status, 200);
    assert_eq!(write(&server, "PUT", "other", &kept).status, 200);

    let panel = json!({ "id": "a", "title": "a", "kind": "text", "x": 0, "y": 0, "w": 4, "h": 4, "text": "a" });
    file("checkout.json", &json!({ "version": 1, "title": "from git", "panels": [panel] }).to_string());
    file("broken.json", "{\n  \"title\": ");
    let entry = listed(&server, "checkout");
    assert_eq!((&entry["title"], &entry["panels"]), (&json!("from git"), &json!(1)));
    assert!(entry["file"].as_str().is_some_and(|path| path.ends_with("checkout.json")), "{entry}");
    assert_eq!(listed(&server, "other")["title"], "kept");
    let problem = listed(&server, "broken")["problem"].as_str().expect("a problem").to_owned();
    assert!(problem.contains("broken.json") && problem.contains("line 2"), "{problem}");
    let broken = server.get("/api/boards/broken");
    assert_eq!(broken.status, 422);
    assert!(broken.text().contains("line 2"), "{}", broken.text());
    assert_eq!(server.get("/api/boards/checkout").json()["title"], "from git");
    let versions: Value = server.get("/api/boards/checkout/versions").json();
    assert_eq!(versions["versions"].as_array().map(Vec::len), Some(1));

    for method in ["PUT", "DELETE"] {
        let refused = write(&server, method, "checkout", &kept);
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(refused.text().contains("is_file") && refused.text().contains("checkout.json"), "{}", refused.text());
    }
    file("checkout.json", r#"{"version":1,"title":"pulled","panels":[]}"#);
    assert_eq!(server.get("/api/boards/checkout").json()["title"], "pulled");
    std::fs::remove_file(folder.path().join("checkout.json")).expect("it goes");
    assert_eq!(server.get("/api/boards/checkout").json()["title"], "kept", "what the server keeps was never touched");
    std::fs::remove_dir_all(folder.path()).expect("the folder goes");
    let refused = server.get("/api/boards");
    assert!(refused.status == 503 && refused.text().contains("dashboard_dir"), "{}", refused.text());
}
