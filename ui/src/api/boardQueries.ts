// Owns asking for what the panels and variables of a dashboard show. Never draws.
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ASKS_AT_ONCE, OF_BUCKETS, type Board, type Panel } from "../model/board";
import { marksOfGrid, marksOfRows, type Mark } from "../model/boardAnnotations";
import { barsFromVectors, frameFromGrid, frameFromSql, mergeFrames, tableFromVectors, type Frame } from "../model/boardData";
import { chosenOf, writeChosen, withPromVariables, withSqlVariables, withTextVariables, type Chosen, type ChosenValues } from "../model/boardVariables";
import { fromClassicBuckets, type HistogramSeries } from "../model/promAnswer";
import type { Steps } from "../model/promRange";
import { cellText, type SqlAnswer } from "../model/sqlResult";
import { frameFromTraceql, vectorFromTraceql } from "../model/traceqlSeries";
import { learnServices } from "../model/serviceColour";
import { nanosecondsText } from "../model/instant";
import { getJson } from "./client";
import { inTurn } from "./inTurn";
import { texts } from "../texts";
import { useLiveRanges, useLiveVectors } from "./liveQueries";
import { askInstant, askLabelValues, askRange } from "./promQueries";
import { runSql, runSqlByForm } from "./queries";
import { askTraceqlInstant, askTraceqlRange } from "./traceqlQueries";
import type { TraceList } from "./types";

const KEPT_MS = 60_000;
const VALUES_MOST = 1000;
/** Panels ask from the top down, so many at a time: all at once would share the server's cores, and all come late. */
const askInTurn = inTurn(4);
/** More values of a variable are no choice, and too long a statement where all are meant. */
const OPTIONS_MOST = 10_000;

export interface BoardVariableState {
  options: string[];
  chosen: Chosen;
  error: Error | null;
  isPending: boolean;
}

/** Values of each variable; a later one is asked with what was chosen of those before it. */
export function useBoardVariables(board: Board, address: URLSearchParams, steps: Steps): Record<string, BoardVariableState> {
  const variables = board.variables ?? [];
  const results = useQueries({
    queries: variables.map((variable) => {
      const before = Object.fromEntries(variables.slice(0, variables.indexOf(variable)).map((one): [string, Chosen] => {
        const given = address.get(`var-${one.name}`) ?? (one.default ? writeChosen(one.default) : null);
        // Where nobody has chosen yet, nothing is narrowed.
        return [one.name, given === null ? { values: [], isAll: true } : chosenOf(one, given, [])];
      }));
      const metric = variable.metric ? withPromVariables(variable.metric, before) : null;
      const statement = variable.query ? withSqlVariables(variable.query, before, steps) : "";
      const isSql = variable.kind === "sql";
      return {
        queryKey: ["board-variable", variable.kind, variable.label, metric, isSql ? (variable.query ?? "") : "", JSON.stringify(before)],
        queryFn: async ({ signal }: { signal: AbortSignal }): Promise<string[]> => {
          if (variable.kind === "label") return askLabelValues(variable.label ?? "", metric, signal, OPTIONS_MOST);
          if (isSql) return [...new Set((await runSql(statement, signal, VALUES_MOST)).rows.map((row) => cellText(row[0])))];
          return [];
        },
        // What stands in the document is not asked for.
        enabled: variable.kind === "label" || isSql,
        staleTime: KEPT_MS,
      };
    }),
  });
  return Object.fromEntries(variables.map((variable, place) => {
    const options = (variable.kind === "list" ? variable.values : results[place].data)?.slice(0, OPTIONS_MOST) ?? [];
    return [variable.name, { options, chosen: chosenOf(variable, address.get(`var-${variable.name}`), options), error: results[place].error, isPending: results[place].isPending && results[place].fetchStatus !== "idle" }];
  }));
}

/** What the annotations of a board mark in the range; one that fails marks nothing. */
export function useBoardMarks(board: Board, chosen: ChosenValues, steps: Steps, isReady: boolean): readonly Mark[] {
  const results = useQueries({
    queries: (board.annotations ?? []).map(({ title, sql, promql }) => {
      const statement = sql === undefined ? null : withSqlVariables(sql, chosen, steps);
      const expression = promql === undefined ? null : withPromVariables(promql, chosen);
      return {
        queryKey: ["board-marks", title, statement, expression, steps],
        queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Mark[]> =>
          statement === null ? marksOfGrid((await askRange(expression ?? "", steps, 0, signal)).grid, title) : marksOfRows(await runSql(statement, signal, 1000), title),
        enabled: isReady,
        placeholderData: keepPreviousData,
        gcTime: KEPT_MS,
      };
    }),
  });
  const found = results.map((one) => one.data ?? NO_MARKS);
  // The same list as long as its parts are the same: charts are drawn anew when it changes.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => (found.every((one) => one.length === 0) ? NO_MARKS : found.flat()), [JSON.stringify(found)]);
}

