// Owns where the cells of the duration heatmap lie, which cell is under the pointer, and which times and durations a
// brushed part means. Pure; the canvas is filled by paint/heatmapCanvas. Times in milliseconds, durations in nanoseconds.
import type { HeatSelection } from "../model/heatSelection";

export interface HeatCell {
  column: number;
  /** From the shortest durations up. */
  row: number;
  spans: number;
  errors: number;
  /** Of an estimate: its 95 % interval; without an upper end where the kept spans set none. */
  interval: CellInterval | null;
}

export type CellInterval = [low: number, high: number | null];

export interface Heatmap {
  startMs: number;
  stepMs: number;
  columns: number;
  rows: number;
  /** One more than rows, rising. */
  edges: number[];
  cells: HeatCell[];
  most: number;
  spans: number;
  errors: number;
  /** Each counted span is another trace's, so that errors of cells are independent. */
  isOverRoots: boolean;
}

export interface HeatBox {
  width: number;
  height: number;
  padding: { left: number; right: number; top: number; bottom: number };
}

export interface HeatAnswer {
  start: string;
  step: string;
  columns: number;
  duration_edges: string[];
  cells: [number, number, number, number][];
  intervals?: (CellInterval | null)[];
  over: string;
}

export function heatmapOf(answer: HeatAnswer): Heatmap {
  const edges = answer.duration_edges.map((edge) => Math.max(Number(edge), 1));
  const rows = Math.max(edges.length - 1, 0);
  const all = answer.cells.map(([column, row, spans, errors], at) => ({
    column, row, spans, errors: Math.min(errors, spans), interval: answer.intervals?.[at] ?? null,
  }));
  const cells = all.filter(({ column, row, spans }) => column >= 0 && column < answer.columns && row >= 0 && row < rows && spans > 0);
  const sum = (pick: (cell: HeatCell) => number): number => cells.reduce((total, cell) => total + pick(cell), 0);
  return {
    startMs: Number(answer.start) / 1e6, stepMs: Math.max(Number(answer.step) / 1e6, 1e-3), columns: answer.columns, rows, edges, cells,
    most: cells.reduce((most, cell) => Math.max(most, cell.spans), 0), spans: sum((cell) => cell.spans), errors: sum((cell) => cell.errors),
    isOverRoots: answer.over === "roots",
  };
}

interface Plot {
  left: number;
  top: number;
  cellWidth: number;
  cellHeight: number;
}

function plotOf(heatmap: Heatmap, { width, height, padding }: HeatBox): Plot {
  return {
    left: padding.left, top: padding.top,
    cellWidth: Math.max(width - padding.left - padding.right, 1) / Math.max(heatmap.columns, 1),
    cellHeight: Math.max(height - padding.top - padding.bottom, 1) / Math.max(heatmap.rows, 1),
  };
}

export interface PlacedCell {
  x: number;
  y: number;
  width: number;
  height: number;
  /** 0..1, on a logarithmic scale: one among thousands is still seen. */
  strength: number;
  /** 0..1. */
  errorShare: number;
}

const GAP_PX = 1;

export function placeCells(heatmap: Heatmap, box: HeatBox): PlacedCell[] {
  const { left, top, cellWidth, cellHeight } = plotOf(heatmap, box);
  const gap = Math.min(GAP_PX, cellWidth / 4, cellHeight / 4);
  return heatmap.cells.map(({ column, row, spans, errors }) => ({
    x: left + column * cellWidth,
    y: top + (heatmap.rows - 1 - row) * cellHeight,
    width: cellWidth - gap,
    height: cellHeight - gap,
    strength: Math.log1p(spans) / Math.log1p(heatmap.most),
    errorShare: errors / spans,
  }));
}

export interface CellPlace {
  column: number;
  row: number;
}

/** The nearest cell, also from outside the plot, so that a drag may leave it. */
export function cellAt(heatmap: Heatmap, box: HeatBox, x: number, y: number): CellPlace {
  const { left, top, cellWidth, cellHeight } = plotOf(heatmap, box);
  const within = (value: number, count: number): number => Math.min(Math.max(value, 0), count - 1);
  return { column: within(Math.floor((x - left) / cellWidth), heatmap.columns), row: within(heatmap.rows - 1 - Math.floor((y - top) / cellHeight), heatmap.rows) };
}

export interface CellRegion {
  from: CellPlace;
  to: CellPlace;
}

/** Two corners in any order as a region whose `from` is the earliest and shortest. */
export function regionBetween(a: CellPlace, b: CellPlace): CellRegion {
  return {
    from: { column: Math.min(a.column, b.column), row: Math.min(a.row, b.row) },
    to: { column: Math.max(a.column, b.column), row: Math.max(a.row, b.row) },
  };
}

