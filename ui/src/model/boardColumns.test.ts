// Guarantees: a table shows the columns that are wished, sorted as wished, and loses no row.
import { expect, it } from "vitest";
import { withColumns } from "./boardColumns";
import type { SqlAnswer } from "./sqlResult";

const answer: SqlAnswer = {
  columns: [{ name: "job", type: "Utf8" }, { name: "route", type: "Utf8" }, { name: "A", type: "Float64" }, { name: "B", type: "Float64" }],
  rows: [["a", "/x", 2, 30], ["b", "/y", 10, null], ["c", "/z", 1, 20]],
  stats: { rows: 3, truncated: false, elapsed_ms: 0 },
};

it("hides, renames, moves and sorts", () => {
  const { answer: made, units } = withColumns(answer, [{ name: "B", title: "p95", unit: "ms", order: 0 }, { name: "route", title: "Route" }, { name: "job", hidden: true }, { name: "nobody", hidden: true }], { name: "A", descending: true });
  expect(made.columns.map(({ name }) => name)).toEqual(["p95", "Route", "A"]);
  expect(made.rows).toEqual([[null, "/y", 10], [30, "/x", 2], [20, "/z", 1]]);
  expect(units).toEqual(["ms", undefined, undefined]);
});

it("sorts by a column that is not shown, and texts by letters", () => {
  expect(withColumns(answer, [{ name: "A", hidden: true }], { name: "A" }).answer.rows.map((row) => row[0])).toEqual(["c", "a", "b"]);
  expect(withColumns(answer, [], { name: "route", descending: true }).answer.rows.map((row) => row[0])).toEqual(["c", "b", "a"]);
});

it("puts what is missing last, whichever way", () => {
  for (const descending of [true, false]) expect(withColumns(answer, [], { name: "B", descending }).answer.rows.map((row) => row[0])).toEqual(descending ? ["a", "c", "b"] : ["c", "a", "b"]);
});

it("leaves what nobody asked about", () => {
  expect(withColumns(answer, [], undefined).answer).toBe(answer);
  expect(withColumns(answer, [], { name: "nobody" }).answer.rows).toEqual(answer.rows);
});
