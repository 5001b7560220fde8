// Owns a trace summed up by operation (service and span name): how often, how long, how much of it itself, how many
// errors; and sorting that. Never draws; synthetic parents are no operation.
import { selfTimeOf } from "./selfTime";
import { isMissing, type TraceTree } from "./traceTree";

export interface Operation {
  service: string;
  name: string;
  count: number;
  errors: number;
  /** Sum of the durations: spans inside each other count each for themselves. */
  totalNs: number;
  /** Sum of what is left of each span without the time in which its children ran. */
  selfNs: number;
  /** 0..1 of the self time of the whole trace. */
  share: number;
  longestNode: number;
  /** How many operations of the service: only where a row is a whole service. */
  operationCount?: number;
}

/** A row a service: sums of its operations. */
export function servicesOf(operations: readonly Operation[], tree: TraceTree): Operation[] {
  const services = new Map<string, Operation>();
  for (const one of operations) {
    const known = services.get(one.service);
    if (!known) {
      services.set(one.service, { ...one, name: "", operationCount: 1 });
      continue;
    }
    known.count += one.count;
    known.errors += one.errors;
    known.totalNs += one.totalNs;
    known.selfNs += one.selfNs;
    known.share += one.share;
    known.operationCount = (known.operationCount ?? 0) + 1;
    if (durationOf(tree, one.longestNode) > durationOf(tree, known.longestNode)) known.longestNode = one.longestNode;
  }
  return [...services.values()];
}

/** In order of first appearance from top to bottom; linear in the number of spans. */
export function operationsOf(tree: TraceTree): Operation[] {
  const { spans } = tree;
  const byName: Map<string, Operation>[] = spans.services.map(() => new Map());
  const operations: Operation[] = [];
  let selfOfAll = 0;
  for (const node of tree.order) {
    if (isMissing(tree, node)) continue;
    const known = byName[spans.serviceOf[node]];
    const name = spans.names[node];
    let operation = known.get(name);
    if (!operation) {
      operation = { service: spans.services[spans.serviceOf[node]], name, count: 0, errors: 0, totalNs: 0, selfNs: 0, share: 0, longestNode: node };
      known.set(name, operation);
      operations.push(operation);
    }
    const self = selfTimeOf(tree, node);
    operation.count++;
    operation.errors += spans.errors[node];
    operation.totalNs += durationOf(tree, node);
    operation.selfNs += self;
    selfOfAll += self;
    if (durationOf(tree, node) > durationOf(tree, operation.longestNode)) operation.longestNode = node;
  }
  if (selfOfAll > 0) for (const operation of operations) operation.share = operation.selfNs / selfOfAll;
  return operations;
}

function durationOf(tree: TraceTree, node: number): number {
  return tree.endOf[node] - tree.startOf[node];
}

export const OPERATION_COLUMNS = ["service", "name", "count", "total", "self", "share", "errors"] as const;
export type OperationColumn = (typeof OPERATION_COLUMNS)[number];

export interface OperationSort {
  column: OperationColumn;
  descending: boolean;
}

const DEFAULT_SORT: OperationSort = { column: "self", descending: true };

/** `-self` is the most first; anything unknown is the default. */
export function readSort(text: string | null): OperationSort {
  const descending = text?.startsWith("-") ?? false;
  const column = OPERATION_COLUMNS.find((name) => name === text?.slice(descending ? 1 : 0));
  return column ? { column, descending } : DEFAULT_SORT;
}

/** Null for the default, which need not be in the address. */
export function writeSort(sort: OperationSort): string | null {
  if (sort.column === DEFAULT_SORT.column && sort.descending === DEFAULT_SORT.descending) return null;
  return `${sort.descending ? "-" : ""}${sort.column}`;
}

/** Choosing a column again turns it round; a new one starts with the most for numbers, with A for names. */
export function nextSort(sort: OperationSort, column: OperationColumn): OperationSort {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column !== "service" && column !== "name" };
}

export function sortOperations(operations: readonly Operation[], { column, descending }: OperationSort): Operation[] {
  const sign = descending ? -1 : 1;
  return [...operations].sort((a, b) => sign * compare(a, b, column) || b.selfNs - a.selfNs || compareText(a.name, b.name));
}

function compare(a: Operation, b: Operation, column: OperationColumn): number {
  switch (column) {
    case "service":
    case "name":
      return compareText(a[column], b[column]);
    case "total":
      return a.totalNs - b.totalNs;
    case "self":
    case "share":
      return a.selfNs - b.selfNs;
    default:
      return a[column] - b[column];
  }
}

/** Capitals beside their small letters, and the same order in every browser. */
function compareText(a: string, b: string): number {
  const [low, high] = [a.toLowerCase(), b.toLowerCase()];
  return low < high ? -1 : low > high ? 1 : 0;
}

/** What finds the operation's spans in the waterfall's search, which has no way to write a quote inside quotes. */
export function operationSearch({ service, name, operationCount }: Operation): string {
  if (operationCount !== undefined) return fieldSearch("service", service);
  return [fieldSearch("service", service), fieldSearch("name", name)].filter((word) => word !== "").join(" ");
}

function fieldSearch(field: string, value: string): string {
  if (!value.includes('"')) return `${field}=="${value}"`;
  const longest = value.split('"').reduce((most, piece) => (piece.length > most.length ? piece : most), "");
  return longest === "" ? "" : `${field}="${longest}"`;
}
