// Owns which nodes of a tree have a row, given what is collapsed, and where the keyboard goes from a row.
// Never knows pixels.
import type { FoldState } from "./siblingFolds";
import type { TraceTree } from "./traceTree";

/**
 * Nodes from top to bottom; the subtree of a collapsed node or of a fold's member is jumped over, not walked. What is not
 * in `kept` (model/shownSpans) has nothing below it that is.
 */
export function visibleNodes(tree: TraceTree, collapsed: ReadonlySet<number>, foldState: FoldState | null = null, kept: Uint8Array | null = null): Int32Array {
  const leaderOf = foldState && foldState.folds.members.size > foldState.unfolded.size ? foldState.folds.leaderOf : null;
  if (collapsed.size === 0 && leaderOf === null && kept === null) return tree.order;
  const rows = new Int32Array(tree.nodeCount);
  let count = 0;
  for (let position = 0; position < tree.nodeCount; ) {
    const node = tree.order[position];
    if (kept !== null && kept[node] === 0) {
      position += tree.descendantsOf[node] + 1;
      continue;
    }
    const leader = leaderOf === null ? -1 : leaderOf[node];
    if (leader !== -1 && !foldState?.unfolded.has(leader)) {
      if (leader === node) rows[count++] = node;
      position += tree.descendantsOf[node] + 1;
      continue;
    }
    rows[count++] = node;
    position += collapsed.has(node) ? tree.descendantsOf[node] + 1 : 1;
  }
  return rows.subarray(0, count);
}

/** Row of each node, or -1 where a collapsed ancestor hides it. */
export function rowOfNode(rows: Int32Array, nodeCount: number): Int32Array {
  const result = new Int32Array(nodeCount).fill(-1);
  for (let row = 0; row < rows.length; row++) result[rows[row]] = row;
  return result;
}

export function collapseAll(tree: TraceTree): Set<number> {
  const collapsed = new Set<number>();
  for (let node = 0; node < tree.nodeCount; node++) if (tree.childCountOf[node] > 0) collapsed.add(node);
  return collapsed;
}

/** Everything at `depth` or deeper that has children is closed; everything above it is open. */
export function collapseFromDepth(tree: TraceTree, depth: number): Set<number> {
  const collapsed = new Set<number>();
  for (let node = 0; node < tree.nodeCount; node++) {
    if (tree.childCountOf[node] > 0 && tree.depthOf[node] >= depth) collapsed.add(node);
  }
  return collapsed;
}

/** The depth from which everything is closed now: what "one level more" and "one level less" start from. */
export function openDepth(tree: TraceTree, collapsed: ReadonlySet<number>): number {
  let depth = tree.deepest;
  for (const node of collapsed) depth = Math.min(depth, tree.depthOf[node]);
  return depth;
}

export function toggled(collapsed: ReadonlySet<number>, node: number): Set<number> {
  const next = new Set(collapsed);
  if (!next.delete(node)) next.add(node);
  return next;
}

/** The same set without the ancestors of `node`, so that its row exists. */
export function revealed(tree: TraceTree, collapsed: ReadonlySet<number>, node: number): ReadonlySet<number> {
  let next: Set<number> | null = null;
  for (let parent = tree.parentOf[node]; parent !== -1; parent = tree.parentOf[parent]) {
    if (!collapsed.has(parent)) continue;
    next ??= new Set(collapsed);
    next.delete(parent);
  }
  return next ?? collapsed;
}

/** Whether the row carries an error that its own span does not have: one hidden below it. */
export function hidesError(tree: TraceTree, collapsed: ReadonlySet<number>, node: number): boolean {
  return collapsed.has(node) && tree.errorsBelow[node] > 0;
}
