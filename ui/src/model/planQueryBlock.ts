// Owns reading plans that are written as query blocks: MySQL's first JSON format, and MariaDB's, which is like it with
// names of its own. Keys that are not known are walked through when they hold something that is. Pure; depth is bounded.
import { isJson, numberFrom, planNode, scanWarnings, textFrom, type Json, type PlanNode, type PlanWarning } from "./planNode";

const DEPTH_MOST = 60;

/** Steps round others: kind of the step, and the warning that its presence is. */
const WRAPPERS: Record<string, { kind: PlanNode["kind"]; warning?: PlanWarning }> = {
  ordering_operation: { kind: "sort" }, grouping_operation: { kind: "group" }, duplicates_removal: { kind: "group" }, windowing: { kind: "window" },
  window_functions_computation: { kind: "window" }, buffer_result: { kind: "temporary", warning: "temporary_table" }, filesort: { kind: "sort", warning: "filesort" },
  temporary_table: { kind: "temporary", warning: "temporary_table" }, "block-nl-join": { kind: "join", warning: "join_buffer" }, union_result: { kind: "union" },
  intersect_result: { kind: "union" }, except_result: { kind: "union" }, unary_result: { kind: "union" }, materialized_from_subquery: { kind: "materialize" }, materialized: { kind: "materialize" }, insert_from: { kind: "other" },
};
/** These say nothing of their own: what they hold takes their place. */
const TRANSPARENT = new Set(["read_sorted_file", "expression_cache", "query_block", "range-checked-for-each-record"]);
const SUBQUERIES = new Set(["attached_subqueries", "select_list_subqueries", "having_subqueries", "order_by_subqueries", "group_by_subqueries", "optimized_away_subqueries", "update_value_subqueries", "subqueries"]);
const LISTS = new Set(["nested_loop", "query_specifications", "duplicates_removal_tables", "sorts"]);
/** Plain facts which happen to be objects. */
const FACTS = new Set(["cost_info", "used_columns", "possible_keys", "ref", "used_key_parts", "rowid_filter", "functions", "index_merge"]);

export function readQueryBlock(block: Json): PlanNode {
  const cost = numberFrom(isJson(block.cost_info) ? block.cost_info.query_cost : block.cost);
  const message = textFrom(block.message);
  const inner = stepsIn(block, 0);
  return planNode("select", { label: message ?? "", condition: textFrom(block.having_condition), warnings: ownWarnings(block), children: inner, cost: inner.some(hasCost) ? null : cost });
}

function hasCost(node: PlanNode): boolean {
  return node.cost !== null || node.children.some(hasCost);
}

function stepsIn(holder: Json, depth: number): PlanNode[] {
  if (depth > DEPTH_MOST) return [];
  return Object.entries(holder).flatMap(([key, value]): PlanNode[] => {
    if (FACTS.has(key)) return [];
    if (Array.isArray(value)) return listOf(key, value, depth);
    if (!isJson(value)) return [];
    if (key === "table") return [tableOf(value, depth)];
    const wrapper = WRAPPERS[key];
    if (wrapper) return [wrapperOf(wrapper, value, depth)];
    return TRANSPARENT.has(key) ? stepsIn(value, depth + 1) : unknownOf(key, value, depth);
  });
}

function listOf(key: string, values: unknown[], depth: number): PlanNode[] {
  const objects = values.filter(isJson);
  if (SUBQUERIES.has(key)) return objects.map((one) => subqueryOf(one, depth));
  if (key === "query_specifications") return objects.map((one) => planNode("select", { children: stepsIn(one, depth + 1), warnings: ownWarnings(one) }));
  const children = key === "nested_loop" ? loopOf(objects, depth + 1) : objects.flatMap((one) => stepsIn(one, depth + 1));
  if (key === "nested_loop" && children.length > 1) return [planNode("join", { children })];
  return LISTS.has(key) || children.length > 0 ? children : [];
}

/** Each table of a loop says what the join costs up to it: its own part is what it adds. */
function loopOf(objects: Json[], depth: number): PlanNode[] {
  let before = 0;
  return objects.flatMap((one) => {
    if (!isJson(one.table)) return stepsIn(one, depth);
    const node = tableOf(one.table, depth, before);
    before = prefixCost(one.table) ?? before;
    return [node, ...stepsIn({ ...one, table: null }, depth)];
  });
}

function prefixCost(table: Json): number | null {
  return isJson(table.cost_info) ? numberFrom(table.cost_info.prefix_cost) : null;
}

function subqueryOf(holder: Json, depth: number): PlanNode {
  const isDependent = holder.dependent === true;
  return planNode("subquery", { children: stepsIn(holder, depth + 1), warnings: [...(isDependent ? (["dependent_subquery"] as const) : []), ...ownWarnings(holder)] });
}

function wrapperOf(wrapper: { kind: PlanNode["kind"]; warning?: PlanWarning }, value: Json, depth: number): PlanNode {
  const isBuffer = wrapper.warning === "join_buffer";
  const table = isBuffer && isJson(value.table) ? [tableOf(value.table, depth)] : null;
  const warnings = [...new Set([...(wrapper.warning ? [wrapper.warning] : []), ...ownWarnings(value)])];
  const label = textFrom(value.sort_key) ?? textFrom(value.join_type) ?? textFrom(value.table_name) ?? "";
  return planNode(wrapper.kind, { label, warnings, condition: textFrom(value.attached_condition), cost: isJson(value.cost_info) ? numberFrom(value.cost_info.sort_cost) : null, children: table ?? stepsIn(value, depth + 1) });
}

function unknownOf(key: string, value: Json, depth: number): PlanNode[] {
  const children = stepsIn(value, depth + 1);
  return children.length === 0 ? [] : [planNode("other", { label: key.replaceAll("_", " "), warnings: ownWarnings(value), children })];
}

function ownWarnings(holder: Json): PlanWarning[] {
  return [...(holder.using_filesort === true ? (["filesort"] as const) : []), ...(holder.using_temporary_table === true ? (["temporary_table"] as const) : [])];
}

function tableOf(table: Json, depth: number, before = 0): PlanNode {
  const access = textFrom(table.access_type);
  const rows = numberFrom(table.rows_examined_per_scan) ?? numberFrom(table.rows);
  const prefix = prefixCost(table);
  const isTemporary = textFrom(table.table_name)?.startsWith("<") === true;
  const buffer = textFrom(table.using_join_buffer) !== null || table.using_join_buffer === true;
  return planNode("table", {
    table: textFrom(table.table_name),
    label: textFrom(table.message) ?? "",
    access,
    key: textFrom(table.key),
    rows,
    producedRows: numberFrom(table.rows_produced_per_join),
    filtered: numberFrom(table.filtered),
    cost: prefix === null ? numberFrom(table.cost) : Math.max(0, prefix - before),
    condition: textFrom(table.attached_condition) ?? textFrom(table.index_condition),
    isCovering: table.using_index === true,
    warnings: [...(isTemporary ? [] : scanWarnings(access, rows)), ...(buffer ? (["join_buffer"] as const) : []), ...ownWarnings(table)],
    children: stepsIn(table, depth + 1),
  });
}
