//! What SQL says of the tables themselves, and `docs/tables.md`.

use super::ask;
use super::corpus::Lake;
use crate::tables_markdown;

#[tokio::test]
async fn tables_md_says_what_the_code_says() {
    let lake = Lake::empty();
    let page = tables_markdown(&lake.engine.table_docs().await.unwrap());
    for line in page.lines().filter(|line| line.starts_with('|')) {
        assert!(!line.ends_with("|  |"), "a column without a meaning: {line}");
    }
    // Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let path = format!("{here}/../../docs/tables.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/tables.md is out of date: UPDATE_DOCS=1 cargo test -p spanlake-engine");
}

#[tokio::test]
async fn describe_and_information_schema_explain() {
    let lake = Lake::empty();
    let (rows, _) = ask(&lake.engine, "describe spans").await.unwrap();
    assert!(rows.contains("trace_id") && rows.contains("http_route") && !rows.contains("View"), "{rows}");
    let (rows, _) = ask(&lake.engine, "show tables").await.unwrap();
    assert!(rows.contains("span_events") && rows.contains("metrics"), "{rows}");
    let sql = "select column_name, data_type from information_schema.columns where table_name = 'traces'";
    let (rows, _) = ask(&lake.engine, sql).await.unwrap();
    assert!(rows.contains("root_service") && rows.contains("Utf8 "), "{rows}");
    ask(&lake.engine, "explain select * from spans where name = 'x'").await.unwrap();
    ask(&lake.engine, "explain analyze select count(*) from logs").await.unwrap();
    ask(&lake.engine, "show columns from logs").await.unwrap();
}
