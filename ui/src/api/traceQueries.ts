// Owns the server state of the list of traces and of what stands beside it: pages of traces, counts by attribute, the
// heatmap, what is different about a selection. Never draws. What a server does not know yet is simply missing.
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { heatmapOf } from "../layout/heatmap";
import { selectionParameters, type HeatSelection } from "../model/heatSelection";
import { nanosecondsText } from "../model/instant";
import { learnServices } from "../model/serviceColour";
import { conditionsOf, isMoving, windowOf, type AskedWindow, type TraceFilter } from "../model/traceFilter";
import { ApiError, getJson } from "./client";
import type { CompareAnswer, FacetsAnswer, HeatmapAnswer, TraceList } from "./types";

/** The list is asked every two seconds while live; what reads every span of the range, less often. */
const LIVE_MS = 2000;
const LIVE_COUNTS_MS = 10_000;

/** An older server takes the last part of the route for the id of a trace, and refuses or misses it. */
export function isNotOffered(error: unknown): boolean {
  return error instanceof ApiError && [400, 404, 405].includes(error.status);
}

interface Page {
  list: TraceList;
  /** A cursor belongs to its window: the pages that follow ask for the same one. */
  window: AskedWindow;
}

interface PageStart {
  cursor: string;
  window: AskedWindow;
}

async function tracePage(filter: TraceFilter, from: PageStart | null, signal: AbortSignal): Promise<Page> {
  const window = from?.window ?? windowOf(filter.range, Date.now());
  const list = await getJson<TraceList>("/api/traces", { ...conditionsOf(filter), ...window, limit: filter.limit, cursor: from?.cursor }, signal);
  learnServices(list.traces.flatMap((trace) => trace.services.map((service) => service.name)));
  return { list, window };
}

/** One page of traces: for offering a few of them. */
export function useTraces(filter: TraceFilter, live: boolean, isWanted = true) {
  return useQuery({
    queryKey: ["traces", filter],
    queryFn: async ({ signal }) => (await tracePage(filter, null, signal)).list,
    enabled: isWanted,
    placeholderData: keepPreviousData,
    refetchInterval: live ? LIVE_MS : false,
    staleTime: 1000,
  });
}

/** The list page by page. Live as long as there is one page: news would push traces from one page to the next. */
export function useTracePages(filter: TraceFilter, live: boolean) {
  const client = useQueryClient();
  const queryKey = ["trace-pages", filter];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ signal, pageParam }) => tracePage(filter, pageParam, signal),
    initialPageParam: null as PageStart | null,
    getNextPageParam: ({ list, window }): PageStart | null => (list.next_cursor === null ? null : { cursor: list.next_cursor, window }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (live && (state.data?.pages.length ?? 1) === 1 ? LIVE_MS : false),
    staleTime: 1000,
  });
  const backToFirst = (): void => {
    client.setQueryData<InfiniteData<Page, PageStart | null>>(queryKey, (data) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) });
    void query.refetch();
  };
  return { ...query, backToFirst };
}

/** With both its ends, so that a picture has them too. */
function wholeWindow(range: string): AskedWindow {
  const now = Date.now();
  const window = windowOf(range, now);
  return { start: window.start, end: window.end ?? nanosecondsText(now) };
}

/** How many rows of cells the heatmap asks for. */
export const HEAT_ROWS = 20;

export function useTraceHeatmap(filter: TraceFilter, columns: number, live: boolean) {
  return useQuery({
    queryKey: ["trace-heatmap", { ...filter, limit: 0 }, columns],
    queryFn: async ({ signal }) => {
      const answer = await getJson<HeatmapAnswer>("/api/traces/heatmap", { ...conditionsOf(filter), ...wholeWindow(filter.range), columns, rows: HEAT_ROWS }, signal);
      return { ...heatmapOf(answer), stats: answer.stats };
    },
    enabled: columns > 0,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (live && isMoving(filter.range) && state.status !== "error" ? LIVE_COUNTS_MS : false),
    structuralSharing: false,
  });
}

/** `keys` empty: those that the server thinks most useful. */
export function useTraceFacets(filter: TraceFilter, keys: readonly string[] | null, live: boolean, isWanted: boolean) {
  return useQuery({
    queryKey: ["trace-facets", { ...filter, limit: 0 }, keys],
    queryFn: async ({ signal }) => {
      const answer = await getJson<FacetsAnswer>("/api/traces/facets", { ...conditionsOf(filter), ...wholeWindow(filter.range), keys: keys?.join(","), limit: 20 }, signal);
      learnServices(answer.facets.filter((facet) => facet.key === "service").flatMap((facet) => facet.values.map((one) => one.value)));
      return answer;
    },
    enabled: isWanted && (keys === null || keys.length > 0),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (live && isMoving(filter.range) && state.status !== "error" ? LIVE_COUNTS_MS : false),
  });
}

export function useTraceCompare(filter: TraceFilter, selection: HeatSelection | null) {
  return useQuery({
    queryKey: ["trace-compare", { ...filter, limit: 0 }, selection],
    queryFn: ({ signal }) => getJson<CompareAnswer>("/api/traces/compare", { ...conditionsOf(filter), ...wholeWindow(filter.range), ...(selection ? selectionParameters(selection) : {}) }, signal),
    enabled: selection !== null,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}
