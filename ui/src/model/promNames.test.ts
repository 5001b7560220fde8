// Guarantees: names are those that the server lists for the same metrics.
import { expect, it } from "vitest";
import { kindOf, labelName, promName } from "./promNames";

const named = (name: string, type: string, unit: string, isMonotonic: boolean | null = null): string => promName({ name, type, unit, is_monotonic: isMonotonic });

it("names as the server does", () => {
  expect(named("http.server.request.duration", "histogram", "s")).toBe("http_server_request_duration_seconds");
  expect(named("shop.orders", "sum", "{order}", true)).toBe("shop_orders_total");
  expect(named("shop.orders.waiting", "sum", "{order}", false)).toBe("shop_orders_waiting");
  expect(named("shop.payment.amount", "exponential_histogram", "EUR")).toBe("shop_payment_amount_EUR");
  expect(named("spanlake.log.written", "sum", "By", true)).toBe("spanlake_log_written_bytes_total");
  expect(named("process.cpu.utilization", "gauge", "1")).toBe("process_cpu_utilization_ratio");
  expect(named("process.memory.usage", "sum", "By", false)).toBe("process_memory_usage_bytes");
});

it("keeps a unit and a suffix that are there already, and a name from beginning with a digit", () => {
  expect(named("wait.seconds", "gauge", "s")).toBe("wait_seconds");
  expect(named("total.requests", "sum", "1", true)).toBe("requests_total");
  expect(named("disk.speed", "gauge", "By/s")).toBe("disk_speed_bytes_per_second");
  expect(named("2fa", "gauge", "")).toBe("_2fa");
});

it("tells kinds apart", () => {
  expect([kindOf({ type: "exponential_histogram", is_monotonic: null }), kindOf({ type: "sum", is_monotonic: true }), kindOf({ type: "sum", is_monotonic: false }), kindOf({ type: "gauge", is_monotonic: null })]).toEqual(["histogram", "counter", "updown", "gauge"]);
  expect(labelName("http.request.method")).toBe("http_request_method");
});
