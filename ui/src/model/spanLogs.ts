// Owns which log records belong to which span of a tree, and a short spelling by which an address names one of them.
// Never fetches and never draws; a record whose span is not in the trace belongs to no row (the logs tab shows it).
import { safeBigInt } from "./instant";
import type { TraceTree } from "./traceTree";

/** What is needed of a record here; the server's records have more. */
export interface TimedLog {
  time: string;
  span_id: string;
}

export type LogsByNode<Log extends TimedLog> = ReadonlyMap<number, readonly Log[]>;

/** Each span's records in order of time, those of the same moment as they came. */
export function logsByNode<Log extends TimedLog>(tree: TraceTree, logs: readonly Log[]): LogsByNode<Log> {
  const byNode = new Map<number, Log[]>();
  for (const log of logs) {
    const node = tree.nodeBySpanId.get(log.span_id);
    if (node === undefined) continue;
    const known = byNode.get(node);
    if (known) known.push(log);
    else byNode.set(node, [log]);
  }
  for (const ofSpan of byNode.values()) ofSpan.sort((a, b) => sinceOrigin(tree, a) - sinceOrigin(tree, b));
  return byNode;
}

/** Nanoseconds since the trace began; negative for a record made before it. */
export function sinceOrigin(tree: TraceTree, log: TimedLog): number {
  return Number(safeBigInt(log.time) - tree.spans.originNs);
}

/** Span and moment, and a number where one span logged more than once at that moment: late records change nothing. */
export function logKey(log: TimedLog, ofSpan: readonly TimedLog[]): string {
  const sameMoment = ofSpan.filter((other) => other.time === log.time);
  const nth = sameMoment.indexOf(log);
  return `${log.span_id}.${log.time}${nth > 0 ? `.${nth}` : ""}`;
}

export function findLog<Log extends TimedLog>(tree: TraceTree, byNode: LogsByNode<Log>, key: string): { node: number; log: Log } | null {
  const [spanId, time, nth = "0"] = key.split(".");
  const node = tree.nodeBySpanId.get(spanId);
  if (node === undefined) return null;
  const log = (byNode.get(node) ?? []).filter((candidate) => candidate.time === time)[Number(nth)];
  return log === undefined ? null : { node, log };
}
