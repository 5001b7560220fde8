// Guarantees: cells lie where their time and duration are, a brushed part means whole cells, and what the server should
// not have sent draws nothing.
import { expect, it } from "vitest";
import { cellAt, countsIn, durationMarks, heatmapOf, placeCells, regionBetween, selectionBox, selectionOf, type HeatBox } from "./heatmap";

const box: HeatBox = { width: 110, height: 60, padding: { left: 10, right: 0, top: 10, bottom: 10 } };
const heatmap = heatmapOf({
  start: "1000000000000", step: "1000000000", columns: 10, duration_edges: ["1000000", "10000000", "100000000", "1000000000", "10000000000"],
  cells: [[0, 0, 5, 0], [9, 3, 1, 1], [4, 1, 100, 25], [10, 0, 7, 0], [2, 4, 7, 0], [3, 2, 0, 0]], over: "roots",
});

it("leaves out what lies outside or holds nothing", () => {
  expect([heatmap.rows, heatmap.cells.length, heatmap.spans, heatmap.errors, heatmap.most]).toEqual([4, 3, 106, 26, 100]);
});

it("places long durations above short ones, and shows one among many", () => {
  const [first, last, most] = placeCells(heatmap, box);
  expect([first.x, first.y, last.x, last.y]).toEqual([10, 40, 100, 10]);
  expect([most.strength, most.errorShare]).toEqual([1, 0.25]);
  expect(last.strength).toBeGreaterThan(0.1);
});

it("finds the cell under the pointer, and the nearest from outside", () => {
  expect(cellAt(heatmap, box, 55, 35)).toEqual({ column: 4, row: 1 });
  expect(cellAt(heatmap, box, -500, 900)).toEqual({ column: 0, row: 0 });
  expect(cellAt(heatmap, box, 500, -9)).toEqual({ column: 9, row: 3 });
});

it("makes a selection of whole cells, whichever corner was first, and draws it where it was", () => {
  const region = regionBetween({ column: 6, row: 1 }, { column: 4, row: 2 });
  expect(countsIn(heatmap, region)).toEqual({ spans: 100, errors: 25, interval: null });
  const selection = selectionOf(heatmap, region);
  expect(selection).toEqual({ time: { startMs: 1_004_000, endMs: 1_007_000 }, leastNs: 10_000_000, mostNs: 1_000_000_000, onlyErrors: false });
  expect(selectionBox(selection, heatmap, box)).toEqual({ x: 50, y: 20, width: 30, height: 20 });
});

it("adds up intervals of cells: as squares where each span is another trace's, else as they are", () => {
  const answer = {
    start: "0", step: "1000000", columns: 3, duration_edges: ["1", "2", "3"], cells: [[0, 0, 100, 0], [1, 0, 50, 0], [2, 1, 7, 0]] as [number, number, number, number][],
    intervals: [[70, 140], [10, 80], null] as ([number, number | null] | null)[],
  };
  const whole = regionBetween({ column: 0, row: 0 }, { column: 2, row: 1 });
  expect(countsIn(heatmapOf({ ...answer, over: "roots" }), whole).interval).toEqual([107, 207]);
  expect(countsIn(heatmapOf({ ...answer, over: "spans" }), whole).interval).toEqual([87, 227]);
  expect(countsIn(heatmapOf({ ...answer, over: "roots" }), regionBetween({ column: 2, row: 1 }, { column: 2, row: 1 })).interval).toBeNull();
  const open = heatmapOf({ ...answer, intervals: [[70, null], null, null], over: "roots" });
  expect(countsIn(open, whole).interval).toEqual([127, null]);
});

it("narrows nothing on a side that is whole", () => {
  expect(selectionOf(heatmap, regionBetween({ column: 0, row: 3 }, { column: 9, row: 2 }))).toEqual({ time: null, leastNs: 100_000_000, mostNs: null, onlyErrors: false });
});

it("draws no selection that time has left behind", () => {
  expect(selectionBox({ time: { startMs: 10, endMs: 20 }, leastNs: null, mostNs: null, onlyErrors: false }, heatmap, box)).toBeNull();
});

it("marks powers of ten, or the ends where there are none", () => {
  expect(durationMarks(heatmap, box, 15).map((mark) => mark.nanoseconds)).toEqual([1e6, 1e8, 1e10]);
  const narrow = heatmapOf({ start: "0", step: "1", columns: 1, duration_edges: ["2000000", "3000000", "4000000"], cells: [], over: "roots" });
  expect(durationMarks(narrow, box).map((mark) => mark.nanoseconds)).toEqual([2e6, 4e6]);
});
