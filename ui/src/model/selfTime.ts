// Owns a span's self time: what is left of it when the time in which any child ran is taken away.
import type { TraceTree } from "./traceTree";

export function selfTimeOf(tree: TraceTree, node: number): number {
  const [start, end] = [tree.startOf[node], tree.endOf[node]];
  let covered = 0;
  let reached = start;
  // Children follow their parent in `order`, each with its whole subtree, and siblings by start time.
  const last = tree.positionOf[node] + tree.descendantsOf[node];
  for (let position = tree.positionOf[node] + 1; position <= last; ) {
    const child = tree.order[position];
    const from = Math.max(tree.startOf[child], reached);
    const to = Math.min(tree.endOf[child], end);
    if (to > from) {
      covered += to - from;
      reached = to;
    }
    position += tree.descendantsOf[child] + 1;
  }
  return Math.max(0, end - start - covered);
}
