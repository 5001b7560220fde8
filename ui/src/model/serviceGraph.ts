// Owns what the service map and the list of dependencies make of nodes and edges: neighbours, the filters that lead to
// their traces, and the order of the table. Never lays out, never fetches.
import type { MapEdge, MapFigures, MapNode } from "../api/types";
import { quoteText } from "./filterText";

export interface Neighbour {
  /** Missing where the answer has an edge to what it does not list. */
  node: MapNode | undefined;
  id: string;
  edge: MapEdge;
}

export function neighboursOf(id: string, nodes: readonly MapNode[], edges: readonly MapEdge[]): { callers: Neighbour[]; callees: Neighbour[] } {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sorted = [...edges].sort((a, b) => b.requests - a.requests || (a.source + a.target < b.source + b.target ? -1 : 1));
  const side = (own: "source" | "target", other: "source" | "target"): Neighbour[] =>
    sorted.filter((edge) => edge[own] === id && edge[other] !== id).map((edge) => ({ id: edge[other], node: byId.get(edge[other]), edge }));
  return { callers: side("target", "source"), callees: side("source", "target") };
}

/** One service, who calls it and what it calls, with the calls among them; of an unknown one nothing. */
export function aroundService(name: string, nodes: readonly MapNode[], edges: readonly MapEdge[]): { nodes: MapNode[]; edges: MapEdge[] } {
  const centre = nodes.find((node) => node.kind === "service" && node.name === name);
  if (!centre) return { nodes: [], edges: [] };
  const ids = new Set([centre.id, ...edges.filter((edge) => edge.source === centre.id || edge.target === centre.id).flatMap((edge) => [edge.source, edge.target])]);
  return { nodes: nodes.filter((node) => ids.has(node.id)), edges: edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)) };
}

/** Attributes by which spans name what they call, of current and earlier conventions. */
const NAMED_BY = {
  database: ["span.db.system.name", "span.db.system", "span.db.namespace", "span.server.address", "span.peer.service"],
  messaging: ["span.messaging.destination.name", "span.messaging.system", "span.peer.service"],
  external: ["span.server.address", "span.peer.service", "span.net.peer.name"],
};

/** What leads to a node's traces: parameters of the address of the list. */
export function tracesOfNode({ name, kind }: MapNode): Record<string, string> {
  return kind === "service" ? { service: name } : { filter: namedFilter(kind, name) };
}

function namedFilter(kind: keyof typeof NAMED_BY, name: string): string {
  return NAMED_BY[kind].map((key) => `${key} = ${quoteText(name)}`).join(" or ");
}

/** Traces in which one calls the other: between services the spans are parent and child. */
export function tracesOfCall(source: MapNode, target: MapNode): Record<string, string> {
  const caller = `resource.service.name = ${quoteText(source.name)}`;
  if (target.kind === "service") return { filter: `{ ${caller} } > { resource.service.name = ${quoteText(target.name)} }` };
  return { filter: `${caller} and (${namedFilter(target.kind, target.name)})` };
}

export const MAP_COLUMNS = ["name", "kind", "requests", "errors", "p50", "p95"] as const;
export type MapColumn = (typeof MAP_COLUMNS)[number];

export interface MapSort {
  column: MapColumn;
  descending: boolean;
}

export function readMapSort(text: string | null): MapSort {
  const descending = text?.startsWith("-") ?? false;
  const column = MAP_COLUMNS.find((one) => one === text?.slice(descending ? 1 : 0));
  return column ? { column, descending } : { column: "requests", descending: true };
}

export function nextMapSort(sort: MapSort, column: MapColumn): string | null {
  const descending = sort.column === column ? !sort.descending : column !== "name" && column !== "kind";
  return column === "requests" && descending ? null : `${descending ? "-" : ""}${column}`;
}

export interface MapRow extends MapFigures {
  key: string;
  name: string;
  kind: string;
}

export function sortMapRows<Row extends MapRow>(rows: readonly Row[], { column, descending }: MapSort): Row[] {
  const sign = descending ? -1 : 1;
  const byName = (a: Row, b: Row): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const number = (row: Row): number => (column === "errors" ? errorShareOf(row) : column === "requests" ? row.requests : column === "p50" ? Number(row.p50) : Number(row.p95));
  const compare = (a: Row, b: Row): number => (column === "name" ? byName(a, b) : column === "kind" ? (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) : number(a) - number(b));
  return [...rows].sort((a, b) => sign * compare(a, b) || byName(a, b));
}

export function errorShareOf({ requests, errors }: MapFigures): number {
  return requests === 0 ? 0 : Math.min(errors / requests, 1);
}
