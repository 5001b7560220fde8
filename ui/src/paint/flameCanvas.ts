// Owns filling the canvas of the flame view. Where rectangles lie is decided in layout/flame.
import { FLAME_ROW_PX, type FlameBox } from "../layout/flame";
import type { SpanColouring } from "../model/spanColour";
import { isMissing, type TraceTree } from "../model/traceTree";
import { prepareCanvas, readPalette, readToken } from "./palette";

interface FlameState {
  open: number | null;
  cursor: number | null;
  hovered: number;
  /** Null where nothing is searched. */
  matching: Uint8Array | null;
}

const FONT = "11px Inter, ui-sans-serif, system-ui, sans-serif";
const LEAST_TEXT_PX = 28;

export function paintFlame(canvas: HTMLCanvasElement, tree: TraceTree, colouring: SpanColouring, boxes: readonly FlameBox[], state: FlameState, width: number, height: number): void {
  const context = prepareCanvas(canvas, width, height);
  if (!context) return;
  const palette = readPalette();
  const colours = colouring.tokens.map(readToken);
  context.font = FONT;
  context.textBaseline = "middle";
  for (const box of boxes) {
    const missing = isMissing(tree, box.node);
    const boxHeight = FLAME_ROW_PX - 1;
    const isDim = state.matching !== null && state.matching[box.node] === 0;
    context.globalAlpha = isDim ? 0.25 : missing ? 0.4 : 0.82;
    context.fillStyle = missing ? palette.line : colours[colouring.valueOf[box.node]];
    const gap = box.width > 3 ? 0.5 : 0;
    context.fillRect(box.x, box.y, box.width - gap, boxHeight);
    if (!missing && tree.spans.errors[box.node] === 1) {
      context.globalAlpha = isDim ? 0.4 : 1;
      context.fillStyle = palette.error;
      context.fillRect(box.x, box.y + boxHeight - 3, Math.max(2, box.width - gap), 3);
    }
    if (box.node === state.open || box.node === state.cursor || box.node === state.hovered) outline(context, box, boxHeight, box.node === state.hovered ? 1 : 2, palette.text);
    if (box.width >= LEAST_TEXT_PX && !missing) writeName(context, tree.spans.names[box.node], box, width, isDim, isDim ? palette.text : palette.ink);
  }
  context.globalAlpha = 1;
}

function outline(context: CanvasRenderingContext2D, box: FlameBox, height: number, weight: number, colour: string): void {
  context.globalAlpha = 1;
  context.lineWidth = weight;
  context.strokeStyle = colour;
  context.strokeRect(box.x + weight / 2, box.y + weight / 2, Math.max(1, box.width - weight), height - weight);
}

function writeName(context: CanvasRenderingContext2D, name: string, box: FlameBox, width: number, isDim: boolean, ink: string): void {
  const left = Math.max(box.x, 0);
  const room = Math.min(box.x + box.width, width) - left - 8;
  if (room < LEAST_TEXT_PX - 8) return;
  context.globalAlpha = isDim ? 0.4 : 1;
  context.fillStyle = ink;
  context.save();
  context.beginPath();
  context.rect(left, box.y, room + 6, FLAME_ROW_PX);
  context.clip();
  context.fillText(name.slice(0, 120), left + 4, box.y + FLAME_ROW_PX / 2);
  context.restore();
}
