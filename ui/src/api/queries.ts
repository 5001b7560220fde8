// Owns the server state of the page: one hook per question, with its key and how long an answer holds.
// Never draws; components say what they need and when it is live.
import { QueryCache, QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { nanosecondsOf } from "../model/instant";
import { ApiError, getJson, postJson } from "./client";
import { isLocalTraceId, localTrace } from "./localTraces";
import { fetchTraceTree } from "./traceStream";
import { skeletonFromSpans } from "../model/skeletonFromSpans";
import { isSameTrace, isStillArriving } from "../model/traceGrowth";
import { buildTraceTree, type TraceTree } from "../model/traceTree";
import { learnServices } from "../model/serviceColour";
import type { SqlAnswer } from "../model/sqlResult";
import type {
  LogRecord, MetricInfo, OperationInfo, ServerStatus, ServiceInfo, Span, TraceDetail,
} from "./types";

export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      // Whoever first meets silence has the status asked at once, so that the banner does not wait for its turn.
      onError: (error, query) => {
        if (error instanceof ApiError && error.isUnreachable && query.queryKey[0] !== "status") void client.invalidateQueries({ queryKey: ["status"] });
      },
    }),
    defaultOptions: {
      queries: {
        retry: (failures, error) => error instanceof ApiError && error.isUnreachable && failures < 2,
        retryDelay: 800,
        refetchOnWindowFocus: false,
        // A page on the same machine works without a network.
        networkMode: "always",
        staleTime: 10_000,
      },
    },
  });
  return client;
}

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => getJson<ServerStatus>("/api/status", {}, signal),
    refetchInterval: (query) => (query.state.status === "error" || query.state.data?.empty ? 2000 : 10_000),
    staleTime: 1000,
    retry: false,
  });
}

export function useServices(internal: boolean) {
  return useQuery({
    queryKey: ["services", internal],
    queryFn: async ({ signal }) => {
      const { services } = await getJson<{ services: ServiceInfo[] }>("/api/services", { internal }, signal);
      learnServices(services.map((service) => service.name));
      return services;
    },
    refetchInterval: 30_000,
  });
}

export function useOperations(service: string, internal: boolean) {
  return useQuery({
    queryKey: ["operations", service, internal],
    queryFn: ({ signal }) => getJson<{ operations: OperationInfo[] }>("/api/operations", { service, internal }, signal),
    enabled: service !== "",
    select: (answer) => answer.operations,
  });
}

/** How often a trace is asked for again while spans of it may still come. */
const ARRIVING_MS = 2000;

const traceQuery = (client: QueryClient, traceId: string) =>
  queryOptions({
    queryKey: ["trace", traceId],
    queryFn: async ({ signal }): Promise<TraceTree> => {
      if (isLocalTraceId(traceId)) return buildTraceTree(skeletonFromSpans(traceId, localDetail(traceId)));
      const before = client.getQueryData<TraceTree>(["trace", traceId]);
      const tree = await fetchTraceTree(traceId, signal, (beginning) => client.setQueryData(["trace-beginning", traceId], beginning));
      return before && isSameTrace(before, tree) ? before : tree;
    },
    // Typed arrays must not be compared field by field.
    structuralSharing: false,
    staleTime: 60_000,
  });

/** Asks for a trace as soon as a finger is on its row, not when it leaves. */
export function useTraceAhead(): (traceId: string) => void {
  const client = useQueryClient();
  return useCallback((traceId) => void client.prefetchQuery(traceQuery(client, traceId)), [client]);
}

export function useTraceTree(traceId: string, isWanted = true) {
  return useQuery({
    ...traceQuery(useQueryClient(), traceId),
    enabled: isWanted,
    refetchInterval: ({ state }) => (state.data && !isLocalTraceId(traceId) && isStillArriving(state.data, Date.now()) ? ARRIVING_MS : false),
  });
}

/** The first spans of a large trace, while the rest of it is on its way. */
export function useTraceBeginning(traceId: string) {
  return useQuery<TraceTree>({ queryKey: ["trace-beginning", traceId], enabled: false, structuralSharing: false, gcTime: 0 }).data;
}

export function useSpan(traceId: string, spanId: string | null) {
  return useQuery({
    queryKey: ["span", traceId, spanId],
    queryFn: ({ signal }) => (isLocalTraceId(traceId) ? localSpan(traceId, spanId) : getJson<TraceDetail>(`/api/traces/${encodeURIComponent(traceId)}`, { span_id: spanId }, signal)),
    enabled: spanId !== null,
    staleTime: 60_000,
  });
}

/** Above this many spans the whole trace is too much to fetch for its logs; SQL gives the logs alone. */
const WHOLE_TRACE_SPANS_MAX = 3000;

/** Up to this many spans their details are asked for without being opened, because they draw the events on the bars. */
const UNASKED_DETAIL_SPANS_MAX = 1000;

/** Everything of one trace, from the server or from the file that it was opened from. */
export async function wholeTrace(traceId: string, signal?: AbortSignal): Promise<TraceDetail> {
  return isLocalTraceId(traceId) ? localDetail(traceId) : getJson<TraceDetail>(`/api/traces/${encodeURIComponent(traceId)}`, {}, signal);
}

