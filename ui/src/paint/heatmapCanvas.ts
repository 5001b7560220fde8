// Owns filling the canvas of the duration heatmap: how many spans is lightness, how many of them failed is hue. Blue and
// red differ for every kind of colour blindness, and the numbers are told beside it. Places are layout/heatmap's.
import { durationMarks, placeCells, type Heatmap, type HeatBox, type PixelBox } from "../layout/heatmap";
import { formatDuration } from "../model/duration";
import { calendarDay, clockTime } from "../model/instant";
import { mixColours, prepareCanvas, readPalette, type Palette } from "./palette";

const MOST_CLOCK_LABELS = 6;
const PX_PER_CLOCK_LABEL = 150;
const DAY_MS = 86_400_000;

export function paintHeatmap(canvas: HTMLCanvasElement, heatmap: Heatmap, box: HeatBox, marked: PixelBox | null, hovered: PixelBox | null): void {
  const context = prepareCanvas(canvas, box.width, box.height);
  if (!context) return;
  const palette = readPalette();
  paintAxes(context, heatmap, box, palette);
  for (const cell of placeCells(heatmap, box)) {
    const plain = mixColours(palette.heatLow, palette.heatHigh, cell.strength);
    // A single failure among many is still a tint that is seen.
    const tint = cell.errorShare === 0 ? 0 : 0.4 + 0.6 * Math.sqrt(cell.errorShare);
    context.fillStyle = mixColours(plain, palette.error, tint);
    context.fillRect(cell.x, cell.y, cell.width, cell.height);
  }
  if (hovered) outline(context, hovered, palette.text, 1);
  if (!marked) return;
  context.fillStyle = palette.surface;
  context.globalAlpha = 0.55;
  const { padding, width, height } = box;
  const [right, bottom] = [width - padding.right, height - padding.bottom];
  context.fillRect(padding.left, padding.top, right - padding.left, marked.y - padding.top);
  context.fillRect(padding.left, marked.y + marked.height, right - padding.left, bottom - marked.y - marked.height);
  context.fillRect(padding.left, marked.y, marked.x - padding.left, marked.height);
  context.fillRect(marked.x + marked.width, marked.y, right - marked.x - marked.width, marked.height);
  context.globalAlpha = 1;
  outline(context, marked, palette.accent, 2);
}

function outline(context: CanvasRenderingContext2D, { x, y, width, height }: PixelBox, colour: string, lineWidth: number): void {
  context.lineWidth = lineWidth;
  context.strokeStyle = colour;
  context.strokeRect(x - 0.5, y - 0.5, width, height);
}

function paintAxes(context: CanvasRenderingContext2D, heatmap: Heatmap, box: HeatBox, palette: Palette): void {
  const { padding, width, height } = box;
  context.font = "11px Inter, ui-sans-serif, system-ui, sans-serif";
  context.fillStyle = palette.faint;
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const mark of durationMarks(heatmap, box)) {
    const y = Math.round(mark.y) + 0.5;
    context.beginPath();
    context.moveTo(padding.left, y);
    context.lineTo(width - padding.right, y);
    context.stroke();
    context.fillText(formatDuration(mark.nanoseconds), padding.left - 8, Math.min(Math.max(y, 7), height - 7));
  }
  // Over more than a day the clock alone says too little.
  const isLong = heatmap.stepMs * heatmap.columns > DAY_MS;
  const labels = Math.max(2, Math.min(MOST_CLOCK_LABELS, Math.floor(width / PX_PER_CLOCK_LABEL)));
  for (let index = 0; index < labels; index++) {
    const share = index / (labels - 1);
    const at = heatmap.startMs + share * heatmap.stepMs * heatmap.columns;
    context.textAlign = index === 0 ? "left" : index === labels - 1 ? "right" : "center";
    context.fillText(isLong ? `${calendarDay(at).slice(5)} ${clockTime(at).slice(0, 5)}` : clockTime(at).slice(0, 8), padding.left + share * (width - padding.left - padding.right), height - 8);
  }
}
