// Guarantees: a metric is found by parts of its name, its initials, its translated name, service, unit or description.
import { expect, it } from "vitest";
import type { MetricInfo } from "../api/types";
import { findMetrics } from "./metricFinder";

const metric = (name: string, more: Partial<MetricInfo> = {}): MetricInfo => ({ name, type: "gauge", temporality: null, is_monotonic: null, unit: "", description: "", series: 1, services: [], ...more });
const all = [metric("http.server.request.duration", { unit: "s", type: "histogram", services: ["cart"] }), metric("jvm.gc.duration", { description: "Garbage collection" }), metric("process.cpu.utilization")];
const found = (typed: string): string[] => findMetrics(all, typed).map((one) => one.name);

it("finds by name, with any separator", () => {
  expect(found("server_request")).toEqual(["http.server.request.duration"]);
  expect(found("duration")).toEqual(["http.server.request.duration", "jvm.gc.duration"]);
  expect(found("http_server_request_duration_seconds")).toEqual(["http.server.request.duration"]);
});

it("finds by initials, description and service", () => {
  expect([found("hsrd"), found("garbage"), found("cart dur"), found("zzz"), found("").length]).toEqual([["http.server.request.duration"], ["jvm.gc.duration"], ["http.server.request.duration"], [], 3]);
});
