//! Names and attributes of spans, after the current semantic conventions: 7 to 10 a span.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::corpus::shop::{SERVICES, Service};
use crate::corpus::{integer, text};
use crate::random::Random;

const USER_AGENTS: [&str; 5] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15",
    "okhttp/4.12.0",
    "shop-android/7.31.2",
];

pub(super) struct Made {
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) attributes: Vec<KeyValue>,
}

/// What a span of this role says. Unspecified stands for a database client.
pub(super) fn of(service: &Service, role: SpanKind, random: &mut Random) -> Made {
    match role {
        SpanKind::Server if random.chance(600) || service.is_edge => http_server(service, random),
        SpanKind::Server => rpc(service, SpanKind::Server, random),
        SpanKind::Client if random.chance(600) => http_client(random),
        SpanKind::Client => rpc(random.pick(&SERVICES[3..]), SpanKind::Client, random),
        SpanKind::Producer | SpanKind::Consumer => messaging(service, role, random),
        SpanKind::Internal => step(service, random),
        SpanKind::Unspecified => database(service, random),
    }
}

fn method_of(random: &mut Random) -> &'static str {
    random.pick::<&str>(&["GET", "GET", "GET", "POST", "PUT"])
}

fn status_of(random: &mut Random) -> i64 {
    *random.pick(&[200, 200, 200, 200, 200, 201, 204, 304, 404])
}

fn peer(random: &mut Random) -> String {
    format!("10.0.{}.{}", random.below(16), 1 + random.below(250))
}

fn http_server(service: &Service, random: &mut Random) -> Made {
    let method = method_of(random);
    let route = format!("/api/v1/{}s/{{id}}", service.noun);
    let mut attributes = vec![
        text("http.request.method", method),
        integer("http.response.status_code", status_of(random)),
        text("http.route", route.clone()),
        text("url.path", format!("/api/v1/{}s/{}", service.noun, random.hex(12))),
        text("url.scheme", "https"),
        text("server.address", format!("{}.shop.svc", service.name)),
        integer("server.port", 8443),
        text("client.address", peer(random)),
    ];
    if service.is_edge || random.chance(100) {
        attributes.push(text("user_agent.original", *random.pick(&USER_AGENTS)));
        attributes.push(text("session.id", random.hex(24)));
    }
    Made { name: format!("{method} {route}"), kind: SpanKind::Server, attributes }
}

fn http_client(random: &mut Random) -> Made {
    let method = method_of(random);
    let to = random.pick(&SERVICES[3..]);
    let host = format!("{}.shop.svc", to.name);
    let attributes = vec![
        text("http.request.method", method),
        integer("http.response.status_code", status_of(random)),
        text("url.full", format!("https://{host}:8443/api/v1/{}s/{}", to.noun, random.hex(12))),
        text("server.address", host),
        integer("server.port", 8443),
        text("network.peer.address", peer(random)),
        integer("http.request.resend_count", i64::from(random.chance(20))),
    ];
    Made { name: method.to_owned(), kind: SpanKind::Client, attributes }
}

fn rpc(to: &Service, kind: SpanKind, random: &mut Random) -> Made {
    let method = random.pick(&["Get", "List", "Update", "Create", "Watch"]);
    let service_name = format!("shop.{}.v1.{}Service", to.name.replace('-', "_"), to.noun);
    let attributes = vec![
        text("rpc.system", "grpc"),
        text("rpc.service", service_name.clone()),
        text("rpc.method", *method),
        integer("rpc.grpc.status_code", 0),
        text("server.address", format!("{}.shop.svc", to.name)),
        integer("server.port", 9090),
        text("network.peer.address", peer(random)),
        integer("network.peer.port", i64::try_from(30_000 + random.below(30_000)).expect("small")),
    ];
    Made { name: format!("{service_name}/{method}"), kind, attributes }
}

fn messaging(service: &Service, kind: SpanKind, random: &mut Random) -> Made {
    let topic = format!("shop.{}s", service.noun);
    let operation = if kind == SpanKind::Producer { "publish" } else { "process" };
    let attributes = vec![
        text("messaging.system", "kafka"),
        text("messaging.destination.name", topic.clone()),
        text("messaging.operation.name", operation),
        text("messaging.message.id", random.uuid()),
        text("messaging.destination.partition.id", random.below(24).to_string()),
        integer("messaging.kafka.offset", i64::try_from(9_000_000 + random.below(90_000_000)).expect("small")),
        text("messaging.client.id", format!("{}-{}", service.name, random.below(20))),
        integer("messaging.message.body.size", i64::try_from(200 + random.below(4000)).expect("small")),
    ];
    Made { name: format!("{operation} {topic}"), kind, attributes }
}

fn step(service: &Service, random: &mut Random) -> Made {
    let verb = random.pick(&["validate", "render", "price", "reserve", "score", "load"]);
    let function = format!("com.shop.{}.{}Handler.{verb}", service.name.replace('-', ""), service.noun);
    let attributes = vec![
        text("code.function.name", function),
        integer("code.line.number", i64::try_from(10 + random.below(700)).expect("small")),
        text("thread.name", format!("worker-{}", random.below(32))),
        text("user.id", format!("u{}", random.below(400_000))),
        text("session.id", random.hex(24)),
        text("app.tenant", *random.pick(&["eu-retail", "us-retail", "b2b", "marketplace"])),
        integer("app.items", i64::try_from(random.below(40)).expect("small")),
    ];
    Made { name: format!("{verb} {}", service.noun), kind: SpanKind::Internal, attributes }
}

fn database(service: &Service, random: &mut Random) -> Made {
    let table = format!("{}s", service.noun);
    let operation = random.pick(&["SELECT", "SELECT", "SELECT", "INSERT", "UPDATE"]);
    let query = match *operation {
        "SELECT" => format!("SELECT id, state, updated_at FROM {table} WHERE id = $1 AND tenant = $2"),
        "INSERT" => format!("INSERT INTO {table} (id, state, tenant, updated_at) VALUES ($1, $2, $3, now())"),
        _ => format!("UPDATE {table} SET state = $1, updated_at = now() WHERE id = $2"),
    };
    let attributes = vec![
        text("db.system.name", service.database),
        text("db.namespace", "shop"),
        text("db.collection.name", table.clone()),
        text("db.operation.name", *operation),
        text("db.query.text", query),
        text("server.address", format!("{}-{}.db.shop.svc", service.database, random.below(4))),
        integer("server.port", 5432),
    ];
    Made { name: format!("{operation} {table}"), kind: SpanKind::Client, attributes }
}
