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
    check("select nme from spans", expect![[""]]).await;
    check("select name\nfrom spans where\n  durration > 5", expect![[""]]).await;
    check("select * from span", expect![[""]]).await;
    check("select cuont(*) from spans", expect![[""]]).await;
    check("select name from spans wher x", expect![[""]]).await;
    check("select 'abc", expect![[""]]).await;
    check("", expect![[""]]).await;
    check("select * from spans where trace_id = 'xyz!'", expect![[""]]).await;
    check("select * from spans where trace_id in ('xyz!')", expect![[""]]).await;
    check("select name + 1 from spans group by kind", expect![[""]]).await;
    check("copy (select 1) to '/tmp/x.csv'", expect![[""]]).await;
    check("select 1; select 2", expect![[""]]).await;
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
