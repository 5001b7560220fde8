// Owns making one span or log in the server's JSON form. Times are BigInt nanoseconds until they are written.
export function makeSpan(random, fields) {
  const start = fields.start;
  const duration = BigInt(Math.round(fields.duration));
  return {
    trace_id: fields.traceId,
    span_id: fields.spanId ?? random.hex(8),
    parent_span_id: fields.parent ?? null,
    trace_state: "",
    flags: 1,
    name: fields.name,
    kind: fields.kind ?? "internal",
    start_time: String(start),
    end_time: String(start + duration),
    duration: String(duration),
    status: { code: fields.error ? "error" : "unset", message: fields.error === true ? "" : (fields.error ?? "") },
    service_name: fields.service,
    attributes: fields.attributes ?? {},
    resource_attributes: resourceOf(fields.service, fields.version),
    scope_name: fields.scope ?? "io.opentelemetry.contrib.shop",
    scope_version: "1.42.0",
    scope_attributes: {},
    events: fields.events ?? [],
    links: fields.links ?? [],
    dropped_attributes_count: fields.dropped ?? 0,
    dropped_events_count: 0,
    dropped_links_count: 0,
    resource_schema_url: "https://opentelemetry.io/schemas/1.37.0",
    scope_schema_url: "",
    received_time: String(start + duration + 220_000_000n),
  };
}

const LANGUAGES = { frontend: "nodejs", cart: "dotnet", checkout: "go", payment: "nodejs", catalog: "go", shipping: "rust", recommend: "python", ads: "java", email: "ruby", currency: "cpp" };

export function resourceOf(service, version = "2.8.1") {
  return {
    "service.name": service,
    "service.namespace": "shop",
    "service.version": version,
    "service.instance.id": `${service}-7c9f6d5b88-x2x${service.length}k`,
    "deployment.environment.name": "production",
    "telemetry.sdk.language": LANGUAGES[service] ?? "go",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.38.0",
    "host.name": "node-3.eu-west.example",
    "k8s.namespace.name": "shop",
    "k8s.pod.name": `${service}-7c9f6d5b88-x2x${service.length}k`,
    "process.pid": 17,
  };
}

export function makeLog(span, atShare, severity, body, attributes = {}) {
  const time = BigInt(span.start_time) + BigInt(Math.round(Number(span.duration) * atShare));
  const text = severity >= 17 ? "ERROR" : severity >= 13 ? "WARN" : severity >= 9 ? "INFO" : "DEBUG";
  return {
    time: String(time), observed_time: String(time), severity_number: severity, severity_text: text, event_name: "", body,
    trace_id: span.trace_id, span_id: span.span_id, flags: 1, service_name: span.service_name, attributes,
    resource_attributes: span.resource_attributes, scope_name: "app", dropped_attributes_count: 0,
  };
}

export function exceptionEvent(span, type, message, stacktrace) {
  return {
    time: String(BigInt(span.start_time) + (BigInt(span.duration) * 9n) / 10n),
    name: "exception",
    attributes: { "exception.type": type, "exception.message": message, "exception.stacktrace": stacktrace, "exception.escaped": false },
    dropped_attributes_count: 0,
  };
}
