import { describe, expect, it } from "vitest";
import type { MetricInfo } from "../api/types";
import { metricsOfSpan, stepsRound, valueAt } from "./spanMetrics";

const metric = (name: string, services: string[], type = "gauge"): MetricInfo => ({ name, type, temporality: null, is_monotonic: null, unit: "", description: "", series: 1, services });
const resource = { "service.name": "cart", "service.instance.id": "cart-1", "host.name": "node-3" };

describe("metrics beside a span", () => {
  it("are one of each kind, the nearest first, of the instance that it ran in", () => {
    const known = [metric("system.cpu.utilization", ["otelcol"]), metric("process.cpu.utilization", ["cart", "pay"]), metric("process.memory.usage", ["cart"]), metric("shop.stock", ["cart"])];
    expect(metricsOfSpan(known, resource).map((one) => [one.metric.name, one.matchers[0].label, one.matchers[0].value])).toEqual([
      ["process.cpu.utilization", "service_instance_id", "cart-1"],
      ["process.memory.usage", "service_instance_id", "cart-1"],
    ]);
  });

  it("are of the host where the process says nothing of itself, and none where nothing tells whose they are", () => {
    const known = [metric("process.cpu.utilization", ["pay"]), metric("system.cpu.utilization", ["otelcol"]), metric("container.memory.usage", ["otelcol"])];
    expect(metricsOfSpan(known, resource).map((one) => [one.metric.name, one.matchers[0].label])).toEqual([["system.cpu.utilization", "host_name"]]);
    expect(metricsOfSpan(known, {})).toEqual([]);
  });

  it("are asked for round it, and not past now", () => {
    const hour = 3_600_000;
    const steps = stepsRound(hour, hour + 1000, hour + 60_000);
    expect(steps && [steps.startMs <= hour - 590_000, steps.endMs <= hour + 60_000, steps.endMs > hour]).toEqual([true, true, true]);
    expect([stepsRound(0, 7 * hour, 9 * hour), stepsRound(hour, hour, 0), stepsRound(NaN, NaN, 1)]).toEqual([null, null, null]);
  });

  it("have the value that was known by the end of the span", () => {
    const steps = { startMs: 0, endMs: 40, stepMs: 10 };
    expect([valueAt([1, null, 3, 4, 5], steps, 19), valueAt([null, null, 3, 4, 5], steps, 5), valueAt([], steps, 5), valueAt([1, 2, null, null, null], steps, 400)]).toEqual([1, 3, null, 2]);
  });
});
