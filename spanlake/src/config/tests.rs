//! Every layer, every kind of mistake, and that what is documented is what is.

use std::time::Duration;

use super::*;

fn with_file(text: &str) -> (tempfile::TempDir, Flags) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spanlake.yaml");
    std::fs::write(&path, text).unwrap();
    (dir, Flags { file: Some(path), values: Vec::new() })
}

fn load(text: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Loaded, String> {
    let (dir, mut all) = with_file(text);
    all.values = flags.iter().map(|(key, value)| (*key, vec![(*value).to_owned()])).collect();
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Loaded::from(&all, variables).map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

fn config(text: &str) -> Config {
    load(text, &[], &[]).unwrap().config
}

fn wrong(text: &str) -> String {
    load(text, &[], &[]).unwrap_err()
}

#[test]
fn defaults_need_no_file() {
    let config = Loaded::from(&Flags::default(), []).unwrap().config;
    assert_eq!(config.listen.to_string(), "127.0.0.1:4300");
    assert_eq!(config.hot.memory_bytes_max, 192 << 20);
    assert_eq!(config.hot.seal_interval, Duration::from_secs(30));
    assert_eq!(config.log.durability, Durability::Fsync);
    assert_eq!(config.receiver.cors_allowed_origins, ["http://localhost:*", "http://127.0.0.1:*"]);
    assert_eq!((config.query.threads, config.mysql.len(), config.token_file), (0, 0, None));
}

#[test]
fn the_example_is_valid_and_sets_nothing_but_defaults() {
    let from_example = load(&example(), &[], &[]).unwrap();
    let defaults = Loaded::from(&Flags::default(), []).unwrap();
    assert_eq!(format!("{:?}", from_example.config), format!("{:?}", defaults.config));
    for setting in SETTINGS {
        assert!(matches!(from_example.origin(setting.key), Origin::File { line: 1.., .. }), "{}", setting.key);
    }
}

#[test]
fn flags_win_over_variables_over_the_file() {
    let file = "log: {durability: os}\nquery.timeout: 5s\nhot:\n  seal_interval: 1m\n";
    let variables = [("SPANLAKE_QUERY_TIMEOUT", "6s"), ("SPANLAKE_OTLP_GRPC", "localhost:1"), ("HOME", "/")];
    let loaded = load(file, &variables, &[("otlp_grpc", "127.0.0.1:2")]).unwrap();
    assert_eq!(loaded.config.log.durability, Durability::Os);
    assert_eq!(loaded.config.query.timeout, Duration::from_secs(6));
    assert_eq!(loaded.config.otlp_grpc.to_string(), "127.0.0.1:2");
    assert_eq!(loaded.config.hot.seal_interval, Duration::from_secs(60));
    let effective = loaded.effective();
    let origin = |key: &str| effective.iter().find(|line| line.0 == key).unwrap().2.clone();
    assert!(origin("hot.seal_interval").ends_with("spanlake.yaml, line 4"));
    assert_eq!(
        (origin("query.timeout").as_str(), origin("otlp_grpc").as_str()),
        ("SPANLAKE_QUERY_TIMEOUT", "--otlp-grpc")
    );
    assert_eq!(origin("data_dir"), "default");
}

#[test]
fn the_file_may_be_named_by_a_variable_and_a_flag_wins() {
    let (_dir, flags) = with_file("query: {rows_max: 7}");
    let (_other, named) = with_file("query: {rows_max: 8}");
    let variable = |flags: &Flags| [(OsString::from("SPANLAKE_CONFIG"), flags.file.clone().unwrap().into_os_string())];
    assert_eq!(Loaded::from(&Flags::default(), variable(&named)).unwrap().config.query.rows_max, 8);
    assert_eq!(Loaded::from(&flags, variable(&named)).unwrap().config.query.rows_max, 7);
}

#[test]
fn wrong_files_are_told_with_line_and_hint() {
    for (text, sentence) in [
        (
            "hot:\n  seal_byte: 1MiB\n",
            r#"spanlake.yaml, line 2: unknown setting "hot.seal_byte"; did you mean "hot.seal_bytes"?"#,
        ),
        (
            "seal_bytes: 1MiB\n",
            r#"spanlake.yaml, line 1: unknown setting "seal_bytes"; did you mean "hot.seal_bytes"?"#,
        ),
        ("what: 1\n", r#"spanlake.yaml, line 1: unknown setting "what""#),
        (
            "\n# so\nlisten: here\n",
            r#"spanlake.yaml, line 3: listen: "here" is not an address and a port, such as 127.0.0.1:4300, 0.0.0.0:4300, [::]:4300 or localhost:4300"#,
        ),
        (
            "hot:\n  seal_bytes: 12 parsecs\n",
            r#"spanlake.yaml, line 2: hot.seal_bytes: "12 parsecs" is not a size in bytes, such as 64MiB, 20GB or 4096"#,
        ),
        (
            "query: {timeout: 30}",
            r#"spanlake.yaml, line 1: query.timeout: "30" is not a duration, such as 150ms, 30s, 5m or 1h"#,
        ),
        ("query: {timeout: 2h}", "spanlake.yaml, line 1: query.timeout: 2h is not between 100ms and 1h"),
        ("receiver: 5", "spanlake.yaml, line 1: receiver is a group of settings, not one value"),
        ("listen:\n  port: 5", "spanlake.yaml, line 1: listen: is one value, not a group"),
        ("listen:\n", "spanlake.yaml, line 1: listen: has no value; leave the line out for the default"),
        ("listen: [a]\n", "spanlake.yaml, line 1: listen: is one value, not a list"),
        ("insecure: yes\n", r#"spanlake.yaml, line 1: insecure: "yes" is neither true nor false"#),
        (
            "hot.seal_bytes: 2MiB\nhot: {seal_bytes: 1MiB}",
            "spanlake.yaml, line 2: hot.seal_bytes is set twice, in line 1 before",
        ),
        ("hot: {}\nhot: {}", "spanlake.yaml, line 2: hot stands here a second time"),
        ("- a\n", "spanlake.yaml, line 1: expected settings as `key: value`"),
        ("a: 1\n---\nb: 1\n", "spanlake.yaml, line 3: a second YAML document is not read"),
        ("listen: &a x\notlp_http: *a\n", "spanlake.yaml, line 2: anchors and aliases (&…, *…) are not taken here"),
        (
            "mysql:\n  - url: mysql://h/\n    intervall: 1s\n",
            r#"spanlake.yaml, line 1: mysql: "intervall" is unknown here, expected url, interval, slow_log and error_log (line 2)"#,
        ),
        ("mysql: [{interval: 1s}]", "spanlake.yaml, line 1: mysql: an entry has no url (line 1)"),
        ("mysql: [mysql://h/, 'mysql://u:p@h:3306/']", "spanlake.yaml, line 1: mysql: h:3306 is listed twice"),
        (
            "self_telemetry: {mode: otlp}",
            "spanlake.yaml, line 1: self_telemetry.mode: otlp wants self_telemetry.endpoint, such as http://collector:4318",
        ),
        (
            "self_telemetry: {endpoint: 'https://x'}",
            "spanlake.yaml, line 1: self_telemetry.endpoint: not a URL such as http://collector:4318",
        ),
        ("otlp_http: 127.0.0.1:4317", "spanlake.yaml, line 1: otlp_http: 127.0.0.1:4317 is taken by otlp_grpc already"),
        (
            "hot: {seal_bytes: 1GiB}",
            "spanlake.yaml, line 1: hot.seal_bytes: is more than two thirds of hot.memory_bytes_max, so that nothing would be sealed in time",
        ),
    ] {
        assert_eq!(wrong(text), sentence, "{text}");
    }
    assert!(wrong("a: [").starts_with("spanlake.yaml, line "), "{}", wrong("a: ["));
    assert!(wrong("a: b: c").contains("not valid YAML"));
    assert!(wrong(&("a: ".to_owned() + &"[".repeat(20) + &"]".repeat(20))).contains("so many levels"));
    wrong(&("a: ".to_owned() + &"[".repeat(50_000)));
    wrong(&"a: {".repeat(50_000));
}

#[test]
fn wrong_variables_and_flags_are_told_by_name() {
    let variable = |name, value| load("", &[(name, value)], &[]).unwrap_err();
    assert_eq!(
        variable("SPANLAKE_HOT_SEAL_BYTE", "1"),
        r#"SPANLAKE_HOT_SEAL_BYTE: no such setting; did you mean "SPANLAKE_HOT_SEAL_BYTES"?"#
    );
    assert_eq!(variable("SPANLAKE_QUERY_ROWS_MAX", "x"), r#"SPANLAKE_QUERY_ROWS_MAX: "x" is not a whole number"#);
    assert!(load("", &[], &[("insecure", "maybe")]).unwrap_err().starts_with("--insecure: \"maybe\" is neither"));
    let (_dir, flags) = with_file("");
    let missing = Flags { file: flags.file.map(|path| path.with_extension("none")), ..Flags::default() };
    assert!(
        Loaded::from(&missing, []).unwrap_err().to_string().contains("spanlake.none: cannot be read: No such file")
    );
    for name in ["SPANLAKE_BIN", "SPANLAKE_FAULT_SEEDS", "SPANLAKE_SHARED", "SPANLAKE_CACHE", "SPANLAKE_URL"] {
        load("", &[(name, "whatever")], &[]).unwrap();
    }
}

#[test]
fn others_are_let_in_only_on_purpose() {
    let refused = wrong("listen: 0.0.0.0:4300");
    assert!(refused.contains("can be reached by others: set token_file"), "{refused}");
    assert!(wrong("listen: '[::]:4300'").contains("can be reached by others"));
    assert!(wrong("listen: '[::ffff:10.0.0.1]:4300'").contains("can be reached by others"));
    config("listen: '[::1]:4300'");
    config("listen: 127.9.9.9:4300");
    assert!(config("listen: 0.0.0.0:4300\ninsecure: true").insecure);
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    let listen = format!("listen: 0.0.0.0:4300\ntoken_file: {}\n", token.display());
    assert!(wrong(&listen).contains("line 2: token_file: ") && wrong(&listen).contains("cannot be read"));
    for empty in ["", "\n", "two words", "ü"] {
        std::fs::write(&token, empty).unwrap();
        assert!(load(&listen, &[], &[]).is_err(), "{empty:?}");
    }
    std::fs::write(&token, "s3cret\n").unwrap();
    let config = config(&listen);
    assert_eq!(config.token.as_ref().unwrap().expose(), "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn passwords_are_never_shown() {
    let loaded =
        load("mysql:\n  - url: mysql://mon:s3cret@db:3306/\n    interval: 500ms\n  - mysql://[::1]/\n", &[], &[])
            .unwrap();
    assert_eq!(loaded.config.mysql.len(), 2);
    assert_eq!(loaded.config.mysql[0].interval, Duration::from_millis(500));
    assert!(!format!("{loaded:?} {:?}", loaded.config).contains("s3cret"));
    let lines = loaded.effective();
    assert_eq!(lines.iter().find(|line| line.0 == "mysql").unwrap().1, "mysql://db:3306, mysql://[::1]:3306");
    let list = "mysql://a/, mysql://b/ mysql://c/";
    assert_eq!(load("", &[("SPANLAKE_MYSQL", list)], &[]).unwrap().config.mysql.len(), 3);
    for text in ["mysql: ['mysql://mon:s3cret@db:port/']", "mysql: 'http://mon:s3cret@db/'", "mysql: 's3cret'"] {
        assert!(!wrong(text).contains("s3cret"), "{}", wrong(text));
    }
}

#[test]
fn sizes_and_durations_are_read_as_people_write_them() {
    let size = |text: &str| config(&format!("query.memory_bytes_max: {text}")).query.memory_bytes_max;
    assert_eq!(size("64MiB"), 64 << 20);
    assert_eq!(size("20GB"), 20_000_000_000);
    assert_eq!(size("1.5 GiB"), 3 << 29);
    assert_eq!(size("33554432"), 32 << 20);
    assert_eq!(size("64mib"), 64 << 20);
    let time = |text: &str| config(&format!("query.timeout: {text}")).query.timeout;
    assert_eq!(time("150ms"), Duration::from_millis(150));
    assert_eq!(time("1.5s"), Duration::from_millis(1500));
    assert_eq!(time("5m"), Duration::from_secs(300));
    for text in ["", "MiB", "1..5MiB", "-1MiB", "64M", "1e9", "99999999999999999999", "5.MiB", "1.0000000001GB"] {
        assert!(load(&format!("query.memory_bytes_max: '{text}'"), &[], &[]).is_err(), "{text:?}");
    }
}

#[test]
fn the_table_is_consistent() {
    let mut variables: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    variables.sort_unstable();
    variables.dedup();
    assert_eq!(variables.len(), SETTINGS.len());
    for setting in SETTINGS {
        assert_ne!(forms::describe(setting.form), "text", "{}", setting.key);
        assert!(setting.doc.ends_with('.') && !setting.doc.contains('|'), "{}", setting.key);
    }
}

#[test]
fn the_documentation_is_up_to_date() {
    // Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let path = Path::new(&here).join("../docs/configuration.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/configuration.md is old: spanlake check-config --reference > docs/configuration.md"
    );
}

#[test]
fn services_have_times_of_their_own() {
    let services = |text: &str| {
        let config = config(text);
        config.retention.services.into_iter().map(|(name, age)| (name, age.as_secs() / 3600)).collect::<Vec<_>>()
    };
    let both = vec![("audit log".to_owned(), 9600), ("cart".to_owned(), 12)];
    assert_eq!(services("retention:\n  services:\n    cart: 12h\n    audit log: 400d\n"), both);
    assert_eq!(services("retention.services: audit log=400d, cart=12h"), both);
    assert_eq!(services("retention.services: [cart=12h, audit log=400d]"), both);
    assert_eq!(services("retention: {services: {}}"), []);
    for (text, said) in [
        ("retention:\n  services:\n    cart: soon\n", "cart: \"soon\" is not a duration"),
        ("retention.services: cart=5m", "5m is not between 1h and 100000d"),
        ("retention.services: cart", "\"cart\" is not a service and a duration"),
        ("retention.services: [cart=2h, cart=3h]", "cart stands here twice"),
    ] {
        assert!(wrong(text).contains(said), "{}", wrong(text));
    }
}

#[test]
fn who_may_frame_the_page_is_an_origin_and_nothing_more() {
    assert_eq!(config("frame_ancestors: [https://wiki.example, http://10.0.0.1:8080]").frame_ancestors.len(), 2);
    for other in ["wiki.example", "https://wiki.example/page", "'https://a.example; script-src *'", "https://"] {
        let said = wrong(&format!("frame_ancestors: [{other}]"));
        assert!(said.contains("is no origin such as https://wiki.example"), "{said}");
    }
}
