// Owns the shape of a trace: who is whose child, in which order rows come, and what is wrong with it.
// Never recurses and never trusts its input: missing parents, cycles, several roots, repeated ids and spans that end
// before they start are all drawn and said, in time linear in the number of spans (sorting aside).
import type { Skeleton } from "./skeleton";
import { SpanIdIndex } from "./spanIds";

export interface TraceWarnings {
  missingParents: number;
  cycles: number;
  repeatedIds: number;
  negativeDurations: number;
  roots: number;
}

/**
 * Nodes 0..spans.count are spans; those after are synthetic parents that were named but never arrived.
 * Everything with `Of` is indexed by node; `order`, `positionEnd` by position from top to bottom.
 */
export interface TraceTree {
  spans: Skeleton;
  nodeCount: number;
  parentOf: Int32Array;
  depthOf: Int32Array;
  childCountOf: Int32Array;
  /** Nodes below, at any depth. */
  descendantsOf: Int32Array;
  /** Spans in error below, at any depth, without the node itself. */
  errorsBelow: Int32Array;
  order: Int32Array;
  positionOf: Int32Array;
  /** Nanoseconds since the origin; a synthetic parent spans its children. */
  startOf: Float64Array;
  endOf: Float64Array;
  /** Id by which a synthetic parent was named, for nodes from `spans.count` on. */
  missingIds: string[];
  cycleHeads: Set<number>;
  repeatedNodes: Set<number>;
  nodeBySpanId: SpanIdIndex;
  totalNs: number;
  deepest: number;
  warnings: TraceWarnings;
  /** Only the first spans by start: the rest is on its way. */
  isBeginning?: boolean;
}

const NONE = -1;

export function buildTraceTree(spans: Skeleton): TraceTree {
  const nodeBySpanId = new SpanIdIndex(spans.spanIds);
  const repeatedNodes = nodeBySpanId.repeated;
  const { parents, missingIds } = resolveParents(spans, nodeBySpanId);
  const nodeCount = spans.count + missingIds.length;
  const parentOf = parents;
  const { startOf, endOf, negativeDurations } = placeInTime(spans, parentOf, nodeCount);
  const children = linkChildren(parentOf, startOf, nodeCount, spans.count);
  const walk = walkDown(children, parentOf, startOf, nodeCount);
  const sums = sumUp(walk.order, parentOf, spans, nodeCount);
  let totalNs = 0;
  for (let node = 0; node < nodeCount; node++) totalNs = Math.max(totalNs, endOf[node]);
  return {
    spans,
    nodeCount,
    parentOf,
    missingIds,
    nodeBySpanId,
    repeatedNodes,
    startOf,
    endOf,
    totalNs,
    ...walk,
    ...sums,
    warnings: {
      missingParents: missingIds.length,
      cycles: walk.cycleHeads.size,
      repeatedIds: repeatedNodes.size,
      negativeDurations,
      roots: sums.roots,
    },
  };
}

function resolveParents(spans: Skeleton, nodeBySpanId: SpanIdIndex) {
  const { parentSpanIds } = spans;
  const found = new Int32Array(spans.count);
  const missingIds: string[] = [];
  const missingNodes = new Map<string, number>();
  for (let node = 0; node < spans.count; node++) {
    found[node] = NONE;
    if (parentSpanIds.isNone(node)) continue;
    found[node] = nodeBySpanId.find(parentSpanIds.words[2 * node], parentSpanIds.words[2 * node + 1]);
    if (found[node] !== NONE) continue;
    const parentId = parentSpanIds.at(node);
    let missing = missingNodes.get(parentId);
    if (missing === undefined) {
      missing = spans.count + missingIds.length;
      missingNodes.set(parentId, missing);
      missingIds.push(parentId);
    }
    found[node] = missing;
  }
  const parents = new Int32Array(spans.count + missingIds.length).fill(NONE);
  parents.set(found);
  return { parents, missingIds };
}

function placeInTime(spans: Skeleton, parentOf: Int32Array, nodeCount: number) {
  const startOf = new Float64Array(nodeCount).fill(Infinity);
  const endOf = new Float64Array(nodeCount);
  let negativeDurations = 0;
  for (let node = 0; node < spans.count; node++) {
    const duration = spans.durations[node];
    if (duration < 0) negativeDurations++;
    startOf[node] = spans.starts[node];
    endOf[node] = spans.starts[node] + Math.max(0, duration);
    const parent = parentOf[node];
    if (parent >= spans.count) {
      startOf[parent] = Math.min(startOf[parent], startOf[node]);
      endOf[parent] = Math.max(endOf[parent], endOf[node]);
    }
  }
  return { startOf, endOf, negativeDurations };
}

