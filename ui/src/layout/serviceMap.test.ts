// Guarantees: callers lie left of what they call, nothing overlaps, the same services give the same map, odd answers
// draw what can be drawn, and 200 services are placed in a time that nobody minds.
import { expect, it } from "vitest";
import type { MapEdge, MapNode } from "../api/types";
import { firstView, fitView, readView, withInView, writeView, zoomAt } from "./mapView";
import { edgeWidth, layoutMap, nextNode, radiusOf, shapeOf } from "./serviceMap";

const figures = { requests: 10, errors: 0, p50: "1", p95: "2", rate: 1 };
const node = (id: string, requests = 10): MapNode => ({ id, name: id, kind: "service", ...figures, requests });
const edge = (source: string, target: string, rate = 1): MapEdge => ({ source, target, kind: "call", ...figures, rate });
const shop = [node("frontend", 1000), node("cart"), node("redis"), node("email", 0)];
const calls = [edge("frontend", "cart", 4), edge("cart", "redis"), edge("frontend", "email")];

it("puts callers left of what they call, and nothing on anything else", () => {
  const { nodes, width, height } = layoutMap(shop, calls);
  const x = Object.fromEntries(nodes.map((one) => [one.node.id, one.x]));
  expect(x.frontend < x.cart && x.cart < x.redis && x.frontend < x.email).toBe(true);
  for (const a of nodes) {
    expect(a.x - a.radius >= 0 && a.x + a.radius <= width && a.y - a.radius >= 0 && a.y + a.radius <= height).toBe(true);
    for (const b of nodes) if (a !== b) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.radius + b.radius);
  }
});

it("is the same whatever the order, and while traffic changes a little", () => {
  const there = layoutMap(shop, calls);
  expect(layoutMap([...shop].reverse(), [...calls].reverse())).toEqual(there);
  expect(shapeOf(shop.map((one) => ({ ...one, requests: Math.round(one.requests * 1.02) })), calls)).toBe(shapeOf([...shop].reverse(), [...calls].reverse()));
  expect(shapeOf(shop, calls)).not.toBe(shapeOf(shop, calls.slice(1)));
});

it("draws cycles, calls of oneself, and leaves out what leads nowhere", () => {
  const { edges, nodes } = layoutMap([node("a"), node("b"), node("a")], [edge("a", "b"), edge("b", "a"), edge("a", "a"), edge("a", "gone"), edge("a", "b")]);
  expect(nodes.length).toBe(2);
  expect(edges.map((one) => `${one.edge.source}${one.edge.target}`)).toEqual(["aa", "ab", "ba"]);
  for (const one of edges) expect(one.path).toMatch(/^M-?[\d.]+ -?[\d.]+( C(-?[\d.]+ ){5}-?[\d.]+)+$/);
  expect(layoutMap([], []).nodes).toEqual([]);
});

it("grows with traffic in steps", () => {
  expect([radiusOf(0, 0), radiusOf(0, 10), radiusOf(10, 10)]).toEqual([13, 13, 31]);
  expect(radiusOf(10, 1e6)).toBeLessThan(radiusOf(1e5, 1e6));
  expect([edgeWidth(0, 5), edgeWidth(5, 5)]).toEqual([1, 5.5]);
});

it("places 200 services", { timeout: 60_000 }, () => {
  const nodes = Array.from({ length: 200 }, (_, index) => node(`service-${index}`, index + 1));
  const edges = nodes.flatMap((_, index) => [1, 27, 40].map((step) => edge(`service-${index}`, `service-${(index * 2 + step) % 200}`)));
  const map = layoutMap(nodes, edges);
  expect(map.nodes.length).toBe(200);
  // Packed: it can be read on a screen, and still nothing lies on anything else.
  expect(map.height).toBeLessThan(2500);
  for (const a of map.nodes) for (const b of map.nodes) if (a !== b) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.radius + b.radius);
});

it("finds the next node in a direction", () => {
  const { nodes } = layoutMap(shop, calls);
  expect(nextNode(nodes, "frontend", [1, 0])?.node.id).toMatch(/cart|email/);
  expect(nextNode(nodes, "redis", [1, 0])).toBeNull();
  expect(nextNode(nodes, "nobody", [1, 0])).not.toBeNull();
});

it("fits, zooms at a point, brings into view, and goes to the address", () => {
  const view = fitView({ width: 1000, height: 500 }, { width: 500, height: 500 });
  expect(view).toEqual({ x: 0, y: 125, scale: 0.5 });
  expect(firstView({ width: 1000, height: 500 }, { width: 500, height: 500 })).toEqual(view);
  expect(firstView({ width: 5000, height: 500 }, { width: 500, height: 500 })).toEqual({ x: 0, y: 155, scale: 0.38 });
  const zoomed = zoomAt(view, 2, { x: 100, y: 200 });
  expect([(100 - zoomed.x) / zoomed.scale, (200 - zoomed.y) / zoomed.scale]).toEqual([(100 - view.x) / view.scale, (200 - view.y) / view.scale]);
  expect(withInView(view, { x: 990, y: 250 }, { width: 500, height: 500 }).x).toBe(-55);
  expect(readView(writeView({ x: -12.4, y: 7, scale: 0.5 }))).toEqual({ x: -12, y: 7, scale: 0.5 });
  expect([readView(null), readView("1,2"), readView("1,2,0"), readView("a,b,c")]).toEqual([null, null, null, null]);
});
