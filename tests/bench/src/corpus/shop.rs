//! The services, their instances, and the words that spans, points and logs share.

use opentelemetry_proto::tonic::resource::v1::Resource;

use super::text;
use crate::random::Random;

/// Instances of a service.
pub const INSTANCES: usize = 20;

/// One service.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    pub name: &'static str,
    pub language: &'static str,
    /// What it is reached by from outside; others are only called by services.
    pub is_edge: bool,
    pub database: &'static str,
    pub noun: &'static str,
}

const fn service(name: &'static str, language: &'static str, database: &'static str, noun: &'static str) -> Service {
    Service { name, language, is_edge: false, database, noun }
}

const fn edge(name: &'static str, language: &'static str, noun: &'static str) -> Service {
    Service { name, language, is_edge: true, database: "redis", noun }
}

pub const SERVICES: [Service; 16] = [
    edge("frontend", "nodejs", "page"),
    edge("mobile-gateway", "go", "screen"),
    edge("partner-api", "java", "feed"),
    service("cart", "dotnet", "redis", "cart"),
    service("catalog", "go", "postgresql", "product"),
    service("checkout", "go", "postgresql", "order"),
    service("payment", "java", "postgresql", "payment"),
    service("shipping", "rust", "mysql", "shipment"),
    service("currency", "cpp", "redis", "rate"),
    service("email", "ruby", "mongodb", "message"),
    service("recommendation", "python", "mongodb", "recommendation"),
    service("advertisement", "java", "redis", "banner"),
    service("inventory", "java", "mysql", "stock"),
    service("fraud-detection", "python", "postgresql", "assessment"),
    service("accounting", "dotnet", "postgresql", "invoice"),
    service("user-profile", "nodejs", "mysql", "user"),
];

/// The twelve attributes of one instance.
#[must_use]
pub fn resource(service: usize, instance: usize) -> Resource {
    let of = SERVICES[service];
    let mut random = Random::new(u64::try_from(service * INSTANCES + instance).expect("small") ^ 0x5eed_0001);
    let pod = format!("{}-{}-{}", of.name, Random::new(service as u64).hex(10), random.hex(5));
    let attributes = vec![
        text("service.name", of.name),
        text("service.namespace", "shop"),
        text("service.version", format!("2.{}.{}", service, if instance < 3 { 1 } else { 0 })),
        text("service.instance.id", random.uuid()),
        text("deployment.environment.name", "production"),
        text("host.name", format!("ip-10-0-{}-{}.eu-central-1.compute.internal", service % 4, 10 + instance)),
        text("k8s.cluster.name", "shop-eu-1"),
        text("k8s.namespace.name", "shop"),
        text("k8s.deployment.name", of.name),
        text("k8s.pod.name", pod),
        text("telemetry.sdk.language", of.language),
        text("telemetry.sdk.version", "1.38.0"),
    ];
    Resource { attributes, ..Resource::default() }
}

/// Exceptions with the frames of a stack trace.
pub const EXCEPTIONS: [(&str, &str); 4] = [
    (
        "java.sql.SQLTransientConnectionException",
        "HikariPool-1 - Connection is not available, request timed out after 30000ms",
    ),
    ("java.util.concurrent.TimeoutException", "deadline exceeded after 2.499s while awaiting the upstream"),
    ("io.grpc.StatusRuntimeException", "UNAVAILABLE: upstream connect error or disconnect before headers"),
    ("com.shop.checkout.InsufficientStockException", "not enough stock for the requested quantity"),
];

/// A stack trace of 12 to 30 frames.
#[must_use]
pub fn stack_trace(exception: (&str, &str), random: &mut Random) -> String {
    const PACKAGES: [&str; 8] = [
        "com.shop.checkout.service",
        "com.shop.common.retry",
        "org.springframework.web.servlet",
        "org.springframework.aop.framework",
        "io.grpc.internal",
        "com.zaxxer.hikari.pool",
        "java.base/java.util.concurrent",
        "io.opentelemetry.javaagent.instrumentation",
    ];
    const CLASSES: [&str; 6] =
        ["OrderService", "RetryTemplate", "DispatcherServlet", "ClientCallImpl", "HikariPool", "ThreadPoolExecutor"];
    const METHODS: [&str; 6] = ["placeOrder", "execute", "doDispatch", "invoke", "getConnection", "runWorker"];
    let mut trace = format!("{}: {}\n", exception.0, exception.1);
    for _ in 0..12 + random.index(18) {
        let (package, class, method) = (random.pick(&PACKAGES), random.pick(&CLASSES), random.pick(&METHODS));
        trace.push_str(&format!("\tat {package}.{class}.{method}({class}.java:{})\n", 20 + random.below(900)));
    }
    trace
}
