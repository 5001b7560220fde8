// Owns one trace as a graph: its services, or its operations, and who calls whom in it, with how often, how long and how many
// failed. Pure; never lays out and never draws.
import type { MapEdge, MapNode } from "../api/types";
import { selfTimeOf } from "./selfTime";
import { isMissing, type TraceTree } from "./traceTree";

export type GraphBy = "service" | "operation";

export interface TraceGraphNode extends MapNode {
  service: string;
  /** Sum of what is left of each span without the time in which its children ran. */
  selfNs: number;
}

export interface TraceGraph {
  nodes: TraceGraphNode[];
  edges: MapEdge[];
  /** Nodes that are left out because nobody could tell so many apart: those with the least self time. */
  left: number;
}

/** A larger drawing has names that cannot be read. */
const NODES_MOST = 120;

export function traceGraph(tree: TraceTree, by: GraphBy, nodesMost = NODES_MOST): TraceGraph {
  const { spans } = tree;
  const keyOf = (node: number): string => (by === "service" ? spans.services[spans.serviceOf[node]] : `${spans.services[spans.serviceOf[node]]}\u0000${spans.names[node]}`);
  const nodes = new Map<string, Sum>();
  const edges = new Map<string, Sum & { source: string; target: string }>();
  for (let position = 0; position < tree.nodeCount; position++) {
    const node = tree.order[position];
    if (isMissing(tree, node)) continue;
    const key = keyOf(node);
    add(sumOf(nodes, key, () => ({ ...emptySum(), node })), tree, node);
    const parent = tree.parentOf[node];
    if (parent === -1 || isMissing(tree, parent)) continue;
    const caller = keyOf(parent);
    // Work inside of a service is no call; an operation that calls itself is one.
    if (caller === key && by === "service") continue;
    add(sumOf(edges, `${caller}\u0001${key}`, () => ({ ...emptySum(), node, source: caller, target: key })), tree, node);
  }
  const ordered = [...nodes].sort(([a, one], [b, other]) => other.selfNs - one.selfNs || (a < b ? -1 : 1));
  const kept = new Set(ordered.slice(0, nodesMost).map(([key]) => key));
  return {
    nodes: ordered.slice(0, nodesMost).map(([key, sum]) => {
      const service = spans.services[spans.serviceOf[sum.node]];
      return { id: key, name: by === "service" ? service : spans.names[sum.node], kind: "service", service, selfNs: sum.selfNs, ...figuresOf(sum) };
    }),
    edges: [...edges.values()].filter(({ source, target }) => kept.has(source) && kept.has(target)).map((sum) => ({ source: sum.source, target: sum.target, kind: "call", ...figuresOf(sum) })),
    left: Math.max(ordered.length - nodesMost, 0),
  };
}

interface Sum {
  durations: number[];
  errors: number;
  selfNs: number;
  /** One of those that are summed up. */
  node: number;
}

const emptySum = (): Omit<Sum, "node"> => ({ durations: [], errors: 0, selfNs: 0 });

function sumOf<T extends Sum>(sums: Map<string, T>, key: string, make: () => T): T {
  const known = sums.get(key);
  if (known) return known;
  const made = make();
  sums.set(key, made);
  return made;
}

function add(sum: Sum, tree: TraceTree, node: number): void {
  sum.durations.push(Math.max(tree.spans.durations[node], 0));
  sum.errors += tree.spans.errors[node];
  sum.selfNs += selfTimeOf(tree, node);
}

/** In the form of the service map; the rate is how often, for the widths of lines. */
function figuresOf({ durations, errors }: Sum) {
  const sorted = Float64Array.from(durations).sort();
  const at = (q: number): string => String(Math.round(sorted[Math.min(Math.ceil(q * sorted.length), sorted.length) - 1] ?? 0));
  return { requests: durations.length, errors, p50: at(0.5), p95: at(0.95), rate: durations.length };
}