/** First child and next sibling per node; siblings by start time, which is the order of the spans themselves. */
function linkChildren(parentOf: Int32Array, startOf: Float64Array, nodeCount: number, spanCount: number) {
  const firstChild = new Int32Array(nodeCount).fill(NONE);
  const nextSibling = new Int32Array(nodeCount).fill(NONE);
  const childCountOf = new Int32Array(nodeCount);
  const byStart = isSorted(startOf, spanCount) ? null : sortedByStart(startOf, spanCount);
  for (let position = spanCount - 1; position >= 0; position--) {
    const node = byStart ? byStart[position] : position;
    const parent = parentOf[node];
    if (parent === NONE) continue;
    nextSibling[node] = firstChild[parent];
    firstChild[parent] = node;
    childCountOf[parent]++;
  }
  return { firstChild, nextSibling, childCountOf };
}

function isSorted(values: Float64Array, count: number): boolean {
  for (let index = 1; index < count; index++) if (values[index] < values[index - 1]) return false;
  return true;
}

function sortedByStart(startOf: Float64Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, node) => node).sort((a, b) => startOf[a] - startOf[b] || a - b);
}

type Children = ReturnType<typeof linkChildren>;

/** Top to bottom, roots by start; what no root reaches is a cycle and is opened at its earliest span. */
function walkDown(children: Children, parentOf: Int32Array, startOf: Float64Array, nodeCount: number) {
  const order = new Int32Array(nodeCount);
  const positionOf = new Int32Array(nodeCount).fill(NONE);
  const depthOf = new Int32Array(nodeCount);
  const cycleHeads = new Set<number>();
  let reached = 0;
  let deepest = 0;
  const stack: number[] = [];
  const walkFrom = (root: number): void => {
    stack.push(root);
    while (stack.length > 0) {
      const node = stack.pop() as number;
      if (positionOf[node] !== NONE) continue;
      const depth = node === root ? 0 : depthOf[parentOf[node]] + 1;
      depthOf[node] = depth;
      if (depth > deepest) deepest = depth;
      positionOf[node] = reached;
      order[reached++] = node;
      const from = stack.length;
      for (let child = children.firstChild[node]; child !== NONE; child = children.nextSibling[child]) {
        if (positionOf[child] === NONE) stack.push(child);
      }
      reverseFrom(stack, from);
    }
  };
  const roots: number[] = [];
  for (let node = 0; node < nodeCount; node++) if (parentOf[node] === NONE) roots.push(node);
  roots.sort((a, b) => startOf[a] - startOf[b] || a - b);
  for (const root of roots) walkFrom(root);
  for (let node = 0; reached < nodeCount && node < nodeCount; node++) {
    if (positionOf[node] !== NONE) continue;
    const head = headOfCycle(node, parentOf, startOf);
    cycleHeads.add(head);
    children.childCountOf[parentOf[head]]--;
    parentOf[head] = NONE;
    walkFrom(head);
  }
  return { order, positionOf, depthOf, cycleHeads, deepest, childCountOf: children.childCountOf };
}

/** Climbs from an unreached node into its cycle, then takes the earliest node on it. */
function headOfCycle(from: number, parentOf: Int32Array, startOf: Float64Array): number {
  const seen = new Set<number>();
  let node = from;
  while (!seen.has(node)) {
    seen.add(node);
    node = parentOf[node];
  }
  let head = node;
  for (let next = parentOf[node]; next !== node; next = parentOf[next]) {
    if (startOf[next] < startOf[head] || (startOf[next] === startOf[head] && next < head)) head = next;
  }
  return head;
}

function reverseFrom(stack: number[], from: number): void {
  for (let low = from, high = stack.length - 1; low < high; low++, high--) {
    const kept = stack[low];
    stack[low] = stack[high];
    stack[high] = kept;
  }
}

/** Children come after their parents in `order`, so one pass from the bottom sums every subtree. */
function sumUp(order: Int32Array, parentOf: Int32Array, spans: Skeleton, nodeCount: number) {
  const descendantsOf = new Int32Array(nodeCount);
  const errorsBelow = new Int32Array(nodeCount);
  let roots = 0;
  for (let position = nodeCount - 1; position >= 0; position--) {
    const node = order[position];
    const parent = parentOf[node];
    if (parent === NONE) {
      roots++;
      continue;
    }
    descendantsOf[parent] += descendantsOf[node] + 1;
    errorsBelow[parent] += errorsBelow[node] + (node < spans.count ? spans.errors[node] : 0);
  }
  return { descendantsOf, errorsBelow, roots };
}

export function isMissing(tree: TraceTree, node: number): boolean {
  return node >= tree.spans.count;
}

export function spanIdOf(tree: TraceTree, node: number): string {
  return node < tree.spans.count ? tree.spans.spanIds.at(node) : tree.missingIds[node - tree.spans.count];
}
