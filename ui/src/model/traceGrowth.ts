// Owns whether spans of a trace may still be on their way, and whether any came. Pure: the clock is handed in.
import type { TraceTree } from "./traceTree";

/** Exporters send what has ended every few seconds; a span that has not ended is not sent at all. */
const RECENT_MS = 30_000;
/** A parent that was named comes when it ends, which takes as long as it takes. */
const MISSING_MS = 300_000;
/** A clock that is ahead by more says nothing of when spans come. */
const AHEAD_MS = 60_000;
/** Asking for a larger one again and again would cost more than it tells. */
const SPANS_MAX = 20_000;

export function isStillArriving(tree: TraceTree, nowMs: number): boolean {
  if (tree.spans.count === 0 || tree.spans.count > SPANS_MAX) return false;
  const sinceMs = nowMs - Number(tree.spans.originNs / 1_000_000n) - tree.totalNs / 1e6;
  return sinceMs > -AHEAD_MS && sinceMs < (tree.warnings.missingParents > 0 ? MISSING_MS : RECENT_MS);
}

/** Spans are only ever added, and log records: the same numbers mean that nothing came. */
export function isSameTrace(before: TraceTree, after: TraceTree): boolean {
  const logs = ({ spans }: TraceTree): number => spans.logCounts.reduce((sum, count) => sum + count, 0);
  return before.spans.count === after.spans.count && before.spans.originNs === after.spans.originNs && before.totalNs === after.totalNs && logs(before) === logs(after);
}
