// Owns where the nodes and edges of the service map lie: layers from callers to what is called, by dagre, the same for
// the same services whatever order they came in. Pure. Never fetches, never paints.
import { Graph, layout as layDagre } from "@dagrejs/dagre";
import type { MapEdge, MapNode } from "../api/types";

export interface PlacedNode {
  node: MapNode;
  /** Centre of the circle. */
  x: number;
  y: number;
  radius: number;
}

export interface PlacedEdge {
  edge: MapEdge;
  /** An SVG path from circle to circle. */
  path: string;
  /** Of the line, in pixels. */
  width: number;
  /** Half way: where its figures are told. */
  x: number;
  y: number;
}

export interface PlacedMap {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
}

const RADII = [13, 17, 21, 26, 31];
const LABEL_PX = 34;
const LABEL_WIDTHS = { least: 112, most: 150, character: 7 };
const SPACE = { betweenNodes: 16, betweenEdges: 6, betweenLayers: 72, margin: 24 };
/** The arrow's point stays this far from the circle. */
const ARROW_GAP_PX = 5;

/** In few steps on a logarithmic scale, so that a little more traffic does not move the whole map. */
export function radiusOf(requests: number, most: number): number {
  if (requests <= 0 || most <= 0) return RADII[0];
  const share = Math.log1p(requests) / Math.log1p(most);
  return RADII[Math.min(Math.floor(share * share * RADII.length), RADII.length - 1)];
}

export function edgeWidth(rate: number, most: number): number {
  if (rate <= 0 || most <= 0) return 1;
  return Math.round((1 + 4.5 * Math.sqrt(rate / most)) * 2) / 2;
}

export function edgeKey({ source, target }: { source: string; target: string }): string {
  return `${source}\u0000${target}`;
}

/** What decides where things lie; while it is the same, so is the layout. */
export function shapeOf(nodes: readonly MapNode[], edges: readonly MapEdge[]): string {
  const most = mostRequests(nodes);
  return [...nodes.map((node) => `${node.id}\u0001${node.name}\u0001${radiusOf(node.requests, most)}`).sort(), ...edges.map(edgeKey).sort()].join("\u0002");
}

