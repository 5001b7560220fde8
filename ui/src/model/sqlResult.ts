// Owns what the page makes of a statement's answer: which columns are ids, times and numbers, and which make a chart.
// Never sends a statement and never draws.

export interface SqlColumn {
  name: string;
  type: string;
}

export type SqlCell = unknown;

export interface SqlAnswer {
  columns: SqlColumn[];
  rows: SqlCell[][];
  /** Of an answer with too many rows to hold each: `rows` are then its first ones. */
  whole?: { count: number; rowAt: (row: number) => SqlCell[] };
  stats: { rows: number; truncated: boolean; elapsed_ms: number; files_read?: number; files_total?: number; bytes_scanned?: number; row_groups_pruned?: number; cache_hits?: number; cache_misses?: number; sampled_files?: number };
  /** What to know of the answer: its rows are a sample. */
  warning?: string;
  /** It was asked with weights, as a plain count would have been of a sample. */
  isEstimated?: boolean;
}

export type ColumnRole = "trace" | "span" | "time" | "duration" | "number" | "text";

export function columnRole(column: SqlColumn): ColumnRole {
  const name = column.name.toLowerCase();
  if (name === "trace_id") return "trace";
  if (name === "span_id" || name === "parent_span_id") return "span";
  if (/^timestamp|^date/i.test(column.type)) return "time";
  if (/^u?int\d+$|^float\d+$|^decimal/i.test(column.type)) return /(^|_)duration(_ns)?$/.test(name) ? "duration" : "number";
  return "text";
}

/** How a cell is written; `null` is told apart from an empty text. */
export function cellText(cell: SqlCell): string {
  if (cell === null || cell === undefined) return "null";
  if (typeof cell === "object") return JSON.stringify(cell);
  return String(cell);
}

/** A number that can be charted: also 64-bit integers that came as text. */
export function cellNumber(cell: SqlCell): number | null {
  if (typeof cell === "number") return cell;
  if (typeof cell === "string" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell)) return Number(cell);
  return null;
}

export interface ChartPlan {
  kind: "line" | "bar";
  x: number;
  values: number[];
}

const MOST_SERIES = 8;
const MOST_BARS = 60;

/** A time and a number make a line; a text and a number make bars, if they are few; otherwise there is no chart. */
export function planChart(answer: SqlAnswer): ChartPlan | null {
  if (answer.rows.length < 2 || answer.whole) return null;
  const roles = answer.columns.map(columnRole);
  const values = roles.flatMap((role, index) => (role === "number" || role === "duration" ? [index] : [])).slice(0, MOST_SERIES);
  const time = roles.indexOf("time");
  if (time !== -1 && values.length > 0) return { kind: "line", x: time, values };
  const text = roles.indexOf("text");
  if (text !== -1 && values.length > 0 && answer.rows.length <= MOST_BARS) return { kind: "bar", x: text, values: values.slice(0, 1) };
  return null;
}

/** Seconds for the chart's axis, sorted; rows without a time are left out. */
export function lineData(answer: SqlAnswer, plan: ChartPlan): { seconds: number[]; series: (number | null)[][] } {
  const rows = answer.rows
    .map((row) => ({ at: Date.parse(String(row[plan.x])) / 1000, row }))
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at);
  return { seconds: rows.map(({ at }) => at), series: plan.values.map((column) => rows.map(({ row }) => cellNumber(row[column]))) };
}

/** Offset in the statement of a line and column, both from 1, as the server counts them. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, Math.max(0, line - 1)).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + Math.max(0, column - 1));
}
