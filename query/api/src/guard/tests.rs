//! Hosts, origins and tokens, as they come.

use http::Request;

use super::*;

fn config(change: impl FnOnce(&mut ApiConfig)) -> ApiConfig {
    let mut config = ApiConfig::at("127.0.0.1:4300".parse().unwrap());
    change(&mut config);
    config
}

fn refusal(config: &ApiConfig, path: &str, headers: &[(&str, &str)]) -> Option<Refusal> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    check(config, request.uri(), request.headers()).err().map(|(refusal, _)| refusal)
}

#[test]
fn hosts_are_loopback_the_listen_address_or_allowed() {
    let own = config(|config| config.allowed_hosts = vec!["lake.example".into(), "b.example:8443".into()]);
    for host in [
        "localhost",
        "LOCALHOST:4300",
        "127.0.0.1:9",
        "127.0.0.1",
        "[::1]:4300",
        "[::1]",
        "lake.example",
        "Lake.example:80",
        "b.example:8443",
    ] {
        assert_eq!(refusal(&own, "/", &[("host", host)]), None, "{host}");
    }
    for host in [
        "",
        "evil.example",
        "evil.example:4300",
        "localhost.evil.example",
        "192.168.1.5",
        "b.example",
        "127.0.0.1.evil.example",
        "0.0.0.0:4300",
        "[::2]",
        "localhost:4300@evil.example",
    ] {
        assert_eq!(refusal(&own, "/", &[("host", host)]), Some(Refusal::Host), "{host}");
    }
    assert_eq!(refusal(&own, "/", &[]), Some(Refusal::Host));
    let lan = config(|config| config.listen = "192.168.1.5:4300".parse().unwrap());
    assert_eq!(refusal(&lan, "/", &[("host", "192.168.1.5:4300")]), None);
    assert_eq!(refusal(&lan, "/", &[("host", "192.168.1.6:4300")]), Some(Refusal::Host));
    let everywhere = config(|config| config.listen = "0.0.0.0:4300".parse().unwrap());
    assert_eq!(refusal(&everywhere, "/", &[("host", "10.1.2.3:4300")]), None);
    assert_eq!(refusal(&everywhere, "/", &[("host", "lake.example:4300")]), Some(Refusal::Host));
    assert_eq!(
        refusal(&own, "http://evil.example/", &[("host", "localhost")]),
        Some(Refusal::Host),
        "of the request line"
    );
}

#[test]
fn origins_are_the_host_or_allowed() {
    let own = config(|config| config.allowed_hosts = vec!["lake.example".into()]);
    let host = ("host", "localhost:4300");
    for origin in ["http://localhost:4300", "https://localhost:4300", "https://lake.example"] {
        assert_eq!(refusal(&own, "/api/sql", &[host, ("origin", origin)]), None, "{origin}");
    }
    for origin in [
        "null",
        "http://localhost",
        "http://localhost:4301",
        "http://evil.example",
        "http://localhost:4300.evil.example",
        "file://",
        "",
    ] {
        assert_eq!(refusal(&own, "/api/sql", &[host, ("origin", origin)]), Some(Refusal::Origin), "{origin}");
    }
}

#[test]
fn other_sites_may_link_to_the_page_but_not_ask() {
    let own = config(|_| {});
    let host = ("host", "localhost:4300");
    for site in ["cross-site", "same-site"] {
        assert_eq!(refusal(&own, "/trace/1", &[host, ("sec-fetch-site", site)]), None);
        assert_eq!(
            refusal(&own, "/api/sql?query=select%201", &[host, ("sec-fetch-site", site)]),
            Some(Refusal::Origin)
        );
    }
    for site in ["same-origin", "none"] {
        assert_eq!(refusal(&own, "/api/status", &[host, ("sec-fetch-site", site)]), None);
    }
}

#[test]
fn tokens_guard_data_only() {
    let own = config(|config| config.token = Some("secret".into()));
    let host = ("host", "localhost");
    for path in ["/api", "/api/sql", "/metrics"] {
        assert_eq!(refusal(&own, path, &[host]), Some(Refusal::Token), "{path}");
        assert_eq!(refusal(&own, path, &[host, ("authorization", "Bearer secret")]), None, "{path}");
        for wrong in ["secret", "Basic secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secrett", "Bearer Secret"]
        {
            assert_eq!(refusal(&own, path, &[host, ("authorization", wrong)]), Some(Refusal::Token), "{wrong}");
        }
    }
    for path in ["/", "/healthz", "/readyz", "/assets/x.js", "/apiary"] {
        assert_eq!(refusal(&own, path, &[host]), None, "{path}");
    }
}
