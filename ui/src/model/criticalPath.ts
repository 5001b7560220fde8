// Owns the critical path: which span, at every moment of the trace, the end was waiting for.
// Never draws, never recurses; bad traces give a shorter path rather than an error.
import type { TraceTree } from "./traceTree";

export interface CriticalSegment {
  node: number;
  startNs: number;
  endNs: number;
}

interface Frame {
  node: number;
  /** Where the walk through this node began: its end, or the point to which it was cut. */
  top: number;
  cursor: number;
  next: number;
  floor: number;
}

/**
 * From the end of the longest root backwards: the child that ended last before the point reached is what was waited
 * for; the gap after it belongs to the parent. Children that outlive their parent are cut to it.
 */
export function criticalPath(tree: TraceTree): CriticalSegment[] {
  const root = longestRoot(tree);
  if (root === -1) return [];
  const children = childrenByEnd(tree);
  const segments: CriticalSegment[] = [];
  const stack: Frame[] = [];
  const enter = (node: number, cursor: number, floor: number): void => {
    stack.push({ node, top: cursor, cursor, next: children.to[node] - 1, floor });
  };
  enter(root, tree.endOf[root], tree.startOf[root]);
  while (stack.length > 0) {
    const frame = stack[stack.length - 1];
    const child = nextChild(tree, children, frame);
    if (child === -1) {
      push(segments, frame.node, frame.floor, frame.cursor);
      stack.pop();
      continue;
    }
    const end = Math.min(tree.endOf[child], frame.cursor);
    const start = Math.max(tree.startOf[child], frame.floor);
    push(segments, frame.node, end, frame.cursor);
    frame.cursor = start;
    enter(child, end, start);
  }
  return segments;
}

function push(segments: CriticalSegment[], node: number, startNs: number, endNs: number): void {
  if (endNs > startNs) segments.push({ node, startNs, endNs });
}

function longestRoot(tree: TraceTree): number {
  let best = -1;
  for (let node = 0; node < tree.nodeCount; node++) {
    if (tree.parentOf[node] !== -1) continue;
    if (best === -1 || tree.endOf[node] - tree.startOf[node] > tree.endOf[best] - tree.startOf[best]) best = node;
  }
  return best;
}

interface ChildrenByEnd {
  list: Int32Array;
  from: Int32Array;
  to: Int32Array;
}

/** Children of each node, next to each other, by end time. */
function childrenByEnd(tree: TraceTree): ChildrenByEnd {
  const from = new Int32Array(tree.nodeCount);
  const to = new Int32Array(tree.nodeCount);
  let total = 0;
  for (let node = 0; node < tree.nodeCount; node++) {
    from[node] = to[node] = total;
    total += tree.childCountOf[node];
  }
  const byEnd = Int32Array.from(tree.order).sort((a, b) => tree.endOf[a] - tree.endOf[b]);
  const list = new Int32Array(total);
  for (const node of byEnd) {
    const parent = tree.parentOf[node];
    if (parent !== -1) list[to[parent]++] = node;
  }
  return { list, from, to };
}

/** The child with the latest end that still started before the cursor and takes any time at all. */
function nextChild(
  tree: TraceTree,
  children: ChildrenByEnd,
  frame: Frame,
): number {
  while (frame.next >= children.from[frame.node]) {
    const child = children.list[frame.next--];
    const start = Math.max(tree.startOf[child], frame.floor);
    // A child still running at the cursor was not waited for, unless the cursor is where the parent itself ends.
    const waitedFor = tree.endOf[child] <= frame.cursor || frame.cursor === frame.top;
    if (waitedFor && start < frame.cursor && tree.endOf[child] > start) return child;
  }
  return -1;
}
