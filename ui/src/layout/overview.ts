// Owns the rectangles of the overview (the small picture of the whole trace): which span lies where, in pixels.
// Pure; the canvas is filled by paint/overviewCanvas.
import type { TraceTree } from "../model/traceTree";

export interface OverviewLayout {
  rowHeight: number;
  /** x, y, width per position in `tree.order`. */
  x: Float32Array;
  y: Float32Array;
  width: Float32Array;
}

/** More spans than pixels: which value is seen at each, and where a failed span is. */
export interface OverviewCells {
  columns: number;
  rows: number;
  /** By row and column what `valueOf` says of the span; -1 where nothing is, -2 for a parent that never arrived. */
  valueOf: Int32Array;
  failed: Uint8Array;
}

/** From this many nodes on a rectangle each would be painted over by the next. */
export const CROWDED_NODES = 5000;

const MISSING = -2;

/** `valueOf` is a number of each span: those of one number look alike. What is lower in the trace is over what is above it, as where each is painted. */
export function overviewCells(tree: TraceTree, valueOf: Int32Array, widthPx: number, heightPx: number): OverviewCells {
  const [columns, rows] = [Math.max(1, Math.ceil(widthPx)), Math.max(1, Math.floor(heightPx))];
  const cells = { columns, rows, valueOf: new Int32Array(columns * rows).fill(-1), failed: new Uint8Array(columns * rows) };
  const scale = columns / Math.max(tree.totalNs, 1);
  const rowScale = rows / Math.max(tree.nodeCount, 1);
  for (let position = 0; position < tree.nodeCount; position++) {
    const node = tree.order[position];
    const row = Math.min(rows - 1, Math.floor(position * rowScale)) * columns;
    const from = Math.min(columns - 1, Math.max(0, Math.floor(tree.startOf[node] * scale)));
    const to = Math.min(columns - 1, Math.max(from, Math.ceil(tree.endOf[node] * scale) - 1));
    const isSpan = node < tree.spans.count;
    cells.valueOf.fill(isSpan ? valueOf[node] : MISSING, row + from, row + to + 1);
    if (isSpan && tree.spans.errors[node] === 1) cells.failed[row + from] = 1;
  }
  return cells;
}

export function layOutOverview(tree: TraceTree, widthPx: number, heightPx: number): OverviewLayout {
  const count = tree.nodeCount;
  const total = Math.max(tree.totalNs, 1);
  const step = Math.min(heightPx / Math.max(count, 1), 5);
  const layout = {
    rowHeight: step < 1.5 ? 1.5 : Math.min(step * 0.8, 4),
    x: new Float32Array(count),
    y: new Float32Array(count),
    width: new Float32Array(count),
  };
  for (let position = 0; position < count; position++) {
    const node = tree.order[position];
    layout.x[position] = (tree.startOf[node] / total) * widthPx;
    layout.width[position] = Math.max(1.5, ((tree.endOf[node] - tree.startOf[node]) / total) * widthPx);
    const y = Math.min(position * step, Math.max(0, heightPx - layout.rowHeight));
    // Between pixels a thin line would fade into the ground.
    layout.y[position] = step < 1.5 ? Math.round(y) : y;
  }
  return layout;
}
