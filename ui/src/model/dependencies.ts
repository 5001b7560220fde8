// Owns the neighbours of one service as its page lists them: from the service map, or from calls that were counted by
// SQL where a server has no map. Never asks.
import type { MapKind, ServiceMapAnswer } from "../api/types";
import type { Calls } from "./serviceFigures";
import { neighboursOf, tracesOfCall, type Neighbour } from "./serviceGraph";

export interface Dependency {
  /** Its id on the map. */
  id: string;
  name: string;
  kind: MapKind;
  requests: number;
  errors: number;
  /** Per second; null where only the count is known. */
  rate: number | null;
  /** Nanoseconds; null where unknown. */
  p50: number | null;
  p95: number | null;
  /** Parameters of the list of traces that shows the calls; null where it cannot be said. */
  traces: Record<string, string> | null;
}

export interface Dependencies {
  callers: Dependency[];
  callees: Dependency[];
}

export function dependenciesFromMap(service: string, answer: ServiceMapAnswer): Dependencies {
  const own = answer.nodes.find((node) => node.kind === "service" && node.name === service);
  if (!own) return { callers: [], callees: [] };
  const { callers, callees } = neighboursOf(own.id, answer.nodes, answer.edges);
  const of = (isCaller: boolean) => ({ id, node, edge }: Neighbour): Dependency => ({
    id,
    name: node?.name ?? id,
    kind: node?.kind ?? "service",
    requests: edge.requests,
    errors: edge.errors,
    rate: edge.rate,
    p50: edge.requests === 0 ? null : Number(edge.p50),
    p95: edge.requests === 0 ? null : Number(edge.p95),
    traces: node ? (isCaller ? tracesOfCall(node, own) : tracesOfCall(own, node)) : null,
  });
  return { callers: callers.map(of(true)), callees: callees.map(of(false)) };
}

export function dependenciesFromCalls({ callers, callees }: { callers: readonly Calls[]; callees: readonly Calls[] }): Dependencies {
  const of = ({ peer, calls, errors, p95 }: Calls): Dependency => ({ id: peer, name: peer, kind: "service", requests: calls, errors, rate: null, p50: null, p95, traces: null });
  return { callers: callers.map(of), callees: callees.map(of) };
}
