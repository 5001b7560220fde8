// Guarantees: every span has the colour of its value, the same value has the same colour in any trace, the often seen have
// colours of their own, red stays with errors, and spans without a value have no value's colour.
import { expect, it } from "vitest";
import { skeletonFromRows } from "./skeleton";
import { colouringOf, readColourField, searchForValue, sharedValue } from "./spanColour";
import { buildTraceTree } from "./traceTree";
import { valueSlots } from "./valueColour";

const row = (spanId: string, parentSpanId: string | undefined, service: string, name: string, kind = "internal", error = false) => ({ spanId, parentSpanId, startNs: 1n, durationNs: 10, service, name, kind, error });
const tree = buildTraceTree(skeletonFromRows("t", [row("a", undefined, "web", "GET /", "server"), row("b", "a", "web", "call", "client"), row("c", "b", "cart", "call", "server", true), row("d", "gone", "cart", "call", "server")]));
const valueAt = (field: string, attributes: ReadonlyMap<string, string> | null = null) => {
  const colouring = colouringOf(tree, field, attributes);
  return ["a", "b", "c", "d"].map((id) => colouring.values[colouring.valueOf[tree.nodeBySpanId.get(id) ?? -1]] ?? null);
};

it("colours by fields that the skeleton has", () => {
  expect(valueAt("service")).toEqual(["web", "web", "cart", "cart"]);
  expect(valueAt("operation")).toEqual(["GET /", "call", "call", "call"]);
  expect(valueAt("kind")).toEqual(["server", "client", "server", "server"]);
  expect(valueAt("status")).toEqual(["other", "other", "error", "other"]);
  const operation = colouringOf(tree, "operation", null);
  expect([operation.values, operation.counts, operation.without]).toEqual([["call", "GET /"], [3, 1], tree.nodeCount - 4]);
});

it("colours by an attribute, and waits for it", () => {
  const region = new Map([["a", "eu"], ["c", "us"], ["nobody", "eu"]]);
  expect(valueAt("cloud.region", region)).toEqual(["eu", null, "us", null]);
  const waiting = colouringOf(tree, "cloud.region", null);
  expect([waiting.values, waiting.without, waiting.tokens]).toEqual([[], tree.nodeCount, ["--line-strong"]]);
});

it("keeps red for errors, and colours for values", () => {
  const status = colouringOf(tree, "status", null);
  expect(status.values.map((value, place) => [value, status.tokens[place]])).toEqual([["other", "--service-10"], ["error", "--error"]]);
  const one = valueSlots("region", ["eu", "us", "ap"]);
  expect(new Set(one).size).toBe(3);
  expect(valueSlots("region", ["ap", "eu"])).toEqual([one[2], one[0]]);
  const many = valueSlots("pod", Array.from({ length: 40 }, (_, index) => `pod-${index}`));
  expect(new Set(many.slice(0, 14)).size).toBe(14);
  expect(many.every((slot) => slot >= 0 && slot < 14)).toBe(true);
});

it("draws several as one where they agree", () => {
  const kinds = colouringOf(tree, "kind", null);
  const [a, b, c] = ["a", "b", "c"].map((id) => tree.nodeBySpanId.get(id) ?? -1);
  expect([sharedValue(kinds, [a, c]), sharedValue(kinds, [a, b])]).toEqual([kinds.valueOf[a], kinds.values.length]);
});

it("reads the address and writes searches", () => {
  expect([readColourField(null), readColourField(" "), readColourField("http.route")]).toEqual(["service", "service", "http.route"]);
  expect([searchForValue("operation", "GET /"), searchForValue("kind", "server"), searchForValue("status", "error"), searchForValue("http.route", "/cart"), searchForValue("service", "a b")]).toEqual(['name=="GET /"', "kind=server", "status=error", "http.route==/cart", 'service=="a b"']);
});
