//! What Prometheus's configuration says, and what is said of what it should not say.

use std::time::Duration;

use super::*;
use crate::scrape::relabel::Action;

fn parse(text: &str) -> Result<ScrapeConfig, YamlError> {
    ScrapeConfig::parse(text, Path::new("/etc/prometheus"))
}

#[test]
fn a_usual_configuration_is_read() {
    let config = parse(
        r#"
global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels: {region: eu}
rule_files: ["alerts.yml"]
scrape_configs:
  - job_name: fastapi
    static_configs: [{targets: ["fastapi:8000"], labels: {team: web}}]
  - job_name: "node"
    scrape_interval: 5s
    scheme: https
    metrics_path: /probe
    params: {module: [http_2xx, x], target: ["a b"]}
    basic_auth: {username: me, password: s3cret}
    tls_config: {insecure_skip_verify: true, server_name: n}
    sample_limit: 1000
    body_size_limit: 10MB
    honor_labels: true
    file_sd_configs: [{files: ["targets/*.json"], refresh_interval: 1m}]
    dns_sd_configs: [{names: [_m._tcp.example], refresh_interval: 10s}, {names: [a.example], type: A, port: 9100}]
    http_sd_configs: [{url: "http://sd/targets", authorization: {credentials: tok3n}}]
    relabel_configs:
      - {source_labels: [__address__, b], separator: "@", target_label: instance, regex: "([^:]+)(:\\d+)?@.*", replacement: "$1"}
      - {action: HashMod, source_labels: [a], modulus: 8, target_label: shard}
    metric_relabel_configs: [{action: labeldrop, regex: "tmp_.*"}]
    enable_http2: false
"#,
    )
    .unwrap();
    assert_eq!(config.jobs().collect::<Vec<_>>(), ["fastapi", "node"]);
    assert_eq!(
        config.ignored(),
        ["global.evaluation_interval", "global.external_labels", "rule_files", "enable_http2"]
    );
    let [fastapi, node] = &config.jobs[..] else { panic!("two jobs") };
    assert_eq!((fastapi.interval, fastapi.timeout), (Duration::from_secs(15), Duration::from_secs(10)));
    assert_eq!((node.interval, node.timeout), (Duration::from_secs(5), Duration::from_secs(5)));
    assert_eq!((node.limits.sample_limit, node.limits.body_size_limit), (1000, 10 << 20));
    assert_eq!((node.relabel[0].separator.as_str(), node.relabel[1].action), ("@", Action::HashMod));
    assert_eq!(node.discovery.len(), 4);
    let Discovery::File { patterns, .. } = &node.discovery[0] else { panic!("{:?}", node.discovery) };
    assert_eq!(patterns, &[PathBuf::from("/etc/prometheus/targets/*.json")]);
    assert!(node.http.tls.insecure_skip_verify && node.honor_labels && !fastapi.honor_labels);
    let printed = format!("{config:?}");
    assert!(!printed.contains("s3cret") && !printed.contains("tok3n"), "{printed}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let job = |settings: &str| format!("scrape_configs:\n  - job_name: x\n    {settings}\n");
    for (text, said) in [
        (
            "scrape_config: []".to_owned(),
            "line 1, column 1: \"scrape_config\" is unknown here, expected one of global, scrape_configs",
        ),
        ("a: [".to_owned(), "not valid YAML"),
        ("scrape_configs: {}".to_owned(), "line 1, column 1: expected a list"),
        ("scrape_configs: [{}]".to_owned(), "line 1, column 18: job_name is missing"),
        (
            "scrape_configs: [{job_name: a}, {job_name: a}]".to_owned(),
            "line 1, column 33: job_name \"a\" is there twice",
        ),
        ("global: {scrape_interval: 15}".to_owned(), "line 1, column 27: \"15\" is not a duration"),
        (job("scrape_timeout: 2m"), "line 3, column 21: scrape_timeout is longer than scrape_interval"),
        (job("scheme: ftp"), "line 3, column 13: \"ftp\" is neither http nor https"),
        (job("metrics_path: metrics"), "a path begins with /"),
        (
            job("kubernetes_sd_configs: []"),
            "line 3, column 5: kubernetes_sd_configs is not done here; there are static_configs",
        ),
        (job("proxy_url: http://p"), "proxy_url is not done here"),
        (job("honour_labels: true"), "\"honour_labels\" is unknown here"),
        (job("honor_labels: yes"), "\"yes\" is neither true nor false"),
        (job("static_configs: [{targets: ['http://a/b']}]"), "is no address; a target is host:port"),
        (job("relabel_configs: [{action: replac}]"), "\"replac\" is no action; there are replace, keep"),
        (job("relabel_configs: [{regex: '('}]"), "line 3, column 31: \"(\" is no regular expression: "),
        (job("relabel_configs: [{action: hashmod, target_label: a}]"), "wants a modulus"),
        (job("relabel_configs: [{action: lowercase}]"), "line 3, column 23: action lowercase wants a target_label"),
        (job("relabel_configs: [{action: labeldrop, target_label: a}]"), "takes only a regex"),
        (job("dns_sd_configs: [{names: [a], type: A}]"), "a port is wanted"),
        (job("dns_sd_configs: [{names: [a], type: MX}]"), "\"MX\" is not looked up here"),
        (job("file_sd_configs: [{files: [a.txt]}]"), "must end in .json, .yml or .yaml"),
        (job("http_sd_configs: [{url: 'http://me:s3cret@h/'}]"), "they belong in basic_auth"),
        (
            job("basic_auth: {username: a}\n    bearer_token: s3cret"),
            "bearer_token stands beside another way to authorize",
        ),
        (job("bearer_token_file: /does/not/exist"), "/does/not/exist cannot be read"),
        (job("authorization: {type: Basic, credentials: s3cret}"), "for Basic there is basic_auth"),
        (job("tls_config: {cert_file: /dev/null}"), "belong together"),
        (job("job_name: y"), "job_name stands here a second time"),
        (job("params: &a {x: [*a]}"), "anchors and aliases"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
