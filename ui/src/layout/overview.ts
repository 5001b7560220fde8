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
