// Guarantees: neighbours come by traffic, filters quote whatever a service is called, and the table's order is total.
import { expect, it } from "vitest";
import type { MapEdge, MapNode } from "../api/types";
import { aroundService, neighboursOf, nextMapSort, readMapSort, sortMapRows, tracesOfCall, tracesOfNode } from "./serviceGraph";

const node = (name: string, kind: MapNode["kind"] = "service"): MapNode => ({ id: name, name, kind, requests: 1, errors: 0, p50: "1", p95: "2", rate: 1 });
const edge = (source: string, target: string, requests: number): MapEdge => ({ source, target, kind: "call", requests, errors: 0, p50: "1", p95: "2", rate: 1 });

it("finds callers and callees, the busiest first, never oneself", () => {
  const { callers, callees } = neighboursOf("b", [node("a"), node("b")], [edge("a", "b", 1), edge("b", "b", 9), edge("b", "c", 2), edge("b", "d", 5)]);
  expect(callers.map((one) => one.id)).toEqual(["a"]);
  expect(callees.map((one) => [one.id, one.node?.name])).toEqual([["d", undefined], ["c", undefined]]);
});

it("keeps what lies round one service, with the calls among them", () => {
  const all = ["a", "b", "c", "d", "e"].map((name) => node(name));
  const { nodes, edges } = aroundService("b", all, [edge("a", "b", 1), edge("b", "c", 1), edge("a", "c", 1), edge("c", "d", 1), edge("d", "e", 1)]);
  expect(nodes.map((one) => one.name)).toEqual(["a", "b", "c"]);
  expect(edges.map((one) => one.source + one.target)).toEqual(["ab", "bc", "ac"]);
  expect(aroundService("x", all, []).nodes).toEqual([]);
});

it("leads to traces of what it names", () => {
  expect(tracesOfNode(node('say "hi"'))).toEqual({ service: 'say "hi"' });
  expect(tracesOfNode(node("redis", "database")).filter).toMatch(/^span\.db\.system\.name = "redis" or /);
  expect(tracesOfCall(node('"a"'), node("b")).filter).toBe('{ resource.service.name = "\\"a\\"" } > { resource.service.name = "b" }');
  expect(tracesOfCall(node("a"), node("api.example", "external")).filter).toMatch(/^resource\.service\.name = "a" and \(span\.server\.address = "api\.example" or .*\)$/);
});

it("sorts rows by any column, equal ones by name", () => {
  const rows = [{ ...node("b"), key: "b", errors: 1 }, { ...node("c"), key: "c", requests: 5 }, { ...node("a"), key: "a", p95: "9" }];
  const order = (text: string | null): string => sortMapRows(rows, readMapSort(text)).map((row) => row.name).join("");
  expect([order(null), order("name"), order("-name"), order("-errors"), order("-p95"), order("kind"), order("nonsense")]).toEqual(["cab", "abc", "cba", "bac", "abc", "abc", "cab"]);
  expect([nextMapSort(readMapSort(null), "name"), nextMapSort(readMapSort(null), "requests"), nextMapSort(readMapSort("name"), "requests")]).toEqual(["name", "requests", null]);
});
