// Owns filling the canvas of the duration-over-time picture. Where points lie is decided in layout/scatter.
import type { TraceSummary } from "../api/types";
import { yOf, type ScatterBox, type ScatterPoint, type ScatterScale } from "../layout/scatter";
import { formatDuration } from "../model/duration";
import { clockTime } from "../model/instant";
import { paletteColour, prepareCanvas, readPalette, type Palette } from "./palette";

interface Drawn {
  box: ScatterBox;
  scale: ScatterScale;
  points: ScatterPoint[];
}

export function paintScatter(canvas: HTMLCanvasElement, traces: readonly TraceSummary[], drawn: Drawn, hovered: number): void {
  const { box, points } = drawn;
  const context = prepareCanvas(canvas, box.width, box.height);
  if (!context) return;
  const palette = readPalette();
  paintAxes(context, drawn, palette);
  points.forEach((point, index) => {
    const trace = traces[index];
    const failed = trace.error_count > 0;
    context.beginPath();
    context.arc(point.x, point.y, point.radius, 0, Math.PI * 2);
    context.globalAlpha = index === hovered ? 1 : 0.72;
    context.fillStyle = failed ? palette.error : paletteColour(palette, trace.root_service);
    context.fill();
    if (index !== hovered) return;
    context.lineWidth = 2;
    context.strokeStyle = palette.text;
    context.stroke();
  });
  context.globalAlpha = 1;
}

function paintAxes(context: CanvasRenderingContext2D, { box, scale }: Drawn, palette: Palette): void {
  context.font = "11px Inter, ui-sans-serif, system-ui, sans-serif";
  context.fillStyle = palette.faint;
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const decades = Math.round(Math.log10(scale.mostNs / scale.leastNs));
  const every = Math.ceil(decades / 3);
  for (let decade = 0; decade <= decades; decade += every) {
    const duration = scale.leastNs * 10 ** decade;
    const y = Math.round(yOf(duration, scale, box)) + 0.5;
    context.beginPath();
    context.moveTo(box.padding.left, y);
    context.lineTo(box.width - box.padding.right, y);
    context.stroke();
    context.fillText(formatDuration(duration), box.padding.left - 8, y);
  }
  const labels = Math.max(2, Math.min(6, Math.floor(box.width / 160)));
  const width = box.width - box.padding.left - box.padding.right;
  for (let index = 0; index < labels; index++) {
    const share = index / (labels - 1);
    context.textAlign = index === 0 ? "left" : index === labels - 1 ? "right" : "center";
    const time = clockTime(scale.fromMs + (scale.toMs - scale.fromMs) * share).slice(0, 8);
    context.fillText(time, box.padding.left + width * share, box.height - 6);
  }
}