/** A page that was loaded again has forgotten its files: the same as a trace that the server does not have. */
function localDetail(traceId: string): TraceDetail {
  const trace = localTrace(traceId);
  if (!trace) throw new ApiError("trace_not_found", "the file is no longer open", 404);
  return trace;
}

function localSpan(traceId: string, spanId: string | null): TraceDetail {
  const { trace_id, spans, logs } = localDetail(traceId);
  return { trace_id, spans: spans.filter((span) => span.span_id === spanId), logs: logs.filter((log) => log.span_id === spanId) };
}

function useWholeTrace(traceId: string, isWanted: boolean) {
  return useQuery({
    queryKey: ["trace-detail", traceId],
    queryFn: ({ signal }) => wholeTrace(traceId, signal),
    enabled: isWanted,
    staleTime: 30_000,
  });
}

export function useTraceLogs(traceId: string, spanCount: number, isWanted = true) {
  const isWhole = isLocalTraceId(traceId) || spanCount <= WHOLE_TRACE_SPANS_MAX;
  const whole = useWholeTrace(traceId, isWanted && isWhole);
  const bySql = useQuery({
    queryKey: ["trace-logs", traceId],
    queryFn: ({ signal }): Promise<LogRecord[]> => logsBySql(traceId, signal),
    enabled: isWanted && !isWhole,
    staleTime: 30_000,
  });
  const { error, isLoading, refetch } = isWhole ? whole : bySql;
  return { data: isWhole ? whole.data?.logs : bySql.data, error, isLoading, refetch };
}

/**
 * Spans whose details are known: all of a small trace, and of any trace those that were opened. `openSpanId` is the one
 * open now, whose details someone else asks for: when they come, the answer grows.
 */
export function useKnownSpans(traceId: string, spanCount: number, openSpanId: string | null, isWanted: boolean): Span[] {
  const client = useQueryClient();
  const whole = useWholeTrace(traceId, isWanted && spanCount <= UNASKED_DETAIL_SPANS_MAX);
  const opened = useSpan(traceId, isWanted ? openSpanId : null);
  return useMemo(() => {
    if (whole.data) return whole.data.spans;
    const asked = client.getQueriesData<TraceDetail>({ queryKey: ["span", traceId] });
    return [...new Set([opened.data, ...asked.map(([, detail]) => detail)])].flatMap((detail) => detail?.spans ?? []);
  }, [client, traceId, whole.data, opened.data]);
}

/** Everything known of a trace is out of date; what is on screen is asked again at once. */
export function useReloadTrace(traceId: string): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === traceId });
}

async function logsBySql(traceId: string, signal: AbortSignal): Promise<LogRecord[]> {
  const names = ["time", "severity_number", "severity_text", "event_name", "body", "span_id", "service_name", "attributes"];
  const query = `select ${names.join(", ")} from logs where trace_id = '${traceId.replaceAll("'", "")}' order by time limit 20000`;
  const answer = await runSql(query, signal);
  return answer.rows.map((row) => {
    const [time, severityNumber, severityText, eventName, body, spanId, service, attributes] = row;
    return {
      time: nanosecondsOf(String(time)),
      severity_number: Number(severityNumber ?? 0),
      severity_text: String(severityText ?? ""),
      event_name: String(eventName ?? ""),
      body,
      trace_id: traceId,
      span_id: String(spanId ?? ""),
      service_name: String(service ?? ""),
      attributes: (attributes ?? {}) as LogRecord["attributes"],
    };
  });
}

export function useMetricNames(internal: boolean) {
  return useQuery({
    queryKey: ["metrics", internal],
    queryFn: ({ signal }) => getJson<{ metrics: MetricInfo[] }>("/api/metrics", { internal }, signal),
    select: (answer) => answer.metrics,
    refetchInterval: 30_000,
  });
}

export async function runSql(query: string, signal?: AbortSignal, limit?: number): Promise<SqlAnswer> {
  const response = await postJson("/api/sql", { query, format: "json", ...(limit === undefined ? {} : { limit }) }, signal);
  return (await response.json()) as SqlAnswer;
}

/** Counted; where files hold a sample of their spans, asked once more as estimates, if there is such a statement. */
export async function runSqlByForm(counted: string, estimated: string | null, signal: AbortSignal, limit?: number): Promise<SqlAnswer> {
  const answer = await runSql(counted, signal, limit);
  return estimated !== null && (answer.stats.sampled_files ?? 0) > 0 ? { ...(await runSql(estimated, signal, limit)), isEstimated: true } : answer;
}

export function useTableColumns() {
  return useQuery({
    queryKey: ["sql-tables"],
    queryFn: ({ signal }) =>
      runSql("select table_name, column_name, data_type from information_schema.columns where table_schema <> 'information_schema' order by table_name, ordinal_position", signal, 10_000),
    select: tablesOf,
    staleTime: 300_000,
  });
}

export interface SqlTable {
  name: string;
  columns: { name: string; type: string }[];
}

function tablesOf(answer: SqlAnswer): SqlTable[] {
  const tables = new Map<string, SqlTable>();
  for (const [table, column, type] of answer.rows.map((row) => row.map(String))) {
    const known = tables.get(table) ?? { name: table, columns: [] };
    known.columns.push({ name: column, type });
    tables.set(table, known);
  }
  return [...tables.values()];
}
