// Owns where each span's rectangle lies in the flame view: time across, depth downwards, spans that run at the same
// time in rows of their own. Pure; no two rectangles overlap except where a limit is met, which is counted and said.
import type { TraceTree } from "../model/traceTree";
import type { TimeWindow } from "./timeWindow";

export const FLAME_ROW_PX = 18;

/** So that ten thousand calls at once do not make every further span look at ten thousand rows. */
const ROWS_TRIED_MOST = 200;

export interface FlameLayout {
  rowOf: Int32Array;
  rowCount: number;
  /** Nodes by row, each row's in order of start: `order[from[row]]` to `order[from[row + 1] - 1]`. */
  order: Int32Array;
  from: Int32Array;
  /** Spans that lie on others because no free row was found near. */
  overlapping: number;
}

/** Parents come before children, so each goes to the first row below its parent that is free from its start on. */
export function layOutFlame(tree: TraceTree): FlameLayout {
  const rowOf = new Int32Array(tree.nodeCount);
  const busyUntil: number[] = [];
  let overlapping = 0;
  for (const node of tree.order) {
    const parent = tree.parentOf[node];
    const first = parent === -1 ? 0 : rowOf[parent] + 1;
    let row = first;
    while (row < busyUntil.length && busyUntil[row] > tree.startOf[node] && row - first < ROWS_TRIED_MOST) row++;
    if (row < busyUntil.length && busyUntil[row] > tree.startOf[node]) overlapping++;
    rowOf[node] = row;
    busyUntil[row] = Math.max(busyUntil[row] ?? -Infinity, tree.endOf[node]);
  }
  return { rowOf, overlapping, ...byRow(tree, rowOf, busyUntil.length) };
}

function byRow(tree: TraceTree, rowOf: Int32Array, rowCount: number): Pick<FlameLayout, "order" | "from" | "rowCount"> {
  const from = new Int32Array(rowCount + 1);
  for (const row of rowOf) from[row + 1]++;
  for (let row = 0; row < rowCount; row++) from[row + 1] += from[row];
  const next = from.slice(0, rowCount);
  const order = new Int32Array(tree.nodeCount);
  for (const node of tree.order) order[next[rowOf[node]]++] = node;
  for (let row = 0; row < rowCount; row++) order.subarray(from[row], from[row + 1]).sort((a, b) => tree.startOf[a] - tree.startOf[b]);
  return { rowCount, order, from };
}

export interface FlameBox {
  node: number;
  x: number;
  y: number;
  width: number;
}

/** What is seen of the rows from `scrollTop` on; spans too small to tell apart are drawn as one pixel, once. */
export function visibleBoxes(tree: TraceTree, layout: FlameLayout, window: TimeWindow, width: number, scrollTop: number, height: number): FlameBox[] {
  const perNs = width / Math.max(window.endNs - window.startNs, 1);
  const boxes: FlameBox[] = [];
  const last = Math.min(layout.rowCount - 1, Math.floor((scrollTop + height) / FLAME_ROW_PX));
  for (let row = Math.max(0, Math.floor(scrollTop / FLAME_ROW_PX)); row <= last; row++) {
    let drawnTo = -1;
    for (let index = layout.from[row]; index < layout.from[row + 1]; index++) {
      const node = layout.order[index];
      if (tree.startOf[node] > window.endNs) break;
      if (tree.endOf[node] < window.startNs) continue;
      const left = Math.max(-2, (tree.startOf[node] - window.startNs) * perNs);
      const right = Math.min(width + 2, (tree.endOf[node] - window.startNs) * perNs);
      // An error among many is still seen.
      if (right <= drawnTo && !(node < tree.spans.count && tree.spans.errors[node] === 1)) continue;
      boxes.push({ node, x: left, y: row * FLAME_ROW_PX - scrollTop, width: Math.max(1, right - left) });
      drawnTo = Math.max(drawnTo, right - left < 1 ? left + 1 : right);
    }
  }
  return boxes;
}

/** The span under a point, or -1; of the tiny ones beside each other the nearest. */
export function nodeAt(tree: TraceTree, layout: FlameLayout, window: TimeWindow, width: number, x: number, y: number): number {
  const row = Math.floor(y / FLAME_ROW_PX);
  if (row < 0 || row >= layout.rowCount) return -1;
  const nsPerPixel = (window.endNs - window.startNs) / Math.max(width, 1);
  const at = window.startNs + x * nsPerPixel;
  let best = -1;
  let bestDistance = 2 * nsPerPixel;
  for (let index = layout.from[row]; index < layout.from[row + 1]; index++) {
    const node = layout.order[index];
    const distance = Math.max(0, tree.startOf[node] - at, at - tree.endOf[node]);
    if (distance <= bestDistance) [best, bestDistance] = [node, distance];
  }
  return best;
}
