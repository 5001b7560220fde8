// Owns the moments of spans' events as marks for their bars. Never fetches: it takes whichever spans are known in full.
import type { Attributes } from "./attributes";
import { isException } from "./exception";
import { safeBigInt } from "./instant";
import type { TraceTree } from "./traceTree";

export interface EventMark {
  /** Nanoseconds since the trace began. */
  atNs: number;
  name: string;
  isException: boolean;
}

/** What is needed of a span here; the server's spans have more. */
export interface SpanWithEvents {
  span_id: string;
  start_time: string;
  events: readonly { time: string; name: string; attributes: Attributes }[];
}

/** By node, in order of time; a span without events has no entry. */
export function eventMarksByNode(tree: TraceTree, spans: readonly SpanWithEvents[]): ReadonlyMap<number, EventMark[]> {
  const byNode = new Map<number, EventMark[]>();
  const { originNs } = tree.spans;
  for (const span of spans) {
    if (span.events.length === 0) continue;
    const node = nodeOfSpan(tree, span);
    if (node === undefined) continue;
    const marks = span.events.map(({ time, name, attributes }) => ({ atNs: Number(safeBigInt(time) - originNs), name, isException: isException(name, attributes) }));
    byNode.set(node, marks.sort((a, b) => a.atNs - b.atNs));
  }
  return byNode;
}

/** Where an id was used twice its start tells which span is meant. */
function nodeOfSpan(tree: TraceTree, span: SpanWithEvents): number | undefined {
  const first = tree.nodeBySpanId.get(span.span_id);
  if (first === undefined || tree.repeatedNodes.size === 0) return first;
  const start = Number(safeBigInt(span.start_time) - tree.spans.originNs);
  if (tree.spans.starts[first] === start) return first;
  for (const node of tree.repeatedNodes) if (tree.spans.spanIds.at(node) === span.span_id && tree.spans.starts[node] === start) return node;
  return first;
}
