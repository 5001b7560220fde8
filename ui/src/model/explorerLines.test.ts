// Guarantees: lines keep their names and colours, earlier ones lie dashed under theirs, of many the largest are drawn.
import { expect, it } from "vitest";
import { drawnLines, type QueryGrid } from "./explorerLines";

const query = (letter: string, series: [Record<string, string>, number][], more: Partial<QueryGrid> = {}): QueryGrid => ({ letter, fallback: `query ${letter}`, unit: "s", isQuantiles: false, earlier: null, grid: { seconds: [1], histograms: [], series: series.map(([labels, value]) => ({ labels, values: [value] })) }, ...more });

it("names and colours lines of several queries", () => {
  const { lines, shared } = drawnLines([query("a", [[{ job: "x", route: "/a" }, 1], [{ job: "x", route: "/b" }, 2]]), query("b", [[{}, 3]])], "1d");
  expect(lines.map((line) => [line.name, line.colour])).toEqual([["A · /a", "var(--service-0)"], ["A · /b", "var(--service-1)"], ["query b", "var(--service-2)"]]);
  expect(shared).toEqual([]);
});

it("puts the earlier time beside", () => {
  const earlier = { seconds: [1], histograms: [], series: [{ labels: {}, values: [9] }] };
  expect(drawnLines([query("a", [[{}, 1]], { earlier })], "a day before").lines.map((line) => [line.name, line.isDashed, line.values, line.colour])).toEqual([
    ["query a", false, [1], "var(--service-0)"], ["query a (a day before)", true, [9], "var(--service-0)"],
  ]);
});

it("draws the largest of very many", () => {
  const many = drawnLines([query("a", Array.from({ length: 100 }, (_, index) => [{ n: String(index) }, index] as [Record<string, string>, number]))], "", 5);
  expect(many.total).toBe(100);
  expect(many.lines.map((line) => line.name)).toEqual(["95", "96", "97", "98", "99"]);
});
