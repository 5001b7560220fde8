// Guarantees: plans as MySQL 9.7 (both JSON formats) and MariaDB 10.11 wrote them become the same kind of tree; costs of the
// steps add up to the plan's; anything else is left unread and breaks nothing. The fixtures are from real servers.
import { describe, expect, it } from "vitest";
import plans from "./fixtures/plans.json";
import { noteOf } from "./planNode";
import { averageDuring, readPlan, tableChanges, wayOf, type Plan } from "./planTree";

function planOf(explained: unknown): Plan {
  const plan = readPlan(explained);
  if (!plan) throw new Error("it was not read");
  return plan;
}

const picture = (explained: unknown): string[] => planOf(explained).rows.map(({ node, depth }) => `${"  ".repeat(depth)}${[node.kind, node.table ?? "", wayOf(node), ...node.warnings].filter(Boolean).join(" ")}`);

describe("MySQL's first format", () => {
  it("reads a join with its sort and groups", () => {
    expect(picture(plans.mysqlBlockJoin)).toEqual(["select", "  sort filesort", "    group temporary_table", "      join", "        table u ref idx_country", "        table o ref idx_orders_user", "        table i ref PRIMARY"]);
  });
  it("reads a union with a dependent subquery", () => {
    expect(picture(plans.mysqlBlockUnion)).toEqual(["select", "  union temporary_table", "    select", "      table o ALL full_scan", "      subquery dependent_subquery", "        table i ref PRIMARY", "    select", "      table products ALL full_scan"]);
  });
  it("adds up to what the server says the join costs", () => expect(planOf(plans.mysqlBlockJoin).cost).toBeCloseTo(966.22, 0));
  it("reads an update that walks a whole index", () => expect(picture(plans.mysqlBlockUpdate)).toEqual(["select", "  table orders index PRIMARY full_index_scan"]));
});

describe("MySQL's second format", () => {
  it("reads a join, whose inner sides say what one run costs", () => {
    const plan = planOf(plans.mysqlStepsJoin);
    expect(plan.rows.filter(({ node }) => node.table !== null).map(({ node }) => `${node.table} ${wayOf(node)}`)).toEqual(["u ref idx_country", "o ref idx_orders_user", "i ref PRIMARY"]);
    expect(plan.warnings).toEqual(["filesort", "temporary_table"]);
    expect(plan.cost).toBeCloseTo(966.22, 1);
    expect(plan.rows.reduce((sum, row) => sum + (row.share ?? 0), 0)).toBeCloseTo(1, 5);
    const costOf = (table: string) => plan.rows.find(({ node }) => node.table === table)?.node.cost ?? 0;
    expect([costOf("u"), costOf("o"), costOf("i")].map(Math.round)).toEqual([98, 626, 243]);
  });
  it("takes a scan of a temporary table for what it is", () => {
    expect(picture(plans.mysqlStepsUnion).slice(0, 2)).toEqual(["temporary", "  materialize"]);
    expect(planOf(plans.mysqlStepsUnion).warnings).toContain("dependent_subquery");
  });
  it("reads a hash join: a join without an index, and no subquery", () => {
    expect(picture(plans.mysqlStepsHash)).toEqual(["join join_buffer", "  table o ALL full_scan", "  table p ALL full_scan"]);
  });
  it("keeps the server's words where it has no such plan", () => expect(planOf(plans.mysqlStepsUpdate).rows[0].node.label).toMatch(/not executable/));
});

describe("MariaDB's format", () => {
  it("reads joins and sorts, without costs by their rows", () => {
    expect(picture(plans.mariaJoin)).toEqual(["select", "  sort filesort", "    temporary temporary_table", "      join", "        table u range idx_country", "        table o ref idx_orders_user", "        table i ref PRIMARY"]);
    const plan = planOf(plans.mariaJoin);
    expect([plan.cost, plan.rows[4].share]).toEqual([null, 900 / 902]);
  });
  it("reads a sorted file and a join buffer", () => {
    expect(picture(plans.mariaSort)).toEqual(["select", "  join", "    sort filesort", "      table orders ALL full_scan", "    table users eq_ref PRIMARY"]);
    expect(picture(plans.mariaBuffer)).toEqual(["select", "  join", "    table p ALL full_scan", "    join join_buffer", "      table o ALL full_scan"]);
  });
  it("reads a union with a cached subquery", () => expect(picture(plans.mariaUnion).filter((line) => /subquery|union/.test(line)).map((line) => line.trim())).toEqual(["union", "subquery"]));
  it("shows the condition that an index carries", () => expect(planOf(plans.mariaJoin).rows[4].node.condition).toBe("u.country = 'DE'"));
});

it("leaves unread what is no plan", () => {
  for (const odd of [null, undefined, 7, "", "no json", "[]", [], {}, { query_block: 3 }, { query_plan: [] }, { hello: { world: 1 } }]) expect(readPlan(odd)).toBeNull();
});

it("reads a plan that comes as text", () => expect(readPlan(JSON.stringify(plans.mariaSort))?.rows.length).toBe(5));

it("stands a plan that is nested without end", () => {
  let [block, steps]: [Record<string, unknown>, Record<string, unknown>] = [{ table: { table_name: "t", access_type: "ALL", rows: 5 } }, { operation: "Table scan on t", table_name: "t", access_type: "table" }];
  for (let depth = 0; depth < 3000; depth++) [block, steps] = [{ ordering_operation: block }, { operation: "Filter", access_type: "filter", inputs: [steps] }];
  expect([readPlan({ query_block: block })?.rows.length, readPlan({ query_plan: steps })?.rows.length].every((count) => (count ?? 0) > 40)).toBe(true);
});

it("does not warn of a scan of few rows", () => expect(readPlan({ query_block: { table: { table_name: "t", access_type: "ALL", rows: 12 } } })?.warnings).toEqual([]));

it("says a step's label once", () => {
  const notes = planOf(plans.mysqlStepsUnion).rows.map(({ node }) => noteOf(node));
  expect(notes.filter((note) => note.includes("created >"))).toEqual([]);
});

it("finds tables that are reached differently", () => {
  const [before, after] = [planOf(plans.mariaJoin), planOf({ query_block: { nested_loop: [{ table: { table_name: "u", access_type: "ALL", rows: 3600 } }, { table: { table_name: "o", access_type: "ref", key: "idx_orders_user", rows: 1 } }, { table: { table_name: "p", access_type: "const", key: "PRIMARY" } }] } })];
  expect(tableChanges(before, after)).toEqual([
    { table: "u", before: "range idx_country", after: "ALL", isWorse: true }, { table: "p", before: null, after: "const PRIMARY", isWorse: false }, { table: "i", before: "ref PRIMARY", after: null, isWorse: false },
  ]);
  expect(tableChanges(before, before)).toEqual([]);
});

it("averages what calls took while a plan was in use", () => {
  const points = [{ ms: 0, calls: 2, totalNs: 10 }, { ms: 10, calls: 0, totalNs: 0 }, { ms: 20, calls: 1, totalNs: 50 }];
  expect([averageDuring(points, 0, 10), averageDuring(points, 5, 30), averageDuring(points, 9, 11)]).toEqual([5, 50, null]);
});