const NO_MARKS: Mark[] = [];

export interface PanelAnswer {
  frame: Frame | null;
  /** The query of each series of the frame, by place. */
  queryOf: number[];
  table: SqlAnswer | null;
  histogram: { seconds: number[]; histogram: HistogramSeries } | null;
  isPending: boolean;
  isStale: boolean;
  /** Spans of some file were sampled out: the figures are estimates, or count what was kept. */
  sampling: Sampling | null;
  error: Error | null;
}

export type Sampling = "estimated" | "kept";

type Part = { frame: Frame; histogram: HistogramSeries | null; sampling?: Sampling | null } | { table: SqlAnswer; sampling?: Sampling | null } | { vector: Awaited<ReturnType<typeof askInstant>> };

/** The text as it is sent; null where there is none. */
export function panelTexts(panel: Panel, chosen: ChosenValues, steps: Steps): { promql: string | null; sql: string | null; estimated: string | null; traceql: string | null }[] {
  return (panel.queries ?? []).map((query) => ({
    promql: query.promql?.trim() ? withPromVariables(query.promql, chosen) : null,
    sql: query.sql?.trim() ? withSqlVariables(query.sql, chosen, steps) : null,
    estimated: query.estimated?.trim() ? withSqlVariables(query.estimated, chosen, steps) : null,
    // Its texts and regular expressions are quoted as in PromQL.
    traceql: query.traceql?.trim() ? withPromVariables(query.traceql, chosen) : null,
  }));
}

export function usePanelAnswer(panel: Panel, steps: Steps, chosen: ChosenValues, isWanted: boolean, liveSteps: Steps | null = null): PanelAnswer {
  const isAtOnce = ASKS_AT_ONCE.includes(panel.kind);
  const isRows = isAtOnce || panel.kind === "logs";
  const asked = panelTexts(panel, chosen, steps);
  // One chart has one grid of times: SQL among the queries is asked for, and the rest with it.
  const isLive = liveSteps !== null && asked.length > 0 && asked.every(({ promql }) => promql !== null);
  const live = useLiveParts(panel, isLive && isWanted ? asked.map(({ promql }) => promql) : [], liveSteps);
  const results = useQueries({
    queries: asked.map(({ promql, sql, estimated, traceql }, place) => ({
      queryKey: ["panel", isAtOnce, isRows, promql, sql, estimated, traceql, panel.queries?.[place].perSecond ?? false, panel.queries?.[place].zero ?? false, steps],
      queryFn: ({ signal }: { signal: AbortSignal }): Promise<Part> => askInTurn(signal, async () => {
        if (sql !== null) {
          const answer = await runSqlByForm(sql, estimated, signal, 10_000);
          const sampling = answer.isEstimated ? "estimated" : answer.warning !== undefined ? "kept" : null;
          return isRows ? { table: answer, sampling } : { sampling, frame: frameFromSql(answer, { grid: steps, perSecond: panel.queries?.[place].perSecond ?? false, zero: panel.queries?.[place].zero ?? false }), histogram: null };
        }
        if (traceql !== null) {
          if (isAtOnce) return { vector: vectorFromTraceql(await askTraceqlInstant(traceql, steps, signal), steps.endMs) };
          return { frame: frameFromTraceql(await askTraceqlRange(traceql, steps, signal), steps), histogram: null };
        }
        if (isAtOnce) return { vector: await askInstant(promql ?? "", steps, signal) };
        const { grid } = await askRange(promql ?? "", steps, 0, signal);
        return { frame: frameFromGrid(grid), histogram: grid.histograms[0] ?? (OF_BUCKETS.includes(panel.kind) ? fromClassicBuckets(grid.series) : null) };
      }),
      enabled: isWanted && !isLive && (promql !== null || sql !== null || traceql !== null),
      placeholderData: keepPreviousData,
      structuralSharing: false as const,
      gcTime: KEPT_MS,
    })),
    combine: (all) => ({ parts: all.map((one) => one.data ?? null), error: all.find((one) => one.error)?.error ?? null, isPending: all.some((one) => one.isPending && one.fetchStatus !== "idle"), isStale: all.some((one) => one.isPlaceholderData) }),
  });
  if (isLive && isWanted) return { ...joined(panel, live.parts), error: live.error, isPending: live.parts.every((part) => part === null) && live.error === null, isStale: false };
  return { ...joined(panel, results.parts), error: results.error, isPending: results.isPending, isStale: results.isStale };
}

