// Owns laying two traces on each other: calls with the same path of services and operations are one row, with how often
// it happened, how long it took and how often it failed on either side. Never recurses and never draws.
import { selfTimes } from "./spanRows";
import { isMissing, type TraceTree } from "./traceTree";

export interface CompareSide {
  count: number;
  /** Sum of the durations. */
  totalNs: number;
  selfNs: number;
  errors: number;
  /** Since the trace's own beginning. */
  startNs: number;
  endNs: number;
  /** The longest of its spans, to go to; -1 where there is none. */
  node: number;
}

export interface CompareRow {
  depth: number;
  service: string;
  name: string;
  a: CompareSide;
  b: CompareSide;
}

export type CompareVerdict = "onlyA" | "onlyB" | "slower" | "faster" | "same";

const NOTHING: CompareSide = { count: 0, totalNs: 0, selfNs: 0, errors: 0, startNs: 0, endNs: 0, node: -1 };

interface Pair {
  nodesA: number[];
  nodesB: number[];
}

interface Side {
  tree: TraceTree;
  self: Float64Array;
}

/** From top to bottom, siblings in order of when they first began on either side. */
export function compareTraces(treeA: TraceTree, treeB: TraceTree): CompareRow[] {
  const [a, b]: Side[] = [treeA, treeB].map((tree) => ({ tree, self: selfTimes(tree) }));
  const rows: CompareRow[] = [];
  const stack: (Pair & { key: string; depth: number })[] = [];
  const push = (groups: Map<string, Pair>, depth: number): void => {
    const first = ({ nodesA, nodesB }: Pair): number => Math.min(nodesA.length ? treeA.startOf[nodesA[0]] : Infinity, nodesB.length ? treeB.startOf[nodesB[0]] : Infinity);
    const ordered = [...groups].sort(([, left], [, right]) => first(right) - first(left));
    for (const [key, pair] of ordered) stack.push({ ...pair, key, depth });
  };
  push(grouped(a, rootsOf(treeA), b, rootsOf(treeB)), 0);
  for (let pair = stack.pop(); pair; pair = stack.pop()) {
    const [service, name] = pair.key.split("\u0000");
    rows.push({ depth: pair.depth, service, name, a: sideOf(a, pair.nodesA), b: sideOf(b, pair.nodesB) });
    push(grouped(a, childrenOf(treeA, pair.nodesA), b, childrenOf(treeB, pair.nodesB)), pair.depth + 1);
  }
  return rows;
}

function rootsOf(tree: TraceTree): number[] {
  return [...tree.order].filter((node) => tree.parentOf[node] === -1);
}

/** Children follow their parent in `order`, each with its whole subtree. */
function childrenOf(tree: TraceTree, nodes: readonly number[]): number[] {
  const children: number[] = [];
  for (const node of nodes) {
    const last = tree.positionOf[node] + tree.descendantsOf[node];
    for (let position = tree.positionOf[node] + 1; position <= last; position += tree.descendantsOf[tree.order[position]] + 1) children.push(tree.order[position]);
  }
  return children;
}

function grouped(a: Side, nodesA: readonly number[], b: Side, nodesB: readonly number[]): Map<string, Pair> {
  const groups = new Map<string, Pair>();
  const put = ({ tree }: Side, node: number, which: keyof Pair): void => {
    const key = isMissing(tree, node) ? "\u0000" : `${tree.spans.services[tree.spans.serviceOf[node]]}\u0000${tree.spans.names[node]}`;
    let pair = groups.get(key);
    if (!pair) groups.set(key, (pair = { nodesA: [], nodesB: [] }));
    pair[which].push(node);
  };
  for (const node of nodesA) put(a, node, "nodesA");
  for (const node of nodesB) put(b, node, "nodesB");
  return groups;
}

function sideOf({ tree, self }: Side, nodes: readonly number[]): CompareSide {
  if (nodes.length === 0) return NOTHING;
  const side: CompareSide = { ...NOTHING, count: nodes.length, startNs: Infinity, node: nodes[0] };
  for (const node of nodes) {
    const duration = tree.endOf[node] - tree.startOf[node];
    side.totalNs += duration;
    side.selfNs += self[node];
    side.errors += isMissing(tree, node) ? 0 : tree.spans.errors[node];
    side.startNs = Math.min(side.startNs, tree.startOf[node]);
    side.endNs = Math.max(side.endNs, tree.endOf[node]);
    if (duration > tree.endOf[side.node] - tree.startOf[side.node]) side.node = node;
  }
  return side;
}

/** Less than this share of the longer side, or than this time, is chance. */
const ALIKE_SHARE = 0.1;
const ALIKE_NS = 50_000;

export function verdictOf({ a, b }: CompareRow): CompareVerdict {
  if (a.count === 0) return "onlyB";
  if (b.count === 0) return "onlyA";
  const difference = b.totalNs - a.totalNs;
  if (Math.abs(difference) <= Math.max(ALIKE_NS, ALIKE_SHARE * Math.max(a.totalNs, b.totalNs))) return "same";
  return difference > 0 ? "slower" : "faster";
}

/** Rows that differ in time, structure or errors, with those above them, so that each stands in its place. */
export function onlyDifferences(rows: readonly CompareRow[]): CompareRow[] {
  const kept = new Uint8Array(rows.length);
  const needed = new Set<number>();
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index];
    const differs = verdictOf(row) !== "same" || row.a.errors !== row.b.errors || row.a.count !== row.b.count;
    if (!differs && !needed.has(row.depth)) continue;
    kept[index] = 1;
    needed.delete(row.depth);
    if (row.depth > 0) needed.add(row.depth - 1);
  }
  return rows.filter((_, index) => kept[index] === 1);
}
