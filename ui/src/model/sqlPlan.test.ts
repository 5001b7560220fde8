// Guarantees: a plan's text becomes steps with rows and time; what is not understood stays readable; other answers are none.
import { expect, it } from "vitest";
import { explained, planOf, readPlan } from "./sqlPlan";

const MEASURED = `SortExec: TopK(fetch=5), expr=[count(*)@1 DESC], metrics=[output_rows=8, elapsed_compute=181.66µs, output_bytes=192.0 B]
  UnionExec, metrics=[output_rows=1.11 M, elapsed_compute=82ns]
    FilterExec: duration@0 > 1000, projection=[service_name@1], metrics=[output_rows=72, elapsed_compute=1.5s, selectivity=100% (72/72)]
      DataSourceExec: file_groups={2 groups: [[a.parquet, ...], [b]]}, metrics=[output_rows=1.15 K, elapsed_compute=263.89µs, row_groups=21 total → 21 matched -> 12 fully matched, time_elapsed_processing=1m 1.5s]
    DataSourceExec: memory, parts=1, metrics=[]
`;

it("reads rows, time and depth of every step", () => {
  const plan = planOf(MEASURED);
  expect(plan.steps.map(({ depth, name, rows, timeNs }) => [depth, name, rows, timeNs])).toEqual([
    [0, "SortExec", 8, 181_660],
    [1, "UnionExec", 1_110_000, 82],
    [2, "FilterExec", 72, 1.5e9],
    [3, "DataSourceExec", 1150, 61.5e9],
    [2, "DataSourceExec", null, null],
  ]);
  expect(plan).toMatchObject({ isMeasured: true, longestNs: 61.5e9 });
  expect(plan.steps[2].detail).toBe("duration@0 > 1000, projection=[service_name@1]");
  expect(plan.steps[3].metrics[2]).toEqual(["row_groups", "21 total → 21 matched -> 12 fully matched"]);
});

it("takes the physical plan of what was only explained, and nothing of other answers", () => {
  const columns = [{ name: "plan_type", type: "Utf8" }, { name: "plan", type: "Utf8" }];
  const stats = { rows: 2, truncated: false, elapsed_ms: 1 };
  expect(readPlan({ columns, rows: [["logical_plan", "Projection: a"], ["physical_plan", "ProjectionExec: expr=[a]\n  X"]], stats })?.steps.map((step) => step.name)).toEqual(["ProjectionExec", "X"]);
  expect(readPlan({ columns, rows: [], stats })).toBeNull();
  expect(readPlan({ columns: [columns[0]], rows: [["x"]], stats })).toBeNull();
  expect(planOf("")).toEqual({ steps: [], isMeasured: false, longestNs: 0 });
});

it("explains a statement once", () => {
  expect(explained("select 1;\n")).toBe("explain analyze\nselect 1");
  expect(explained(" EXPLAIN select 1")).toBe(" EXPLAIN select 1");
});
