// Owns plans as rows: which reader a server's EXPLAIN needs, the tree as lines with their share of the cost, and what
// differs between two plans. Pure.
import { readIterators } from "./planIterators";
import { isJson, type PlanNode, type PlanWarning } from "./planNode";
import { readQueryBlock } from "./planQueryBlock";

export interface PlanRow {
  node: PlanNode;
  depth: number;
  /** Whether the step is the last of its siblings, one entry a level. */
  lastAt: boolean[];
  /** Of the whole cost, or of all rows where the server told no cost; null where neither is known. */
  share: number | null;
}

export interface Plan {
  root: PlanNode;
  rows: PlanRow[];
  /** Sum over all steps, in the server's own unit; null where it told none. */
  cost: number | null;
  warnings: PlanWarning[];
}

/** Null where it is no plan that we can read: the page shows the JSON then. */
export function readPlan(explained: unknown): Plan | null {
  const value = typeof explained === "string" ? parsed(explained) : explained;
  if (!isJson(value)) return null;
  const root = isJson(value.query_block) ? readQueryBlock(value.query_block) : isJson(value.query_plan) ? readIterators(value.query_plan) : typeof value.operation === "string" ? readIterators(value) : null;
  if (!root) return null;
  const rows = rowsOf(root);
  const costs = rows.map(({ node }) => node.cost).filter((cost): cost is number => cost !== null);
  const cost = costs.length === 0 ? null : costs.reduce((sum, one) => sum + one, 0);
  const measure = (node: PlanNode): number | null => (cost === null ? (node.table === null ? null : node.rows) : node.cost);
  const total = rows.reduce((sum, { node }) => sum + (measure(node) ?? 0), 0);
  for (const row of rows) {
    const own = measure(row.node);
    row.share = own === null || total <= 0 ? null : own / total;
  }
  return { root, rows, cost, warnings: [...new Set(rows.flatMap(({ node }) => node.warnings))] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function rowsOf(root: PlanNode): PlanRow[] {
  const rows: PlanRow[] = [];
  const stack: PlanRow[] = [{ node: root, depth: 0, lastAt: [], share: null }];
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    rows.push(row);
    const { node, depth, lastAt } = row;
    stack.push(...node.children.map((child, place): PlanRow => ({ node: child, depth: depth + 1, lastAt: [...lastAt, place === node.children.length - 1], share: null })).reverse());
  }
  return rows;
}

export interface TableChange {
  table: string;
  before: string | null;
  after: string | null;
  /** It reads with an index before and all rows after. */
  isWorse: boolean;
}

/** `ref idx_orders_user`, `ALL`: how a table is reached, in one word or two. */
export function wayOf(node: PlanNode): string {
  return [node.access ?? "", node.key ?? ""].filter(Boolean).join(" ");
}

/** Tables that the two plans reach differently, in the order of the newer plan; a table that is read twice counts by turn. */
export function tableChanges(before: Plan, after: Plan): TableChange[] {
  const [old, fresh] = [waysByTable(before), waysByTable(after)];
  return [...new Set([...fresh.keys(), ...old.keys()])].flatMap((key): TableChange[] => {
    const [was, is] = [old.get(key), fresh.get(key)];
    if (was?.way === is?.way) return [];
    return [{ table: (is ?? was)?.table ?? key, before: was?.way ?? null, after: is?.way ?? null, isWorse: is?.access === "ALL" && was !== undefined && was.access !== "ALL" }];
  });
}

function waysByTable(plan: Plan): Map<string, { table: string; way: string; access: string | null }> {
  const found = new Map<string, { table: string; way: string; access: string | null }>();
  for (const { node } of plan.rows) {
    if (node.table === null) continue;
    let turn = 1;
    while (found.has(`${node.table}#${turn}`)) turn++;
    found.set(`${node.table}#${turn}`, { table: node.table, way: wayOf(node), access: node.access });
  }
  return found;
}

/** Milliseconds that a plan was in use, and what a call took meanwhile; null where no call fell into that time. */
export function averageDuring(points: readonly { ms: number; calls: number; totalNs: number }[], fromMs: number, toMs: number): number | null {
  let [calls, totalNs] = [0, 0];
  for (const point of points) {
    if (point.ms < fromMs || point.ms > toMs) continue;
    calls += point.calls;
    totalNs += point.totalNs;
  }
  return calls === 0 ? null : totalNs / calls;
}
