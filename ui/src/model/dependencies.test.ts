// Guarantees: a service's neighbours are the same from the map as from SQL, with what each of them knows.
import { expect, it } from "vitest";
import type { ServiceMapAnswer } from "../api/types";
import { dependenciesFromCalls, dependenciesFromMap } from "./dependencies";

const figures = { requests: 4, errors: 1, p50: "10", p95: "20", rate: 0.5 };
const answer: ServiceMapAnswer = {
  nodes: [{ id: "cart", name: "cart", kind: "service", ...figures }, { id: "db:redis", name: "redis", kind: "database", ...figures }, { id: "frontend", name: "frontend", kind: "service", ...figures }],
  edges: [{ source: "frontend", target: "cart", kind: "call", ...figures }, { source: "cart", target: "db:redis", kind: "database", ...figures, requests: 0 }],
  start: "0", end: "1", stats: { elapsed_ms: 1, files_read: 0, files_total: 0, exact: true },
};

it("takes them from the map", () => {
  const { callers, callees } = dependenciesFromMap("cart", answer);
  expect(callers).toEqual([{ id: "frontend", name: "frontend", kind: "service", requests: 4, errors: 1, rate: 0.5, p50: 10, p95: 20, traces: { filter: '{ resource.service.name = "frontend" } > { resource.service.name = "cart" }' } }]);
  expect(callees.map((one) => [one.name, one.kind, one.p95, one.traces !== null])).toEqual([["redis", "database", null, true]]);
  expect(dependenciesFromMap("nobody", answer)).toEqual({ callers: [], callees: [] });
});

it("takes them from SQL", () => {
  expect(dependenciesFromCalls({ callers: [{ peer: "a", calls: 2, errors: 0, p95: null }], callees: [] }).callers).toEqual([{ id: "a", name: "a", kind: "service", requests: 2, errors: 0, rate: null, p50: null, p95: null, traces: null }]);
});
