// Guarantees: figures leave gaps out, names are short and tell lines apart, CSV survives odd names.
import { expect, it } from "vitest";
import { formatLegend, seriesNames } from "./seriesNames";
import { lineFigures, orderByFigure, toCsv } from "./seriesTable";

it("sums a line up", () => {
  expect(lineFigures([1, null, 3, null])).toEqual({ last: 3, least: 1, most: 3, mean: 2 });
  expect(lineFigures([null])).toEqual({ last: null, least: null, most: null, mean: null });
});

it("orders by a figure, lines without values last", () => {
  const figures = [[1], [null], [5]].map(lineFigures);
  expect(orderByFigure(figures, "most")).toEqual([2, 0, 1]);
  expect(orderByFigure(figures, null)).toEqual([0, 1, 2]);
});

it("writes CSV", () => expect(toCsv([0, 60], ['a "b", c', "d"], [[1, null], [2.5, 3]])).toBe('time,"a ""b"", c",d\n1970-01-01T00:00:00.000Z,1,2.5\n1970-01-01T00:01:00.000Z,,3'));

it("names lines by what tells them apart", () => {
  expect(seriesNames([{ job: "a", quantile: "0.5" }, { job: "a", quantile: "0.99" }], "A").names).toEqual(["p50", "p99"]);
  expect(seriesNames([{}], "sum of x").names).toEqual(["sum of x"]);
  expect(seriesNames([{ route: "/cart" }], "A").names).toEqual(["/cart"]);
  expect(formatLegend("{{ route }} {{gone}}!", { route: "/cart" })).toBe("/cart !");
});
