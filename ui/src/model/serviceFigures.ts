// Owns what the pages of services make of answers: figures of services and operations, counts over time, versions,
// calls; and ordering them. Never sends a statement and never draws.
import type { TimeRange } from "./instant";
import { stepStarts } from "../layout/timeSteps";
import { cellReader } from "./logRows";
import { cellNumber, type SqlAnswer } from "./sqlResult";

export interface Figures {
  /** Service, or operation of a service. */
  name: string;
  /** Empty for services. */
  kind: string;
  requests: number;
  errors: number;
  /** Nanoseconds; null where there were none. */
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** Where the figures are estimates of a sample: between what the requests are with 95 %; null where it sets no upper end. */
  interval?: [number, number | null];
}

const text = (cell: unknown): string => (cell === null || cell === undefined ? "" : String(cell));

export function readFigures(answer: SqlAnswer): Figures[] {
  const cell = cellReader(answer);
  return answer.rows.map((row) => ({
    name: text(cell(row, "service_name") ?? cell(row, "name")),
    kind: text(cell(row, "kind")),
    requests: cellNumber(cell(row, "requests")) ?? 0,
    errors: cellNumber(cell(row, "errors")) ?? 0,
    p50: cellNumber(cell(row, "p50")),
    p95: cellNumber(cell(row, "p95")),
    p99: cellNumber(cell(row, "p99")),
    ...interval(cell(row, "requests_low"), cell(row, "requests_high")),
  }));
}

function interval(low: unknown, high: unknown): { interval?: [number, number | null] } {
  const least = cellNumber(low);
  return least === null ? {} : { interval: [least, cellNumber(high)] };
}

export interface Counts {
  requests: number[];
  errors: number[];
}

export function figuresKey(figures: { name: string; kind: string }): string {
  return `${figures.kind}\u0000${figures.name}`;
}

/** Counts by step of everything that has a name; steps without any are zero. */
export function readCounts(answer: SqlAnswer, range: TimeRange, stepMs: number): Map<string, Counts> {
  const steps = stepStarts(range.startMs, range.endMs, stepMs);
  const cell = cellReader(answer);
  const all = new Map<string, Counts>();
  for (const row of answer.rows) {
    const key = figuresKey({ name: text(cell(row, "service_name") ?? cell(row, "name")), kind: text(cell(row, "kind")) });
    let counts = all.get(key);
    if (!counts) all.set(key, (counts = { requests: new Array<number>(steps.length).fill(0), errors: new Array<number>(steps.length).fill(0) }));
    const step = Math.round((Date.parse(text(cell(row, "bucket"))) - steps[0]) / stepMs);
    if (!(step >= 0 && step < steps.length)) continue;
    counts.requests[step] += cellNumber(cell(row, "requests")) ?? 0;
    counts.errors[step] += cellNumber(cell(row, "errors")) ?? 0;
  }
  return all;
}

export interface ServiceOverTime {
  seconds: number[];
  /** Per second. */
  requests: (number | null)[];
  errors: (number | null)[];
  /** Nanoseconds; null where there was nothing to measure. */
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
  /** Of estimates of a sample: bounds of the lines above, by their names. */
  bounds?: Record<"requests" | "errors" | "p50" | "p95" | "p99", { low: (number | null)[]; high: (number | null)[] }>;
}

/** The step in which the range ends has only begun: its rate is of the time that has passed. */
export function readOverTime(answer: SqlAnswer, range: TimeRange, stepMs: number): ServiceOverTime {
  const steps = stepStarts(range.startMs, range.endMs, stepMs);
  const cell = cellReader(answer);
  const byStep = new Map(answer.rows.map((row) => [Math.round((Date.parse(text(cell(row, "bucket"))) - steps[0]) / stepMs), row]));
  const column = (name: string, whenNone: number | null) => steps.map((_, step) => {
    const row = byStep.get(step);
    return row ? cellNumber(cell(row, name)) : whenNone;
  });
  const seconds = steps.map((start) => Math.max(Math.min(start + stepMs, range.endMs) - Math.max(start, range.startMs), 1) / 1000);
  const perSecond = (name: string) => column(name, 0).map((count, step) => (count === null ? null : count / seconds[step]));
  const overTime = { seconds: steps.map((start) => start / 1000), requests: perSecond("requests"), errors: perSecond("errors"), p50: column("p50", null), p95: column("p95", null), p99: column("p99", null) };
  if (!answer.columns.some((one) => one.name === "requests_low")) return overTime;
  const rateBounds = (name: string) => ({ low: perSecond(`${name}_low`), high: perSecond(`${name}_high`) });
  const durationBounds = (name: string) => ({ low: column(`${name}_low`, null), high: column(`${name}_high`, null) });
  return { ...overTime, bounds: { requests: rateBounds("requests"), errors: rateBounds("errors"), p50: durationBounds("p50"), p95: durationBounds("p95"), p99: durationBounds("p99") } };
}

