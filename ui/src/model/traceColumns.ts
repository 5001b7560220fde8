// Owns which columns the list of traces shows and by which one it is ordered: in the address, otherwise as last chosen
// in this browser. Sorting is among the traces that are loaded; the server knows one order, newest first. Never draws.
import type { TraceSummary } from "../api/types";

export const TRACE_COLUMNS = ["start", "root", "duration", "spans", "errors", "services", "traceId"] as const;
export type TraceColumn = (typeof TRACE_COLUMNS)[number];

/** Without these a row says nothing. */
const ALWAYS: readonly TraceColumn[] = ["start", "root"];
const USUAL: readonly TraceColumn[] = ["start", "root", "duration", "spans", "errors", "services"];
const KEY = "spanlake.traceColumns";

export const OPTIONAL_COLUMNS = TRACE_COLUMNS.filter((column) => !ALWAYS.includes(column));

export function readColumns(text: string | null): TraceColumn[] {
  if (text === null) return [...USUAL];
  const wanted = text.split(",");
  return TRACE_COLUMNS.filter((column) => ALWAYS.includes(column) || wanted.includes(column));
}

/** Beside other columns of the page there is no room for these, and the root is worth more than all of them. */
const FIRST_TO_GO: readonly TraceColumn[] = ["services", "traceId", "spans"];
const ROOMY_PX = 820;
const TIGHT_PX = 560;

/** Of the chosen columns those that fit a list of this width; before it is known, all. */
export function fittingColumns(columns: readonly TraceColumn[], widthPx: number): readonly TraceColumn[] {
  if (widthPx === 0 || widthPx >= ROOMY_PX) return columns;
  const gone = widthPx >= TIGHT_PX ? FIRST_TO_GO.slice(0, 2) : FIRST_TO_GO;
  return columns.filter((column) => !gone.includes(column));
}

export function rememberedColumns(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** The text for the address after one column was put in or taken out; it is also remembered. */
export function toggledColumns(shown: readonly TraceColumn[], column: TraceColumn): string {
  const next = TRACE_COLUMNS.filter((one) => !ALWAYS.includes(one) && (one === column ? !shown.includes(one) : shown.includes(one)));
  // A list without any of them is written as its first column, which is always there.
  const text = next.length === 0 ? ALWAYS[0] : next.join(",");
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // Without storage the address alone knows.
  }
  return text;
}

export const SORTABLE = ["start", "root", "duration", "spans", "errors"] as const;
export type SortColumn = (typeof SORTABLE)[number];

export interface TraceSort {
  column: SortColumn;
  descending: boolean;
}

export const NEWEST_FIRST: TraceSort = { column: "start", descending: true };

/** `-duration`; `slowest` is what earlier links say. */
export function readTraceSort(text: string | null): TraceSort {
  if (text === "slowest") return { column: "duration", descending: true };
  const descending = text?.startsWith("-") ?? false;
  const column = SORTABLE.find((one) => one === text?.slice(descending ? 1 : 0));
  return column ? { column, descending } : NEWEST_FIRST;
}

export function nextTraceSort(sort: TraceSort, column: SortColumn): string | null {
  const descending = sort.column === column ? !sort.descending : column !== "root";
  return column === "start" && descending ? null : `${descending ? "-" : ""}${column}`;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareBy(column: SortColumn, a: TraceSummary, b: TraceSummary): number {
  switch (column) {
    case "start":
      return compareText(a.start_time.padStart(20, "0"), b.start_time.padStart(20, "0"));
    case "root":
      return compareText(a.root_service, b.root_service) || compareText(a.root_name, b.root_name);
    case "duration":
      return Number(a.duration) - Number(b.duration);
    case "spans":
      return a.span_count - b.span_count;
    case "errors":
      return a.error_count - b.error_count;
  }
}

/** Those that are equal stay in the order of the server. */
export function sortTraces(traces: readonly TraceSummary[], sort: TraceSort): readonly TraceSummary[] {
  if (sort.column === "start" && sort.descending) return traces;
  const sign = sort.descending ? -1 : 1;
  return [...traces].sort((a, b) => sign * compareBy(sort.column, a, b));
}
