// Owns filling the overview's canvas: every span as a thin line in its service's colour, errors last and on top.
// Where the lines lie is decided in layout/overview.
import type { OverviewLayout } from "../layout/overview";
import type { TraceTree } from "../model/traceTree";
import { paletteColour, prepareCanvas, readPalette } from "./palette";

export function paintOverview(canvas: HTMLCanvasElement, tree: TraceTree, layout: OverviewLayout, width: number, height: number): void {
  const context = prepareCanvas(canvas, width, height);
  if (!context) return;
  const palette = readPalette();
  const { spans } = tree;
  const colours = spans.services.map((service) => paletteColour(palette, service));
  const failed: number[] = [];
  let colour = "";
  for (let position = 0; position < tree.nodeCount; position++) {
    const node = tree.order[position];
    const isSpan = node < spans.count;
    if (isSpan && spans.errors[node] === 1) failed.push(position);
    const wanted = isSpan ? colours[spans.serviceOf[node]] : palette.line;
    if (wanted !== colour) context.fillStyle = colour = wanted;
    context.fillRect(layout.x[position], layout.y[position] + 2, layout.width[position], layout.rowHeight);
  }
  // In a crowd an error must still be seen: it gets a dot rather than a hair.
  const least = tree.nodeCount > 500 ? 3 : 1.5;
  context.fillStyle = palette.error;
  for (const position of failed) {
    context.fillRect(layout.x[position], layout.y[position] + 2, Math.max(least, layout.width[position]), Math.max(least, layout.rowHeight));
  }
}
