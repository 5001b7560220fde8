// Owns asking how one trace and one span compare with others like them: the median of the trace's shape, the span among those
// of its operation. A server that does not have the routes answers nothing. Never draws.
import { useQuery } from "@tanstack/react-query";
import type { PeerFigures, TraceShape } from "../model/traceShape";
import { isMissing, spanIdOf, type TraceTree } from "../model/traceTree";
import { getJson } from "./client";
import { isLocalTraceId } from "./localTraces";

const HOLDS_MS = 60_000;
/** Of a larger trace there is hardly another of the same shape. */
const SPANS_MOST = 10_000;

const pathOf = (traceId: string, what: string): string => `/api/traces/${encodeURIComponent(traceId)}/${what}`;

export function useTraceShape(tree: TraceTree) {
  const { traceId, count } = tree.spans;
  return useQuery({
    queryKey: ["trace-shape", traceId, count],
    queryFn: ({ signal }) => getJson<TraceShape>(pathOf(traceId, "shape"), {}, signal),
    enabled: !isLocalTraceId(traceId) && count > 0 && count <= SPANS_MOST && tree.isBeginning !== true,
    staleTime: HOLDS_MS,
    retry: false,
  });
}

export function usePeerFigures(tree: TraceTree, node: number) {
  const { traceId } = tree.spans;
  const spanId = isMissing(tree, node) ? null : spanIdOf(tree, node);
  return useQuery({
    queryKey: ["peer-figures", traceId, spanId],
    queryFn: ({ signal }) => getJson<PeerFigures>(pathOf(traceId, "peers"), { span_id: spanId }, signal),
    enabled: spanId !== null && !isLocalTraceId(traceId),
    staleTime: HOLDS_MS,
    retry: false,
  });
}
