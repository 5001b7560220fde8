//! The frontend service and its customers.
//!
//! Owns what happens to an order from the first request to the parcel. Never prices or charges: that is the
//! checkout's, asked over HTTP.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use opentelemetry::metrics::{Counter, UpDownCounter};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{KeyValue, global};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Span, error, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::http::{self, Caller};

/// Each fifth customer's card has expired.
const FAILING_EVERY: u64 = 5;
const PARCELS_AT_ONCE: u64 = 5;

/// Serves that many customers, or customers until Ctrl-C.
pub async fn serve_customers(checkout_port: u16, orders: Option<u64>) -> anyhow::Result<()> {
    let frontend = Arc::new(Frontend::new(checkout_port));
    let routes = Router::new().route("/orders", post(place_order)).with_state(Arc::clone(&frontend));
    let port = http::serve(routes).await?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let result = tokio::select! {
        result = send_orders(&frontend, port, orders) => result,
        _ = interrupted.recv() => Ok(()),
        _ = terminated.recv() => Ok(()),
    };
    frontend.ship_parcels();
    result
}

/// Orders one after the other, from outside: the customers send no trace context.
async fn send_orders(frontend: &Frontend, port: u16, orders: Option<u64>) -> anyhow::Result<()> {
    let customer = Caller::new(port);
    for order_id in 1..=orders.unwrap_or(u64::MAX) {
        let card = if order_id.is_multiple_of(FAILING_EVERY) { "expired" } else { "valid" };
        let order = json!({ "order_id": order_id, "card": card });
        customer.plain_call(Method::POST, "/orders", &order, HeaderMap::new()).await?;
        if order_id.is_multiple_of(PARCELS_AT_ONCE) {
            frontend.ship_parcels();
        }
        if orders.is_none() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Ok(())
}

struct Frontend {
    checkout: Caller,
    /// Span contexts of orders that are paid and not yet shipped.
    waiting: Mutex<Vec<SpanContext>>,
    orders_count: Counter<u64>,
    waiting_count: UpDownCounter<i64>,
}

impl Frontend {
    fn new(checkout_port: u16) -> Self {
        let meter = global::meter("rust-shop");
        let orders_count = meter.u64_counter("shop.orders").with_unit("{order}");
        let waiting_count = meter.i64_up_down_counter("shop.orders.waiting").with_unit("{order}");
        Self {
            checkout: Caller::new(checkout_port),
            waiting: Mutex::default(),
            orders_count: orders_count.with_description("Orders by outcome.").build(),
            waiting_count: waiting_count.with_description("Orders that are paid and not yet shipped.").build(),
        }
    }

    fn send_to_warehouse(&self, order_id: u64) {
        let span = info_span!(
            "send orders",
            otel.kind = "producer",
            messaging.system = "in_memory",
            messaging.destination.name = "orders",
            messaging.operation.name = "send",
            "messaging.operation.type" = "send",
            messaging.message.id = order_id.to_string(),
        );
        let context = span.context().span().span_context().clone();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(context);
        self.waiting_count.add(1, &[]);
    }

    /// One trace of its own for a batch of orders, linked to the trace of each.
    fn ship_parcels(&self) {
        let batch = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let Ok(count @ 1..) = i64::try_from(batch.len()) else {
            return;
        };
        let span = info_span!(
            parent: None,
            "process orders",
            otel.kind = "consumer",
            messaging.system = "in_memory",
            messaging.destination.name = "orders",
            messaging.operation.name = "process",
            "messaging.operation.type" = "process",
            messaging.batch.message_count = count,
        );
        for order in batch {
            span.add_link_with_attributes(order, vec![KeyValue::new("messaging.destination.name", "orders")]);
        }
        let _entered = span.entered();
        self.waiting_count.add(-count, &[]);
        info!(name: "shop.parcels.shipped", { shop.parcel.count = count }, "parcels shipped");
    }
}

async fn place_order(State(frontend): State<Arc<Frontend>>, Json(order): Json<Value>) -> (StatusCode, Json<Value>) {
    let order_id = order["order_id"].as_u64().unwrap_or_default();
    Span::current().set_attribute("shop.order.id", i64::try_from(order_id).unwrap_or_default());
    info!(name: "shop.order.received", { shop.order.id = order_id }, "order received");
    match buy(&frontend.checkout, order_id, &order["card"]).await {
        Ok(cart) => {
            frontend.send_to_warehouse(order_id);
            frontend.orders_count.add(1, &[KeyValue::new("shop.order.outcome", "placed")]);
            let total = cart["total"].as_f64().unwrap_or_default();
            info!(name: "shop.order.placed", { shop.order.id = order_id, shop.cart.total = total }, "order placed");
            (StatusCode::CREATED, Json(json!({ "order_id": order_id, "total": total })))
        }
        Err(why) => {
            frontend.orders_count.add(1, &[KeyValue::new("shop.order.outcome", "failed")]);
            error!(name: "shop.order.failed", { shop.order.id = order_id }, "order failed: {why}");
            (StatusCode::BAD_GATEWAY, Json(json!({ "error": "the payment did not go through" })))
        }
    }
}

/// Asks the checkout for the cart and then for the money.
async fn buy(checkout: &Caller, order_id: u64, card: &Value) -> anyhow::Result<Value> {
    let path = format!("/carts/cart-{order_id}");
    let (_, cart) = checkout.call(Method::GET, "/carts/{cart_id}", &path, &Value::Null).await?;
    let payment = json!({ "items": cart["items"], "total": cart["total"], "card": card });
    let (status, answer) = checkout.call(Method::POST, "/payments", "/payments", &payment).await?;
    anyhow::ensure!(status.is_success(), "{}", answer["error"].as_str().unwrap_or("no reason given"));
    Ok(cart)
}
