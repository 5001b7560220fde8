// Guarantees: every span is in one node, a call between services is counted once for each span that makes it, work inside of a
// service is no call, and what is too much is said.
import { expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { traceGraph } from "./traceGraph";
import { buildTraceTree } from "./traceTree";

const row = (spanId: string, parentSpanId: string | undefined, service: string, name: string, startNs: bigint, durationNs: number, error = false) => ({ spanId, parentSpanId, service, name, startNs, durationNs, error });
const tree = buildTraceTree(skeletonFromRows("t", [
  row("a", undefined, "web", "GET /", 0n, 100), row("b", "a", "web", "call", 10n, 50), row("c", "b", "cart", "get", 20n, 30), row("d", "a", "cart", "get", 70n, 10, true), row("e", "d", "cart", "get", 72n, 4), row("f", "nobody", "late", "x", 0n, 5),
]));

it("sums a trace by service", () => {
  const { nodes, edges, left } = traceGraph(tree, "service");
  expect(nodes.map(({ name, requests, errors, selfNs }) => [name, requests, errors, selfNs])).toEqual([["web", 2, 0, 60], ["cart", 3, 1, 40], ["late", 1, 0, 5]]);
  expect(edges.map(({ source, target, requests, errors, p50, p95 }) => [source, target, requests, errors, p50, p95])).toEqual([["web", "cart", 2, 1, "10", "30"]]);
  expect(left).toBe(0);
});

it("sums a trace by operation, with calls of oneself", () => {
  const { nodes, edges } = traceGraph(tree, "operation");
  expect(nodes.map(({ name, service, requests }) => [name, service, requests])).toEqual([["get", "cart", 3], ["GET /", "web", 1], ["call", "web", 1], ["x", "late", 1]]);
  expect(edges.map(({ source, target, requests }) => [...[source, target].map((id) => id.replace("\u0000", " ")), requests])).toEqual([["web GET /", "web call", 1], ["web call", "cart get", 1], ["web GET /", "cart get", 1], ["cart get", "cart get", 1]]);
});

it("leaves out what takes the least time itself, with its calls", () => {
  const { nodes, edges, left } = traceGraph(tree, "operation", 2);
  expect([nodes.map((one) => one.name), edges.length, left]).toEqual([["get", "GET /"], 2, 2]);
});
