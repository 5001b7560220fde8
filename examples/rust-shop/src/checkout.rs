//! The checkout service: prices carts and charges cards.
//!
//! Owns prices, stock and payments. Never starts a trace: it only continues those that arrive with a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value as AttributeValue, global};
use serde_json::{Value, json};
use tracing::{Instrument, Span, error, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

const PRICES: [(&str, f64); 3] = [("tea", 4.20), ("teapot", 38.50), ("samovar", 412.00)];

struct Checkout {
    /// Items left, in the order of `PRICES`; the gauge's callback holds it too.
    stock: Arc<[AtomicI64; 3]>,
    amount: Histogram<f64>,
}

#[derive(Debug)]
struct PaymentDeclined(&'static str);

pub fn routes() -> Router {
    let meter = global::meter("rust-shop");
    let stock = Arc::new([1000, 1000, 1000].map(AtomicI64::new));
    let observed = Arc::clone(&stock);
    meter
        .i64_observable_gauge("shop.stock")
        .with_unit("{item}")
        .with_description("Items left in the warehouse.")
        .with_callback(move |gauge| {
            for ((item, _), left) in PRICES.iter().zip(observed.iter()) {
                gauge.observe(left.load(Ordering::Relaxed), &[KeyValue::new("shop.item", *item)]);
            }
        })
        .build();
    let amount = meter.f64_histogram("shop.payment.amount").with_unit("EUR").with_description("Amounts charged.");
    let checkout = Checkout { stock, amount: amount.build() };
    Router::new()
        .route("/carts/{cart_id}", get(price_cart))
        .route("/payments", post(pay))
        .with_state(Arc::new(checkout))
}

async fn price_cart(Path(cart_id): Path<String>) -> Json<Value> {
    let span = info_span!("price cart", shop.cart.id = cart_id);
    async {
        tokio::time::sleep(Duration::from_millis(3)).await;
        // A cart's number decides what is in it, so that every run sells the same.
        let number: usize = cart_id.trim_start_matches("cart-").parse().unwrap_or_default();
        let cart = &PRICES[..=number % PRICES.len()];
        let items: Vec<&str> = cart.iter().map(|(item, _)| *item).collect();
        let total: f64 = cart.iter().map(|(_, price)| price).sum();
        let names = items.iter().map(|item| StringValue::from(*item)).collect();
        Span::current().set_attribute("shop.cart.items", AttributeValue::Array(Array::String(names)));
        Span::current().set_attribute("shop.cart.total", total);
        info!(name: "shop.cart.priced", { shop.cart.id = cart_id, shop.cart.total = total }, "cart priced");
        Json(json!({ "items": items, "total": total }))
    }
    .instrument(span)
    .await
}

async fn pay(State(checkout): State<Arc<Checkout>>, Json(order): Json<Value>) -> (StatusCode, Json<Value>) {
    let total = order["total"].as_f64().unwrap_or_default();
    let span = info_span!("charge card", shop.payment.amount = total, shop.payment.method = "card");
    match charge_card(&checkout, &order, total).instrument(span).await {
        Ok(()) => (StatusCode::OK, Json(json!({ "charged": total }))),
        Err(PaymentDeclined(why)) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": why }))),
    }
}

async fn charge_card(checkout: &Checkout, order: &Value, total: f64) -> Result<(), PaymentDeclined> {
    let span = Span::current();
    if let Err(declined) = ask_bank(&order["card"]).await {
        record_exception(&span, &declined);
        return Err(declined);
    }
    for ((item, _), left) in PRICES.iter().zip(checkout.stock.iter()) {
        if order["items"].as_array().is_some_and(|items| items.contains(&json!(item))) {
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }
    span.add_event("card charged", vec![KeyValue::new("shop.payment.amount", total)]);
    checkout.amount.record(total, &[KeyValue::new("shop.payment.method", "card")]);
    info!(name: "shop.card.charged", { shop.payment.amount = total }, "card charged");
    Ok(())
}

async fn ask_bank(card: &Value) -> Result<(), PaymentDeclined> {
    tokio::time::sleep(Duration::from_millis(6)).await;
    if card == "expired" { Err(PaymentDeclined("card expired")) } else { Ok(()) }
}

/// An error as the conventions want it: an `exception` event and the span's status, and a log record besides.
fn record_exception(span: &Span, PaymentDeclined(message): &PaymentDeclined) {
    span.add_event(
        "exception",
        vec![KeyValue::new("exception.type", "PaymentDeclined"), KeyValue::new("exception.message", *message)],
    );
    span.set_attribute("error.type", "PaymentDeclined");
    span.set_status(Status::error(*message));
    error!(
        name: "shop.payment.failed",
        { "exception.type" = "PaymentDeclined", exception.message = *message },
        "payment failed"
    );
}
