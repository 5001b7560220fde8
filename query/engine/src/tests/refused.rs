//! What is refused, with the sentence, the place and the hint that a person gets.

use expect_test::{Expect, expect};

use super::ask;
use super::corpus::Lake;

async fn check(sql: &str, expected: Expect) {
    let lake = Lake::empty();
    let text = match ask(&lake.engine, sql).await {
        Ok((rows, _)) => rows,
        Err(error) => format!("{error:?}"),
    };
    expected.assert_eq(&text);
}

#[tokio::test]
async fn only_statements_that_read() {
    for sql in [
        "create table t as select 1",
        "drop table spans",
        "insert into spans values (1)",
        "delete from spans",
        "update spans set name = 'x'",
        "set datafusion.execution.batch_size = 1",
        "reset datafusion.execution.batch_size",
        "create external table t stored as csv location '/etc/passwd'",
        "copy (select 1) to '/tmp/x.csv'",
        "explain analyze insert into spans values (1)",
        "create view v as select 1",
        "select 1; select 2",
        "prepare p as select 1",
        "begin",
        "truncate table spans",
        "select * into t from spans",
        "create function f() returns int return 1",
    ] {
        let lake = Lake::empty();
        let error = ask(&lake.engine, sql).await.expect_err(sql);
        assert!(matches!(error, crate::EngineError::Unsupported { .. }), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn files_cannot_be_named() {
    for sql in ["select * from '/etc/passwd'", "select * from read_csv('/etc/passwd')", "select * from \"/etc/passwd\""]
    {
        let lake = Lake::empty();
        ask(&lake.engine, sql).await.expect_err(sql);
    }
}

#[tokio::test]
async fn errors_say_where_and_what_was_meant() {
    check("select nme from spans", expect![[r#"InvalidQuery { message: "there is no column nme", position: Some(Position { line: 1, column: 8 }), hint: Some("did you mean name?") }"#]]).await;
    check("select name\nfrom spans where\n  durration > 5", expect![[r#"InvalidQuery { message: "there is no column durration", position: Some(Position { line: 3, column: 3 }), hint: Some("did you mean duration?") }"#]]).await;
    check("select * from span", expect![[r#"InvalidQuery { message: "there is no table span", position: Some(Position { line: 1, column: 15 }), hint: Some("did you mean spans?") }"#]]).await;
    check("select cuont(*) from spans", expect![[r#"InvalidQuery { message: "Invalid function 'cuont'", position: Some(Position { line: 1, column: 8 }), hint: Some("did you mean cot?") }"#]]).await;
    check("select name from spans wher x", expect![[r#"InvalidQuery { message: "Expected: end of statement, found: x", position: Some(Position { line: 1, column: 29 }), hint: None }"#]]).await;
    check("select 'abc", expect![[r#"InvalidQuery { message: "Unterminated string literal", position: Some(Position { line: 1, column: 8 }), hint: None }"#]]).await;
    check("", expect![[r#"InvalidQuery { message: "the statement is empty", position: None, hint: None }"#]]).await;
    check("select * from spans where trace_id = 'xyz!'", expect![[r#"InvalidQuery { message: "\"xyz!\" is not a trace id: expected up to 32 hex digits or base64 of 16 bytes", position: Some(Position { line: 1, column: 38 }), hint: None }"#]]).await;
    check("select * from spans where trace_id in ('xyz!')", expect![[r#"InvalidQuery { message: "\"xyz!\" is not a trace id: expected up to 32 hex digits or base64 of 16 bytes", position: Some(Position { line: 1, column: 40 }), hint: None }"#]]).await;
    check("select name + 1 from spans group by kind", expect![[r#"InvalidQuery { message: "Cannot coerce arithmetic expression Utf8 + Int64 to valid types", position: Some(Position { line: 1, column: 8 }), hint: None }"#]]).await;
    check(
        "copy (select 1) to '/tmp/x.csv'",
        expect![[
            r#"Unsupported { message: "COPY is not allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW are" }"#
        ]],
    )
    .await;
    check("select 1; select 2", expect![[r#"Unsupported { message: "one statement at a time: there are 2" }"#]]).await;
}

#[tokio::test]
async fn long_and_deep_statements_are_refused() {
    let lake = Lake::empty();
    let long = format!("select '{}'", "x".repeat(300 << 10));
    assert!(matches!(ask(&lake.engine, &long).await, Err(crate::EngineError::Unsupported { .. })));
    let deep = format!("select {}1{}", "(".repeat(5000), ")".repeat(5000));
    ask(&lake.engine, &deep).await.expect_err("too deep");
    let wide = |terms| format!("select count(*) from spans where {}", vec!["name = 'x'"; terms].join(" or "));
    ask(&lake.engine, &wide(900)).await.unwrap();
    assert!(matches!(ask(&lake.engine, &wide(6000)).await, Err(crate::EngineError::Unsupported { .. })));
    let sum = format!("select {} from metrics", vec!["value"; 1900].join("+"));
    ask(&lake.engine, &sum).await.unwrap();
    let list = format!("select count(*) from spans where name in ({})", vec!["'x'"; 20_000].join(", "));
    ask(&lake.engine, &list).await.unwrap();
}
