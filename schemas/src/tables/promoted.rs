//! The attributes that have a typed column of their own, because searches ask for them most.
//!
//! A promoted key whose value has the column's type is kept in the column only; a value of another type
//! stays in the map. The engine shows both as `attributes['key']`.

use arrow::datatypes::{DataType, Field};

/// The type of a promoted column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromotedType {
    Text,
    Integer,
}

/// One promoted attribute.
#[derive(Clone, Copy, Debug)]
pub struct PromotedAttribute {
    /// The key as OpenTelemetry's semantic conventions write it.
    pub key: &'static str,
    /// The column: the key with underscores.
    pub column: &'static str,
    pub value_type: PromotedType,
}

impl PromotedAttribute {
    /// The physical column: nullable, text or 64-bit integer.
    #[must_use]
    pub fn field(&self) -> Field {
        let data_type = match self.value_type {
            PromotedType::Text => DataType::Utf8,
            PromotedType::Integer => DataType::Int64,
        };
        Field::new(self.column, data_type, true)
    }
}

const fn text(key: &'static str, column: &'static str) -> PromotedAttribute {
    PromotedAttribute { key, column, value_type: PromotedType::Text }
}

const fn integer(key: &'static str, column: &'static str) -> PromotedAttribute {
    PromotedAttribute { key, column, value_type: PromotedType::Integer }
}

/// Of a span. Current semantic conventions first, then the older names that SDKs still send.
pub const SPAN: &[PromotedAttribute] = &[
    text("http.request.method", "http_request_method"),
    integer("http.response.status_code", "http_response_status_code"),
    text("http.route", "http_route"),
    text("url.path", "url_path"),
    text("url.full", "url_full"),
    text("url.scheme", "url_scheme"),
    text("server.address", "server_address"),
    integer("server.port", "server_port"),
    text("client.address", "client_address"),
    text("network.peer.address", "network_peer_address"),
    integer("network.peer.port", "network_peer_port"),
    text("user_agent.original", "user_agent_original"),
    text("rpc.system", "rpc_system"),
    text("rpc.service", "rpc_service"),
    text("rpc.method", "rpc_method"),
    integer("rpc.grpc.status_code", "rpc_grpc_status_code"),
    text("db.system.name", "db_system_name"),
    text("db.namespace", "db_namespace"),
    text("db.collection.name", "db_collection_name"),
    text("db.operation.name", "db_operation_name"),
    text("db.query.text", "db_query_text"),
    text("messaging.system", "messaging_system"),
    text("messaging.destination.name", "messaging_destination_name"),
    text("messaging.operation.name", "messaging_operation_name"),
    text("error.type", "error_type"),
    text("exception.type", "exception_type"),
    text("code.function.name", "code_function_name"),
    text("thread.name", "thread_name"),
    text("user.id", "user_id"),
    text("session.id", "session_id"),
    text("gen_ai.provider.name", "gen_ai_provider_name"),
    text("gen_ai.request.model", "gen_ai_request_model"),
    integer("gen_ai.usage.input_tokens", "gen_ai_usage_input_tokens"),
    integer("gen_ai.usage.output_tokens", "gen_ai_usage_output_tokens"),
    text("http.method", "http_method"),
    integer("http.status_code", "http_status_code"),
    text("http.url", "http_url"),
    text("http.target", "http_target"),
    text("db.system", "db_system"),
    text("db.name", "db_name"),
    text("db.operation", "db_operation"),
    text("db.statement", "db_statement"),
    text("peer.service", "peer_service"),
];

/// Of a log record.
pub const LOG: &[PromotedAttribute] = &[
    text("exception.type", "exception_type"),
    text("exception.message", "exception_message"),
    text("error.type", "error_type"),
    text("http.request.method", "http_request_method"),
    integer("http.response.status_code", "http_response_status_code"),
    text("url.path", "url_path"),
    text("code.function.name", "code_function_name"),
    text("thread.name", "thread_name"),
    text("user.id", "user_id"),
    text("session.id", "session_id"),
];

/// Of a resource. These stay in `resources.attributes`; the engine shows them as columns beside every row.
pub const RESOURCE: &[PromotedAttribute] = &[
    text("service.namespace", "service_namespace"),
    text("service.version", "service_version"),
    text("service.instance.id", "service_instance_id"),
    text("deployment.environment.name", "deployment_environment_name"),
    text("host.name", "host_name"),
    text("k8s.cluster.name", "k8s_cluster_name"),
    text("k8s.namespace.name", "k8s_namespace_name"),
    text("k8s.deployment.name", "k8s_deployment_name"),
    text("k8s.pod.name", "k8s_pod_name"),
    text("k8s.node.name", "k8s_node_name"),
    text("telemetry.sdk.language", "telemetry_sdk_language"),
];
