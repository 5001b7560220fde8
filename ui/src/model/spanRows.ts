// Owns the table of a trace's spans: their self times and their order by any column. Columns of numbers rather than an
// object a span, because a trace may have a hundred thousand. Never draws.
import { selfTimeOf } from "./selfTime";
import type { TraceTree } from "./traceTree";

export const SPAN_COLUMNS = ["service", "name", "kind", "start", "duration", "self", "depth"] as const;
export type SpanColumn = (typeof SPAN_COLUMNS)[number];

export interface SpanSort {
  column: SpanColumn;
  descending: boolean;
}

const DEFAULT_SORT: SpanSort = { column: "self", descending: true };
const TEXT_COLUMNS: readonly SpanColumn[] = ["service", "name", "kind"];

export function selfTimes(tree: TraceTree): Float64Array {
  return Float64Array.from({ length: tree.nodeCount }, (_, node) => selfTimeOf(tree, node));
}

/** `-self` is the most first; anything unknown is the default. */
export function readSpanSort(text: string | null): SpanSort {
  const descending = text?.startsWith("-") ?? false;
  const column = SPAN_COLUMNS.find((name) => name === text?.slice(descending ? 1 : 0));
  return column ? { column, descending } : DEFAULT_SORT;
}

/** Null for the default, which need not be in the address. */
export function nextSpanSort(sort: SpanSort, column: SpanColumn): string | null {
  const next = sort.column === column ? { column, descending: !sort.descending } : { column, descending: !TEXT_COLUMNS.includes(column) && column !== "start" };
  if (next.column === DEFAULT_SORT.column && next.descending === DEFAULT_SORT.descending) return null;
  return `${next.descending ? "-" : ""}${next.column}`;
}

/** Spans that were received, in order; alike ones as in the waterfall. */
export function sortedSpans(tree: TraceTree, self: Float64Array, { column, descending }: SpanSort): Int32Array {
  const { spans } = tree;
  const nodes = Int32Array.from({ length: spans.count }, (_, node) => node);
  const sign = descending ? -1 : 1;
  const byPlace = (a: number, b: number): number => tree.positionOf[a] - tree.positionOf[b];
  const number = (values: ArrayLike<number>) => (a: number, b: number) => sign * (values[a] - values[b]) || byPlace(a, b);
  const text = (of: (node: number) => string) => (a: number, b: number) => {
    const [left, right] = [of(a), of(b)];
    return (left < right ? -sign : left > right ? sign : 0) || byPlace(a, b);
  };
  switch (column) {
    case "service":
      return nodes.sort(text((node) => spans.services[spans.serviceOf[node]]));
    case "name":
      return nodes.sort(text((node) => spans.names[node]));
    case "kind":
      return nodes.sort(text((node) => spans.kinds[node]));
    case "start":
      return nodes.sort(number(tree.startOf));
    case "duration":
      return nodes.sort(number(spans.durations));
    case "depth":
      return nodes.sort(number(tree.depthOf));
    default:
      return nodes.sort(number(self));
  }
}
