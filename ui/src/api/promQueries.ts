// Owns asking PromQL: over time, at a moment, exemplars, labels and their values, small lines of many metrics. Never draws,
// and writes no PromQL: that is model/promQuery.
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { readRange } from "../model/instant";
import { SPARKS_TOGETHER, readSparks, sparksQuery, type Spark } from "../model/metricSparks";
import { readExemplars, readGrid, type ExemplarAnswer, type MatrixAnswer } from "../model/promAnswer";
import type { Matcher } from "../model/promQuery";
import { stepsOf, withSteps, type Steps } from "../model/promRange";
import { getJson, postForm } from "./client";
import type { MetricInfo } from "./types";

const API = "/prometheus/api/v1";
const LEAST_REFRESH_MS = 5000;
/** Each refresh asks for other moments, which is another answer: the old ones need not stay long. */
const KEPT_MS = 60_000;
const HOUR_MS = 3_600_000;

interface PromAnswer<T> {
  data: T;
  warnings?: string[];
}

/** The steps of a range, moving on while `refreshMs` is set; all charts that share them are asked for the same moments. */
export function useSteps(range: string, refreshMs: number | null, pointsMost?: number): { steps: Steps; refresh: () => void } {
  const [now, setNow] = useState(() => Date.now());
  const isMoving = refreshMs !== null && !range.includes("-");
  useEffect(() => {
    if (!isMoving) return;
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), Math.max(refreshMs, LEAST_REFRESH_MS));
    return () => clearInterval(timer);
  }, [isMoving, refreshMs]);
  const steps = useMemo(() => stepsOf(readRange(range, now) ?? { startMs: now - HOUR_MS, endMs: now }, pointsMost), [range, now, pointsMost]);
  return { steps, refresh: () => setNow(Date.now()) };
}

export async function askRange(query: string, steps: Steps, shiftMs: number, signal: AbortSignal) {
  const seconds = (ms: number): string => String((ms - shiftMs) / 1000);
  const answer = await postForm<PromAnswer<MatrixAnswer>>(`${API}/query_range`, { query: withSteps(query, steps), start: seconds(steps.startMs), end: seconds(steps.endMs), step: String(steps.stepMs / 1000) }, signal);
  return { grid: readGrid(answer.data, steps, shiftMs), warnings: answer.warnings ?? [] };
}

export interface RangeQuestion {
  /** Null asks nothing. */
  text: string | null;
  /** How much earlier than on the chart. */
  shiftMs?: number;
}

export function useRangeQueries(questions: readonly RangeQuestion[], steps: Steps) {
  return useQueries({
    queries: questions.map(({ text, shiftMs = 0 }) => ({
      queryKey: ["prom-range", text, shiftMs, steps],
      queryFn: ({ signal }: { signal: AbortSignal }) => askRange(text ?? "", steps, shiftMs, signal),
      enabled: text !== null,
      placeholderData: keepPreviousData,
      structuralSharing: false as const,
      gcTime: KEPT_MS,
    })),
  });
}

export type RangeResult = ReturnType<typeof useRangeQueries>[number];

/** At the end of the steps. */
export function askInstant(text: string, steps: Steps, signal: AbortSignal): Promise<MatrixAnswer> {
  return postForm<PromAnswer<MatrixAnswer>>(`${API}/query`, { query: withSteps(text, steps), time: String(steps.endMs / 1000) }, signal).then((answer) => answer.data);
}

export function useInstantQuery(text: string | null, steps: Steps) {
  return useQuery({
    queryKey: ["prom-instant", text, steps],
    queryFn: ({ signal }) => askInstant(text ?? "", steps, signal),
    enabled: text !== null,
    placeholderData: keepPreviousData,
    gcTime: KEPT_MS,
  });
}

export function useExemplars(text: string | null, steps: Steps) {
  return useQuery({
    queryKey: ["prom-exemplars", text, steps],
    queryFn: ({ signal }) => postForm<PromAnswer<ExemplarAnswer[]>>(`${API}/query_exemplars`, { query: withSteps(text ?? "", steps), start: String(steps.startMs / 1000), end: String(steps.endMs / 1000) }, signal),
    select: (answer) => readExemplars(answer.data),
    enabled: text !== null,
    placeholderData: keepPreviousData,
    gcTime: KEPT_MS,
  });
}

/** Labels of the series that a selector means; null asks for those of all. */
export function useLabelNames(selector: string | null, enabled = true) {
  return useQuery({
    queryKey: ["prom-labels", selector],
    queryFn: ({ signal }) => getJson<PromAnswer<string[]>>(`${API}/labels`, { "match[]": selector }, signal),
    select: (answer) => answer.data.filter((label) => label !== "__name__"),
    enabled,
    staleTime: 60_000,
  });
}

export function askLabelValues(label: string, selector: string | null, signal?: AbortSignal, limit?: number): Promise<string[]> {
  return getJson<PromAnswer<string[]>>(`${API}/label/${encodeURIComponent(label)}/values`, { "match[]": selector, limit }, signal).then((answer) => answer.data);
}

/** `matchers`, where there are any, are a list for each metric. */
export function useMetricSparks(metrics: readonly MetricInfo[], steps: Steps, matchers?: readonly (readonly Matcher[])[]): Map<string, Spark> {
  const chunks: { metrics: readonly MetricInfo[]; query: string }[] = [];
  for (let from = 0; from < metrics.length; from += SPARKS_TOGETHER) {
    const chunk = metrics.slice(from, from + SPARKS_TOGETHER);
    chunks.push({ metrics: chunk, query: sparksQuery(chunk, matchers?.slice(from, from + SPARKS_TOGETHER)) });
  }
  return useQueries({
    queries: chunks.map((chunk) => ({
      queryKey: ["prom-sparks", chunk.query, steps],
      queryFn: async ({ signal }: { signal: AbortSignal }) => readSparks(chunk.metrics, (await askRange(chunk.query, steps, 0, signal)).grid),
      structuralSharing: false as const,
      placeholderData: keepPreviousData,
      staleTime: 30_000,
    })),
    combine: (results) => new Map(results.flatMap((result) => [...(result.data ?? [])])),
  });
}
