// Owns the server state of the list of traces and of what stands beside it: pages of traces, counts by attribute, the
// heatmap, what is different about a selection. Never draws. What a server does not know yet is simply missing.
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { heatmapOf } from "../layout/heatmap";
import { selectionParameters, type HeatSelection } from "../model/heatSelection";
import { nanosecondsText } from "../model/instant";
import { learnServices } from "../model/serviceColour";
import { conditionsOf, isMoving, windowOf, type AskedWindow, type TraceFilter } from "../model/traceFilter";
import { ApiError, getJson, type Parameters } from "./client";
import { fetchTraceList, type FoundSoFar, type ListPage } from "./traceListStream";
import type { CompareAnswer, FacetsAnswer, HeatmapAnswer, TraceList } from "./types";

/** The list is asked every two seconds while live; what reads every span of the range, less often. */
const LIVE_MS = 2000;
const LIVE_COUNTS_MS = 10_000;
/** A live list whose search takes long rests for as many times as long, so that the server does other things as well. */
const LIVE_REST = 3;

/** An older server takes the last part of the route for the id of a trace, and refuses or misses it. */
export function isNotOffered(error: unknown): boolean {
  return error instanceof ApiError && [400, 404, 405].includes(error.status);
}

interface Page {
  list: ListPage;
  /** A cursor belongs to its window: the pages that follow ask for the same one. */
  window: AskedWindow;
  tookMs: number;
}

interface PageStart {
  cursor: string | undefined;
  window: AskedWindow;
}

type Fetched = (parameters: Parameters, signal: AbortSignal) => Promise<ListPage>;

async function tracePage(filter: TraceFilter, from: PageStart | null, signal: AbortSignal, fetched: Fetched): Promise<Page> {
  const window = from?.window ?? windowOf(filter.range, Date.now());
  const begun = performance.now();
  const list = await fetched({ ...conditionsOf(filter), ...window, limit: filter.limit, cursor: from?.cursor }, signal);
  learnServices(list.traces.flatMap((trace) => trace.services.map((service) => service.name)));
  return { list, window, tookMs: performance.now() - begun };
}

/** A search that was ended has no cursor; its window before what it has seen is where it goes on. */
function startOfNext({ list, window }: Page): PageStart | null {
  if (list.isStopped) return { cursor: undefined, window: { ...window, end: list.searched_back_to ?? window.end } };
  return list.next_cursor === null ? null : { cursor: list.next_cursor, window };
}

/** One page of traces: for offering a few of them. */
export function useTraces(filter: TraceFilter, live: boolean, isWanted = true) {
  return useQuery({
    queryKey: ["traces", filter],
    queryFn: async ({ signal }) => (await tracePage(filter, null, signal, (parameters, ending) => getJson<TraceList>("/api/traces", parameters, ending))).list,
    enabled: isWanted,
    placeholderData: keepPreviousData,
    refetchInterval: live ? LIVE_MS : false,
    staleTime: 1000,
  });
}

/** Traces among which the longest is looked for, from the newest on. */
const LONGEST_AMONG = 500;

export async function longestTrace(filter: TraceFilter): Promise<string | null> {
  const { traces } = await getJson<TraceList>("/api/traces", { ...conditionsOf(filter), ...windowOf(filter.range, Date.now()), limit: LONGEST_AMONG });
  const [first, ...others] = traces;
  return first ? others.reduce((longest, trace) => (Number(trace.duration) > Number(longest.duration) ? trace : longest), first).trace_id : null;
}

/**
 * The list page by page. Live as long as there is one page: news would push traces from one page to the next. `found` is
 * what a search that takes its time has found so far, and belongs behind the pages that there are, or in their place.
 */
export function useTracePages(filter: TraceFilter, live: boolean) {
  const client = useQueryClient();
  const queryKey = ["trace-pages", filter];
  const foundKey = ["trace-pages-found", filter];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ signal, pageParam }) => {
      client.setQueryData<FoundSoFar | null>(foundKey, null);
      return tracePage(filter, pageParam, signal, (parameters, ending) => fetchTraceList(parameters, ending, (found) => client.setQueryData<FoundSoFar | null>(foundKey, found)));
    },
    initialPageParam: null as PageStart | null,
    getNextPageParam: startOfNext,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => {
      const [first, ...more] = state.data?.pages ?? [];
      return live && more.length === 0 && !first?.list.isStopped ? Math.max(LIVE_MS, LIVE_REST * (first?.tookMs ?? 0)) : false;
    },
    staleTime: 1000,
  });
  const found = useQuery<FoundSoFar | null>({ queryKey: foundKey, enabled: false, structuralSharing: false, gcTime: 0 }).data ?? null;
  const isInstead = query.isPlaceholderData || !query.data || query.data.pages[0]?.list.isStopped === true;
  const isSearching = query.isFetching && (isInstead || query.isFetchingNextPage);
  // What was found before a search failed stays.
  const isShown = isSearching || query.isFetchNextPageError || (query.isError && !query.data);
  const backToFirst = (): void => {
    client.setQueryData<InfiniteData<Page, PageStart | null>>(queryKey, (data) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) });
    void query.refetch();
  };
  return { ...query, found: isShown ? found : null, isSearching, isFoundInstead: isInstead && !query.isFetchingNextPage, backToFirst };
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
