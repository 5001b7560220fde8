// Owns reading the text of EXPLAIN and EXPLAIN ANALYZE: a tree of steps with rows and time where they were measured. What it
// does not understand of a line stays in the line. Never recursive: a plan may be deep.
import type { SqlAnswer } from "./sqlResult";

export interface PlanStep {
  depth: number;
  name: string;
  /** What stands behind the name, without the figures. */
  detail: string;
  /** Rows that it gave; null where nothing was measured. */
  rows: number | null;
  /** Nanoseconds of work, of all threads together; null where nothing was measured. */
  timeNs: number | null;
  /** All that was measured, as the server wrote it. */
  metrics: [name: string, value: string][];
}

export interface SqlPlan {
  /** Top to bottom, children under their parents by depth. */
  steps: PlanStep[];
  isMeasured: boolean;
  /** Of the step that took longest; 0 where nothing was measured. */
  longestNs: number;
}

const WANTED = ["Plan with Metrics", "physical_plan", "logical_plan"];
const INDENT = 2;

/** Null for an answer that is no plan. */
export function readPlan(answer: SqlAnswer): SqlPlan | null {
  const [type, text] = ["plan_type", "plan"].map((name) => answer.columns.findIndex((column) => column.name === name));
  if (type === -1 || text === -1 || answer.columns.length !== 2) return null;
  const chosen = WANTED.map((name) => answer.rows.find((row) => row[type] === name)).find((row) => row !== undefined);
  return chosen ? planOf(String(chosen[text])) : null;
}

export function planOf(text: string): SqlPlan {
  const steps = text.split("\n").filter((line) => line.trim() !== "").map(stepOf);
  return { steps, isMeasured: steps.some((step) => step.metrics.length > 0), longestNs: Math.max(0, ...steps.map((step) => step.timeNs ?? 0)) };
}

function stepOf(line: string): PlanStep {
  const indent = line.length - line.trimStart().length;
  const at = line.lastIndexOf(", metrics=[");
  const head = (at === -1 ? line : line.slice(0, at)).trim();
  // A comma within a figure would be followed by a space and no `name=`.
  const metrics = at === -1 ? [] : line.slice(at + ", metrics=[".length, line.lastIndexOf("]")).split(/, (?=[\w.]+=)/).flatMap((part): [string, string][] => {
    const equals = part.indexOf("=");
    return equals === -1 ? [] : [[part.slice(0, equals), part.slice(equals + 1)]];
  });
  const colon = head.indexOf(": ");
  const named = new Map(metrics);
  const times = ["elapsed_compute", "time_elapsed_processing"].flatMap((name) => durationNs(named.get(name)) ?? []);
  return {
    depth: Math.floor(indent / INDENT),
    name: colon === -1 ? head : head.slice(0, colon),
    detail: colon === -1 ? "" : head.slice(colon + 2),
    rows: countOf(named.get("output_rows")),
    timeNs: times.length === 0 ? null : Math.max(...times),
    metrics,
  };
}

const TIMES: Record<string, number> = { ns: 1, "µs": 1e3, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `3.69ms`, `1m 2.5s`. */
function durationNs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const parts = [...text.matchAll(/([\d.]+)\s*(ns|µs|us|ms|s|m|h)(?![a-zµ])/g)];
  return parts.length === 0 ? null : parts.reduce((sum, [, number, unit]) => sum + Number(number) * TIMES[unit], 0);
}

const COUNTS: Record<string, number> = { "": 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** `25`, `1.11 M`. */
function countOf(text: string | undefined): number | null {
  const found = /^([\d.]+)\s*([KMBT]?)$/.exec(text ?? "");
  return found ? Number(found[1]) * COUNTS[found[2]] : null;
}

/** The statement that explains this one by running it; one that already explains is left as it is. */
export function explained(statement: string): string {
  return /^\s*explain\b/i.test(statement) ? statement : `explain analyze\n${statement.trim().replace(/;\s*$/, "")}`;
}