/** The same parts, told as they change. */
function useLiveParts(panel: Panel, queries: readonly (string | null)[], steps: Steps | null): { parts: (Part | null)[]; error: Error | null } {
  const isAtOnce = ASKS_AT_ONCE.includes(panel.kind);
  const questions = queries.map((text) => ({ text }));
  const ranges = useLiveRanges(isAtOnce ? [] : questions, steps, texts.explorer.someToldSeries);
  const vectors = useLiveVectors(isAtOnce ? questions : [], steps);
  const error = [...ranges, ...vectors].find((one) => one.error)?.error ?? null;
  if (isAtOnce) return { parts: vectors.map(({ vector }) => (vector ? { vector } : null)), error };
  const parts = ranges.map(({ data }): Part | null => (data ? { frame: frameFromGrid(data.grid), histogram: data.grid.histograms[0] ?? (OF_BUCKETS.includes(panel.kind) ? fromClassicBuckets(data.grid.series) : null) } : null));
  return { parts, error };
}

function joined(panel: Panel, parts: readonly (Part | null)[]): Pick<PanelAnswer, "frame" | "queryOf" | "table" | "histogram" | "sampling"> {
  const frames = parts.flatMap((part, place) => (part && "frame" in part ? [{ part, place }] : []));
  const vectors = parts.flatMap((part, place) => (part && "vector" in part ? [{ answer: part.vector, name: String.fromCharCode(65 + place), legend: panel.queries?.[place]?.legend ?? "" }] : []));
  const table = parts.find((part): part is { table: SqlAnswer } => part !== null && "table" in part)?.table ?? null;
  const heat = frames.find(({ part }) => part.histogram);
  return {
    frame: frames.length === 0 ? null : mergeFrames(frames.map(({ part }) => part.frame)),
    queryOf: frames.flatMap(({ part, place }) => part.frame.series.map(() => place)),
    table: table ?? (panel.kind === "bar" && (vectors.length > 1 || vectors[0]?.legend) ? barsFromVectors(vectors.map((one) => ({ ...one, letter: one.name }))) : vectors.length > 0 ? tableFromVectors(vectors.map((one) => ({ ...one, name: columnName(one, vectors.length) }))) : null),
    sampling: samplingOf(parts),
    histogram: heat?.part.histogram ? { seconds: heat.part.frame.seconds, histogram: heat.part.histogram } : null,
  };
}

/** Of a panel's queries the one that says least. */
function samplingOf(parts: readonly (Part | null)[]): Sampling | null {
  const said = parts.map((part) => (part && "sampling" in part ? part.sampling : null));
  return said.includes("kept") ? "kept" : said.includes("estimated") ? "estimated" : null;
}

/** Of a table's values: what the legend says of all of them, else the letter of the query. */
function columnName({ legend, name }: { legend: string; name: string }, queries: number): string {
  if (legend !== "" && !legend.includes("{{")) return legend;
  return queries === 1 ? "value" : name;
}

export function usePanelTraces(panel: Panel, steps: Steps, chosen: ChosenValues, isWanted: boolean) {
  const query = panel.traces ?? {};
  const fill = (text: string | undefined): string | undefined => {
    const filled = text === undefined ? undefined : withTextVariables(text, chosen);
    return filled === "*" || filled === "" ? undefined : filled;
  };
  const parameters = { service: fill(query.service), operation: fill(query.operation), status: query.status, filter: fill(query.filter), min_duration: query.min_duration, limit: query.limit ?? 20 };
  return useQuery({
    queryKey: ["panel-traces", parameters, steps],
    queryFn: ({ signal }) => askInTurn(signal, async () => {
      const list = await getJson<TraceList>("/api/traces", { ...parameters, start: nanosecondsText(steps.startMs), end: nanosecondsText(steps.endMs + steps.stepMs) }, signal);
      learnServices(list.traces.flatMap((trace) => trace.services.map((service) => service.name)));
      return list.traces;
    }),
    enabled: isWanted,
    placeholderData: keepPreviousData,
    gcTime: KEPT_MS,
  });
}