export interface CellCounts {
  spans: number;
  errors: number;
  interval: CellInterval | null;
}

export function countsIn(heatmap: Heatmap, { from, to }: CellRegion): CellCounts {
  const cells = heatmap.cells.filter(({ column, row }) => column >= from.column && column <= to.column && row >= from.row && row <= to.row);
  const sum = (pick: (cell: HeatCell) => number): number => cells.reduce((total, cell) => total + pick(cell), 0);
  return { spans: sum((cell) => cell.spans), errors: sum((cell) => cell.errors), interval: intervalOf(cells, heatmap.isOverRoots) };
}

/**
 * Of the sum of cells. Independent errors add as squares. Spans of one trace may lie in several cells and are kept or
 * dropped together, so theirs add as they are, which is at least as wide as the truth.
 */
export function intervalOf(cells: readonly HeatCell[], isIndependent: boolean): CellInterval | null {
  if (cells.every((cell) => cell.interval === null)) return null;
  const together = (errors: number[]): number => (isIndependent ? Math.hypot(...errors) : errors.reduce((sum, error) => sum + error, 0));
  const spans = cells.reduce((sum, cell) => sum + cell.spans, 0);
  const below = cells.map((cell) => (cell.interval ? cell.spans - cell.interval[0] : 0));
  const above = cells.map((cell) => (cell.interval ? (cell.interval[1] ?? Infinity) - cell.spans : 0));
  const high = spans + together(above);
  return [Math.max(Math.round(spans - together(below)), 0), Number.isFinite(high) ? Math.round(high) : null];
}

/** What a region means; a side that is whole is left out, so that it does not narrow. */
export function selectionOf(heatmap: Heatmap, { from, to }: CellRegion): HeatSelection {
  const { startMs, stepMs, columns, rows, edges } = heatmap;
  const isAllTime = from.column === 0 && to.column === columns - 1;
  return {
    time: isAllTime ? null : { startMs: Math.floor(startMs + from.column * stepMs), endMs: Math.ceil(startMs + (to.column + 1) * stepMs) },
    leastNs: from.row === 0 ? null : edges[from.row],
    mostNs: to.row === rows - 1 ? null : edges[to.row + 1],
    onlyErrors: false,
  };
}

export interface PixelBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where a selection lies on this heatmap, whose time may have moved on since; null where it lies outside. */
export function selectionBox(selection: HeatSelection, heatmap: Heatmap, box: HeatBox): PixelBox | null {
  const { padding, width, height } = box;
  const [right, bottom] = [width - padding.right, height - padding.bottom];
  const clampX = (x: number): number => Math.min(Math.max(x, padding.left), right);
  const x0 = selection.time ? clampX(timeX(selection.time.startMs, heatmap, box)) : padding.left;
  const x1 = selection.time ? clampX(timeX(selection.time.endMs, heatmap, box)) : right;
  const y0 = selection.mostNs === null ? padding.top : durationY(selection.mostNs, heatmap, box);
  const y1 = selection.leastNs === null ? bottom : durationY(selection.leastNs, heatmap, box);
  return x1 - x0 < 0.5 || y1 - y0 < 0.5 ? null : { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

function timeX(atMs: number, heatmap: Heatmap, { width, padding }: HeatBox): number {
  return padding.left + ((atMs - heatmap.startMs) / (heatmap.stepMs * heatmap.columns)) * (width - padding.left - padding.right);
}

export function durationY(nanoseconds: number, { edges }: Heatmap, { height, padding }: HeatBox): number {
  const [low, high] = [Math.log10(edges[0] ?? 1), Math.log10(edges.at(-1) ?? 10)];
  const share = high > low ? (Math.log10(Math.max(nanoseconds, 1)) - low) / (high - low) : 0;
  return padding.top + (1 - Math.min(Math.max(share, 0), 1)) * (height - padding.top - padding.bottom);
}

/** Powers of ten within the durations shown, no nearer to each other than a line of text. */
export function durationMarks(heatmap: Heatmap, box: HeatBox, leastPx = 22): { nanoseconds: number; y: number }[] {
  const marks: { nanoseconds: number; y: number }[] = [];
  const [least, most] = [heatmap.edges[0] ?? 1, heatmap.edges.at(-1) ?? 1];
  const places = [];
  for (let power = Math.ceil(Math.log10(least) - 1e-9); 10 ** power <= most; power++) places.push(10 ** power);
  // A short span of durations may hold no power of ten: its ends say where one is.
  for (const nanoseconds of places.length >= 2 ? places : [least, most]) {
    const y = durationY(nanoseconds, heatmap, box);
    const previous = marks.at(-1);
    if (!previous || previous.y - y >= leastPx) marks.push({ nanoseconds, y });
  }
  return marks;
}
