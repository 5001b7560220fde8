// Guarantees: an answer's columns are understood by name and type, and only what can be drawn is offered as a chart.
import { expect, it } from "vitest";
import { columnWidths } from "../layout/columnWidths";
import { figuresOf, nameSeries } from "./seriesLabels";
import { readHistory, remember } from "./sqlHistory";
import { cellNumber, cellText, columnRole, lineData, offsetOf, planChart, type SqlAnswer } from "./sqlResult";

const answer = (columns: [string, string][], rows: unknown[][]): SqlAnswer => ({ columns: columns.map(([name, type]) => ({ name, type })), rows, stats: { rows: rows.length, truncated: false, elapsed_ms: 1 } });

it("gives columns their role", () => {
  const role = (name: string, type: string): string => columnRole({ name, type });
  expect([role("trace_id", "Utf8"), role("parent_span_id", "Utf8"), role("t", "Timestamp(ns, UTC)"), role("duration", "Int64"), role("n", "UInt64"), role("x", "Float64"), role("s", "Utf8")]).toEqual(["trace", "span", "time", "duration", "number", "number", "text"]);
});

it("plans lines over time, bars by name, nothing else", () => {
  expect(planChart(answer([["t", "Timestamp(ns)"], ["n", "Int64"]], [["2024-01-01T00:00:00Z", 1], ["2024-01-01T00:01:00Z", 2]]))).toEqual({ kind: "line", x: 0, values: [1] });
  expect(planChart(answer([["s", "Utf8"], ["n", "Int64"]], [["a", 1], ["b", 2]]))).toEqual({ kind: "bar", x: 0, values: [1] });
  expect(planChart(answer([["s", "Utf8"]], [["a"], ["b"]]))).toBeNull();
  expect(planChart(answer([["t", "Timestamp(ns)"], ["n", "Int64"]], []))).toBeNull();
});

it("sorts times and leaves out rows without one", () => {
  const data = lineData(answer([["t", "Timestamp(ns)"], ["n", "Int64"]], [["1970-01-01T00:00:02.000000001Z", "9007199254740993"], [null, 5], ["1970-01-01T00:00:01Z", null]]), { kind: "line", x: 0, values: [1] });
  expect(data).toEqual({ seconds: [1, 2], series: [[null, 9007199254740992]] });
});

it("writes cells and reads numbers", () => {
  expect([cellText(null), cellText({ a: 1 }), cellText(5n)]).toEqual(["null", '{"a":1}', "5"]);
  expect([cellNumber("12"), cellNumber("NaN"), cellNumber("x"), cellNumber(1.5)]).toEqual([12, null, null, 1.5]);
});

it("finds the place of an error", () => {
  expect(offsetOf("select a,\n b\nfrm x", 3, 1)).toBe(13);
  expect(offsetOf("abc", 9, 9)).toBe(3);
});

it("keeps column widths within bounds", () => {
  const widths = columnWidths(answer([["n", "Int64"], ["body", "Utf8"]], [[1, "x".repeat(5000)]]));
  expect(widths[0]).toBe(70);
  expect(widths[1]).toBe(420);
});

it("remembers statements newest first, once each", () => {
  const history = remember(remember(remember([], "a", 1), "b", 2), " a ", 3);
  expect(history.map((past) => past.query)).toEqual(["a", "b"]);
  expect(remember(history, "  ", 4)).toEqual(history);
  expect([readHistory("junk"), readHistory('[{"query":1}]'), readHistory(null)]).toEqual([[], [], []]);
});

it("names series by what differs", () => {
  const named = nameSeries([{ "service.name": "a", route: "/" }, { "service.name": "a", route: "/x" }]);
  expect(named).toEqual({ shared: [["service.name", "a"]], names: ["/", "/x"] });
  expect(nameSeries([{ "service.name": "a" }]).names).toEqual(["a"]);
  expect(nameSeries([]).names).toEqual([]);
});

it("sums up a line with gaps", () => {
  expect(figuresOf([null, 3, 1, null])).toEqual({ last: 1, least: 1, most: 3 });
});
