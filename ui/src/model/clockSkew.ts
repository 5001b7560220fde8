// Owns telling when a span's times cannot be right beside its parent's, or are so only if nobody waited for it: mostly
// clocks of two hosts that differ. Never changes a time: what is drawn is what was received, and the reader is told.
import { isMissing, type TraceTree } from "./traceTree";

/** Nanoseconds by which a span sticks out of its parent; 0 on the side where nothing is wrong. */
export interface ClockSkew {
  startsBeforeNs: number;
  endsAfterNs: number;
}

/** Within one service less than this is rounding: some SDKs count in milliseconds for part of their times. */
const SAME_SERVICE_LEAST_NS = 1_000_000;
const OTHER_SERVICE_LEAST_NS = 1000;
/** An answer may reach the caller a little before the callee has closed its span. */
const ENDS_AFTER_LEAST_NS = 1_000_000;
const ENDS_AFTER_LEAST_SHARE = 0.1;

export function clockSkew(tree: TraceTree, node: number): ClockSkew | null {
  const parent = tree.parentOf[node];
  if (parent === -1 || isMissing(tree, parent) || isMissing(tree, node)) return null;
  const { spans } = tree;
  const isOtherService = spans.serviceOf[node] !== spans.serviceOf[parent];
  const before = tree.startOf[parent] - tree.startOf[node];
  const startsBeforeNs = before >= (isOtherService ? OTHER_SERVICE_LEAST_NS : SAME_SERVICE_LEAST_NS) ? before : 0;
  const after = tree.endOf[node] - tree.endOf[parent];
  const allowed = Math.max(ENDS_AFTER_LEAST_NS, (tree.endOf[parent] - tree.startOf[parent]) * ENDS_AFTER_LEAST_SHARE);
  const endsAfterNs = isOtherService && isAwaited(spans.kinds[parent], spans.kinds[node]) && after > allowed ? after : 0;
  return startsBeforeNs > 0 || endsAfterNs > 0 ? { startsBeforeNs, endsAfterNs } : null;
}

/** A request is answered before its span ends; a message may be taken at any time later. */
function isAwaited(parentKind: string, kind: string): boolean {
  return (parentKind === "server" || parentKind === "client") && kind !== "consumer" && kind !== "producer";
}
