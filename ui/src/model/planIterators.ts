// Owns reading plans that are written as iterators: MySQL's second JSON format, each step with its inputs and the cost of
// itself and all under it. Pure; depth is bounded.
import { isJson, numberFrom, planNode, scanWarnings, textFrom, type Json, type PlanNode, type PlanWarning } from "./planNode";

const DEPTH_MOST = 100;

const KINDS: Record<string, PlanNode["kind"]> = {
  table: "table", index: "table", rows_fetched_before_execution: "table", zero_rows: "other", constant_row: "other", join: "join", filter: "filter", sort: "sort", aggregate: "group",
  temp_table_aggregate: "group", limit: "limit", union: "union", append: "union", materialize: "materialize", stream: "other", window: "window", remove_duplicates: "group", weedout: "group", materialized_table_function: "materialize",
};

/** What EXPLAIN's older form calls the same way to a table. */
const INDEX_ACCESS: Record<string, string> = { index_lookup: "ref", index_range_scan: "range", index_scan: "index", full_text_search: "fulltext", pushed_join_ref: "ref", multi_range_read: "range", dynamic_index_range_scan: "range", group_index_skip_scan: "range" };

export function readIterators(root: Json): PlanNode {
  return stepOf(root, totalOf(root), 0);
}

/** The cost of a step and all under it; one that says none costs what its inputs cost. */
function totalOf(step: Json, depth = 0): number | null {
  const own = numberFrom(step.estimated_total_cost);
  if (own !== null || depth > DEPTH_MOST) return own;
  const below = inputsOf(step).map((input) => totalOf(input, depth + 1)).filter((one): one is number => one !== null);
  return below.length === 0 ? null : below.reduce((sum, one) => sum + one, 0);
}

/**
 * What each input costs within a step that costs `total`. The inner side of a nested loop says what one run costs, so it
 * bears what the outer side leaves of the join. Where a step stands itself under such a loop, all is scaled to its runs.
 */
function inputTotals(step: Json, inputs: Json[], total: number | null): (number | null)[] {
  const said = inputs.map((input) => totalOf(input));
  const own = totalOf(step);
  if (total === null || own === null) return said;
  const scale = own > 0 ? total / own : 1;
  if (step.join_algorithm === "nested_loop" && said.length === 2 && said[0] !== null) return [said[0] * scale, Math.max(0, own - said[0]) * scale];
  return said.map((one) => (one === null ? null : one * scale));
}

function stepOf(step: Json, total: number | null, depth: number): PlanNode {
  const inputs = depth > DEPTH_MOST ? [] : inputsOf(step);
  const totals = inputTotals(step, inputs, total);
  const operation = textFrom(step.operation) ?? "";
  const type = textFrom(step.access_type) ?? "";
  const name = textFrom(step.alias) ?? textFrom(step.table_name);
  const isTemporary = name?.startsWith("<") === true;
  const kind = isTemporary ? "temporary" : (KINDS[type] ?? (name === null ? "other" : "table"));
  const rows = numberFrom(step.estimated_rows);
  const access = kind === "table" ? accessOf(step, type, operation) : null;
  const node = planNode(kind, {
    label: operation,
    table: kind === "table" ? name : null,
    access,
    key: textFrom(step.index_name),
    rows,
    cost: total === null ? null : Math.max(0, total - totals.reduce((sum: number, one) => sum + (one ?? 0), 0)),
    condition: textFrom(step.condition) ?? textFrom(step.lookup_condition) ?? textFrom(step.pushed_index_condition),
    isCovering: step.covering === true,
    warnings: warningsOf(step, type, operation, access, rows),
    children: inputs.map((input, place) => stepOf(input, totals[place], depth + 1)),
  });
  const heading = textFrom(step.heading);
  if (heading === null || !/^select #/i.test(heading)) return node;
  return planNode("subquery", { label: heading, children: [node], warnings: /dependent/i.test(heading) ? ["dependent_subquery"] : [] });
}

function inputsOf(step: Json): Json[] {
  return ["inputs", "inputs_from_select_list"].flatMap((key) => (Array.isArray(step[key]) ? step[key].filter(isJson) : []));
}

function accessOf(step: Json, type: string, operation: string): string | null {
  if (type === "rows_fetched_before_execution") return "const";
  if (type === "table") return "ALL";
  if (/^single-row/i.test(operation)) return "eq_ref";
  return INDEX_ACCESS[textFrom(step.index_access_type) ?? ""] ?? textFrom(step.index_access_type);
}

function warningsOf(step: Json, type: string, operation: string, access: string | null, rows: number | null): PlanWarning[] {
  const warnings: PlanWarning[] = scanWarnings(access, rows);
  if (type === "sort") warnings.push("filesort");
  if (type === "temp_table_aggregate" || step.temp_table === true || (type === "materialize" && /temporary table/i.test(operation))) warnings.push("temporary_table");
  if (type === "join" && step.join_algorithm === "hash") warnings.push("join_buffer");
  return warnings;
}