export interface Version {
  name: string;
  firstMs: number;
  lastMs: number;
  spans: number;
}

export function readVersions(answer: SqlAnswer): Version[] {
  const cell = cellReader(answer);
  return answer.rows
    .map((row) => ({ name: text(cell(row, "service_version")), firstMs: Date.parse(text(cell(row, "first_seen"))), lastMs: Date.parse(text(cell(row, "last_seen"))), spans: cellNumber(cell(row, "spans")) ?? 0 }))
    .filter((version) => Number.isFinite(version.firstMs));
}

/** Versions that were first seen within the range, not just with it: those were deployed while we watched. */
export function deployments(versions: readonly Version[], range: TimeRange, stepMs: number): Version[] {
  return versions.filter((version) => version.name !== "" && version.firstMs > range.startMs + 2 * stepMs);
}

export interface Calls {
  peer: string;
  calls: number;
  errors: number;
  p95: number | null;
}

export function readCalls(answer: SqlAnswer): Calls[] {
  const cell = cellReader(answer);
  return answer.rows.map((row) => ({ peer: text(cell(row, "peer")), calls: cellNumber(cell(row, "calls")) ?? 0, errors: cellNumber(cell(row, "errors")) ?? 0, p95: cellNumber(cell(row, "p95")) }));
}

export const FIGURE_COLUMNS = ["name", "requests", "errors", "p50", "p95", "p99"] as const;
export type FigureColumn = (typeof FIGURE_COLUMNS)[number];

export interface FigureSort {
  column: FigureColumn;
  descending: boolean;
}

/** `-p95` is the slowest first; anything unknown is the busiest first. */
export function readFigureSort(sortText: string | null): FigureSort {
  const descending = sortText?.startsWith("-") ?? false;
  const column = FIGURE_COLUMNS.find((name) => name === sortText?.slice(descending ? 1 : 0));
  return column ? { column, descending } : { column: "requests", descending: true };
}

export function nextFigureSort(sort: FigureSort, column: FigureColumn): string | null {
  const next = sort.column === column ? { column, descending: !sort.descending } : { column, descending: column !== "name" };
  return next.column === "requests" && next.descending ? null : `${next.descending ? "-" : ""}${next.column}`;
}

export function sortFigures(figures: readonly Figures[], { column, descending }: FigureSort): Figures[] {
  const sign = descending ? -1 : 1;
  const compareNames = (a: Figures, b: Figures): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const value = (one: Figures): number => (column === "errors" ? errorShare(one) : column === "name" ? 0 : (one[column] ?? -1));
  return [...figures].sort((a, b) => sign * (column === "name" ? compareNames(a, b) : value(a) - value(b)) || b.requests - a.requests || compareNames(a, b));
}

export function errorShare({ requests, errors }: { requests: number; errors: number }): number {
  return requests === 0 ? 0 : errors / requests;
}

const TOP = 5;

export function slowest(figures: readonly Figures[]): Figures[] {
  return sortFigures(figures.filter((one) => one.p95 !== null), { column: "p95", descending: true }).slice(0, TOP);
}

export function mostFailing(figures: readonly Figures[]): Figures[] {
  return [...figures].filter((one) => one.errors > 0).sort((a, b) => b.errors - a.errors || errorShare(b) - errorShare(a)).slice(0, TOP);
}