const mostRequests = (nodes: readonly MapNode[]): number => nodes.reduce((most, node) => Math.max(most, node.requests), 0);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function layoutMap(givenNodes: readonly MapNode[], givenEdges: readonly MapEdge[]): PlacedMap {
  const nodes = [...new Map(givenNodes.map((node) => [node.id, node])).values()].sort((a, b) => byText(a.id, b.id));
  const known = new Set(nodes.map((node) => node.id));
  const edges = [...new Map(givenEdges.map((edge) => [edgeKey(edge), edge])).values()].filter((edge) => known.has(edge.source) && known.has(edge.target)).sort((a, b) => byText(edgeKey(a), edgeKey(b)));
  const most = mostRequests(nodes);
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", ranker: "tight-tree", nodesep: SPACE.betweenNodes, edgesep: SPACE.betweenEdges, ranksep: SPACE.betweenLayers, marginx: SPACE.margin, marginy: SPACE.margin });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) {
    const radius = radiusOf(node.requests, most);
    const label = Math.min(Math.max(node.name.length * LABEL_WIDTHS.character, LABEL_WIDTHS.least), LABEL_WIDTHS.most);
    graph.setNode(node.id, { width: Math.max(label, 2 * radius), height: 2 * radius + LABEL_PX });
  }
  for (const edge of decidingEdges(edges)) graph.setEdge(edge.source, edge.target);
  if (nodes.length > 0) layDagre(graph);
  const placed = nodes.map((node): PlacedNode => {
    const { x = 0, y = 0 } = graph.node(node.id) as Partial<Point>;
    return { node, x, y: y - LABEL_PX / 2, radius: radiusOf(node.requests, most) };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  if (height > PACKED_OVER_PX) return packed(placed, edges);
  return { nodes: placed, edges: placeEdges(edges, placed, (edge) => (graph.edge(edge.source, edge.target) as { points?: Point[] } | undefined)?.points ?? []), width, height };
}

/** With more calls than this, whoever calls a service most decides where it lies; other calls are straight lines. */
const EDGES_LAID_OUT_MAX = 300;

/** A dense map would be one long chain through every cycle, which takes seconds and which nobody can read. */
function decidingEdges(edges: readonly MapEdge[]): MapEdge[] {
  const others = edges.filter((edge) => edge.source !== edge.target);
  if (others.length <= EDGES_LAID_OUT_MAX) return others;
  const strongest = new Map<string, MapEdge>();
  for (const edge of others) if (edge.requests > (strongest.get(edge.target)?.requests ?? -1)) strongest.set(edge.target, edge);
  return [...strongest.values()];
}

/** A taller map is packed: what it loses are lines that bend round others, what it wins is that it can be read. */
const PACKED_OVER_PX = 1500;
const PACKED = { column: 128, row: 2 * RADII[RADII.length - 1] + LABEL_PX + 8, betweenLayers: 70, aspect: 1.75 };

/** Layers keep their order from left to right and from top to bottom; a large one takes several columns. */
function packed(placed: readonly PlacedNode[], edges: readonly MapEdge[]): PlacedMap {
  const byX = new Map<number, PlacedNode[]>();
  for (const one of placed) byX.set(Math.round(one.x), [...(byX.get(Math.round(one.x)) ?? []), one]);
  const layers = [...byX].sort(([a], [b]) => a - b).map(([, layer]) => layer.sort((a, b) => a.y - b.y));
  const widthFor = (rows: number): number => layers.reduce((sum, layer) => sum + Math.ceil(layer.length / rows) * PACKED.column + PACKED.betweenLayers, 2 * SPACE.margin);
  let rows = 4;
  while (widthFor(rows) > rows * PACKED.row * PACKED.aspect && rows < placed.length) rows++;
  const height = rows * PACKED.row + 2 * SPACE.margin;
  let left = SPACE.margin;
  const nodes = layers.flatMap((layer) => {
    const columns = Math.ceil(layer.length / rows);
    const used = Math.ceil(layer.length / columns);
    const top = (height - used * PACKED.row) / 2;
    const row = layer.map((one, index): PlacedNode => ({
      ...one,
      x: left + ((index % columns) + 0.5) * PACKED.column,
      // Every other column a little lower, so that names beside each other have room.
      y: top + (Math.floor(index / columns) + 0.5) * PACKED.row - LABEL_PX / 2 + (index % columns % 2 === 0 ? 0 : PACKED.row / 4),
    }));
    left += columns * PACKED.column + PACKED.betweenLayers;
    return row;
  });
  nodes.sort((a, b) => byText(a.node.id, b.node.id));
  return { nodes, edges: placeEdges(edges, nodes, () => []), width: left - PACKED.betweenLayers + SPACE.margin, height };
}

interface Point {
  x: number;
  y: number;
}

function placeEdges(edges: readonly MapEdge[], placed: readonly PlacedNode[], pointsOf: (edge: MapEdge) => Point[]): PlacedEdge[] {
  const byId = new Map(placed.map((one) => [one.node.id, one]));
  const most = edges.reduce((rate, edge) => Math.max(rate, edge.rate), 0);
  return edges.flatMap((edge): PlacedEdge[] => {
    const [source, target] = [byId.get(edge.source), byId.get(edge.target)];
    if (!source || !target) return [];
    const width = edgeWidth(edge.rate, most);
    if (source === target) return [{ edge, width, ...loopAt(source) }];
    // The ends that the layout knows lie on boxes with the label in them: the line goes from circle to circle.
    const inner = pointsOf(edge).slice(1, -1);
    const isAhead = target.x > source.x + 1;
    const start = onCircle(source, inner[0] ?? target, source.radius + 1, isAhead ? "right" : null);
    const end = onCircle(target, inner.at(-1) ?? source, target.radius + ARROW_GAP_PX + width, isAhead ? "left" : null);
    const points = [start, ...inner, end];
    const middle = inner.length > 0 ? inner[Math.floor(inner.length / 2)] : { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
    return [{ edge, width, path: smoothPath(points), x: middle.x, y: middle.y }];
  });
}

/** Lines leave and arrive at the sides, never through the name below. */
const STEEPEST = 0.65;

function onCircle(circle: PlacedNode, towards: Point, radius: number, side: "left" | "right" | null): Point {
  const facing = side === "left" ? -1 : 1;
  const angle = Math.atan2(towards.y - circle.y, (towards.x - circle.x) * facing);
  const held = side === null ? angle : Math.min(Math.max(angle, -STEEPEST), STEEPEST);
  return { x: circle.x + Math.cos(held) * radius * facing, y: circle.y + Math.sin(held) * radius };
}

function loopAt({ x, y, radius }: PlacedNode): { path: string; x: number; y: number } {
  const [left, right, top] = [x - radius * 0.6, x + radius * 0.6, y - radius * 0.85];
  return { path: `M${round(left)} ${round(top)} C${round(left - 14)} ${round(top - 30)} ${round(right + 14)} ${round(top - 30)} ${round(right)} ${round(top)}`, x, y: top - 24 };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Through all points, with tangents along the layers, so that lines leave and arrive level. */
export function smoothPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  let path = `M${round(first.x)} ${round(first.y)}`;
  let from = first;
  for (const to of rest) {
    const bend = (to.x - from.x) / 2;
    path += ` C${round(from.x + bend)} ${round(from.y)} ${round(to.x - bend)} ${round(to.y)} ${round(to.x)} ${round(to.y)}`;
    from = to;
  }
  return path;
}

/** The nearest node in a direction, for arrow keys; null where there is none. */
export function nextNode(nodes: readonly PlacedNode[], fromId: string, direction: [x: number, y: number]): PlacedNode | null {
  const from = nodes.find((one) => one.node.id === fromId);
  if (!from) return nodes[0] ?? null;
  let best: PlacedNode | null = null;
  let bestCost = Infinity;
  for (const one of nodes) {
    const [dx, dy] = [one.x - from.x, one.y - from.y];
    const along = dx * direction[0] + dy * direction[1];
    const across = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
    if (along <= 1) continue;
    // What lies aside is further than what lies ahead.
    const cost = along + 2 * across;
    if (cost < bestCost) [best, bestCost] = [one, cost];
  }
  return best;
}
