// Owns the form in which every server's plan is drawn: one tree of steps, whatever EXPLAIN called them. Pure.

export type PlanWarning = "full_scan" | "full_index_scan" | "filesort" | "temporary_table" | "join_buffer" | "dependent_subquery";

export interface PlanNode {
  /** What kind of step: decides the words on the page. */
  kind: "select" | "table" | "join" | "sort" | "group" | "temporary" | "filter" | "limit" | "subquery" | "union" | "materialize" | "window" | "other";
  /** The server's own words; empty where the kind says it all. */
  label: string;
  table: string | null;
  /** As EXPLAIN writes it: ALL, index, range, ref, eq_ref, const. */
  access: string | null;
  key: string | null;
  /** Rows that one run of the step reads, by estimate. */
  rows: number | null;
  /** How often the step runs by estimate, where the server says; the rows of all runs are both multiplied. */
  producedRows: number | null;
  /** Per cent of the rows that conditions let through. */
  filtered: number | null;
  /** Of this step alone, without what lies under it. */
  cost: number | null;
  condition: string | null;
  isCovering: boolean;
  warnings: PlanWarning[];
  children: PlanNode[];
}

export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Servers write numbers as numbers and as text, and large ones as `1.2M` or `256Kb`. */
export function numberFrom(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string") return null;
  const match = /^\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([KMGT]?)/i.exec(value);
  if (!match) return null;
  return Number(match[1]) * ({ "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 }[match[2].toUpperCase()] ?? 1);
}

export function textFrom(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function planNode(kind: PlanNode["kind"], fields: Partial<PlanNode> = {}): PlanNode {
  return { kind, label: "", table: null, access: null, key: null, rows: null, producedRows: null, filtered: null, cost: null, condition: null, isCovering: false, warnings: [], children: [], ...fields };
}

/** A scan of few rows hurts nobody, however it is made. */
export const FEW_ROWS = 100;

export function scanWarnings(access: string | null, rows: number | null): PlanWarning[] {
  if (rows !== null && rows < FEW_ROWS) return [];
  if (access === "ALL") return ["full_scan"];
  return access === "index" ? ["full_index_scan"] : [];
}

/** What a step's label says beside its kind and its condition; empty where that is nothing. */
export function noteOf(node: PlanNode): string {
  if (node.kind === "table") return "";
  const note = node.label.replace(/^(?:Limit|Sort|Filter|Aggregate|Group aggregate|Materialize|Stream)\b[^:]*:\s*/i, "");
  return node.condition !== null && (note === node.condition || note === `(${node.condition})`) ? "" : note;
}
