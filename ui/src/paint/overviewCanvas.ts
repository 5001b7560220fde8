// Owns filling the overview's canvas: every span as a thin line in the colour of its value, errors last and on top.
// Where the lines lie is decided in layout/overview.
import { CROWDED_NODES, layOutOverview, overviewCells } from "../layout/overview";
import type { SpanColouring } from "../model/spanColour";
import type { TraceTree } from "../model/traceTree";
import { prepareCanvas, readPalette, readToken } from "./palette";

/** Room above and below. */
const MARGIN = 2;

export function paintOverview(canvas: HTMLCanvasElement, tree: TraceTree, colouring: SpanColouring, width: number, height: number): void {
  const context = prepareCanvas(canvas, width, height);
  if (!context) return;
  const palette = readPalette();
  const { spans } = tree;
  const colours = colouring.tokens.map(readToken);
  if (tree.nodeCount > CROWDED_NODES) return paintCells(context, tree, colouring, width, height - 2 * MARGIN, colours, palette);
  const layout = layOutOverview(tree, width, height - 2 * MARGIN);
  const failed: number[] = [];
  let colour = "";
  for (let position = 0; position < tree.nodeCount; position++) {
    const node = tree.order[position];
    const isSpan = node < spans.count;
    if (isSpan && spans.errors[node] === 1) failed.push(position);
    const wanted = isSpan ? colours[colouring.valueOf[node]] : palette.line;
    if (wanted !== colour) context.fillStyle = colour = wanted;
    context.fillRect(layout.x[position], layout.y[position] + MARGIN, layout.width[position], layout.rowHeight);
  }
  // In a crowd an error must still be seen: it gets a dot rather than a hair.
  const least = tree.nodeCount > 500 ? 3 : 1.5;
  context.fillStyle = palette.error;
  for (const position of failed) {
    context.fillRect(layout.x[position], layout.y[position] + MARGIN, Math.max(least, layout.width[position]), Math.max(least, layout.rowHeight));
  }
}

/** A rectangle for each run of one colour: at most as many as there are pixels, however many spans. */
function paintCells(context: CanvasRenderingContext2D, tree: TraceTree, colouring: SpanColouring, width: number, height: number, colours: readonly string[], palette: ReturnType<typeof readPalette>): void {
  const { columns, rows, valueOf, failed } = overviewCells(tree, colouring.valueOf, width, height);
  for (let row = 0; row < rows; row++) {
    for (let from = 0; from < columns; ) {
      const value = valueOf[row * columns + from];
      let to = from + 1;
      while (to < columns && valueOf[row * columns + to] === value) to++;
      if (value !== -1) {
        context.fillStyle = value < 0 ? palette.line : colours[value];
        context.fillRect(from, row + MARGIN, to - from, 1);
      }
      from = to;
    }
  }
  context.fillStyle = palette.error;
  for (let cell = 0; cell < failed.length; cell++) if (failed[cell] === 1) context.fillRect(cell % columns, Math.floor(cell / columns) + MARGIN, 3, 3);
}
