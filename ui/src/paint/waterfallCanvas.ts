// Owns painting the rows of the waterfall that are in the document: on the left guides, signs that open and close, stripes
// of services, names (by rowNames); on the right bars, labels, ticks. Where shapes lie is decided in layout/rowPicture.
import type { RowPicture, Stretch } from "../layout/rowPicture";
import type { RowName } from "../model/rowName";
import { prepareCanvas, type Palette } from "./palette";
import { paintNames, type NameColumn } from "./rowNames";

export interface PaintedRow {
  /** Pixels from the top of the canvas, and what the row is high. */
  top: number;
  indent: number;
  /** Null where there is nothing to open or close. */
  isOpen: boolean | null;
  /** Null for a span that was never received. */
  colour: string | null;
  isFailed: boolean;
  isNegative: boolean;
  isDim: boolean;
  isFold: boolean;
  picture: RowPicture;
  label: string;
  logs: number;
  pill: RowPill | null;
  /** Null where its element is seen. */
  name: RowName | null;
  /** What was searched, and is not under the cursor besides. */
  isMarked: boolean;
}

export interface RowPill {
  text: string;
  isBad: boolean;
}

export interface CanvasFrame {
  width: number;
  height: number;
  nameWidth: number;
  names: NameColumn;
  font: string;
}

/** Beside the indent: the sign, the stripe. The text follows at `NAME_TEXT_PX` (styles/trace.css has the same number). */
const SIGN_PX = 3;
const STRIPE_PX = 21;
const DIM = 0.3;

export function paintWaterfall(canvas: HTMLCanvasElement, rows: readonly PaintedRow[], frame: CanvasFrame, palette: Palette): void {
  const context = prepareCanvas(canvas, frame.width, frame.height);
  if (!context) return;
  context.font = frame.font;
  context.textBaseline = "middle";
  paintMarks(context, rows, frame.width, palette);
  within(context, 0, frame.nameWidth, frame.height, () => {
    for (const row of rows) paintNameSide(context, row, frame.names.from, palette);
    paintNames(context, rows.filter(isNamed), frame.names, palette);
    context.font = frame.font;
  });
  within(context, frame.nameWidth, frame.width - frame.nameWidth, frame.height, () => {
    context.translate(frame.nameWidth, 0);
    for (const row of rows) paintTimeSide(context, row, frame.width - frame.nameWidth, palette);
  });
}

const isNamed = (row: PaintedRow): row is PaintedRow & { name: RowName } => row.name !== null;

/** Under all the rest; elements cannot have it, as they may come after what is painted. */
function paintMarks(context: CanvasRenderingContext2D, rows: readonly PaintedRow[], width: number, palette: Palette): void {
  context.globalAlpha = 0.55;
  context.fillStyle = palette.match;
  for (const row of rows) if (row.isMarked) context.fillRect(0, row.top, width, 28);
  context.globalAlpha = 1;
}

/** Paints into a part of the canvas, which is painted again for other rows: a clip that stayed would hold for those, too. */
function within(context: CanvasRenderingContext2D, x: number, width: number, height: number, paint: () => void): void {
  context.save();
  context.beginPath();
  context.rect(x, 0, width, height);
  context.clip();
  paint();
  context.restore();
}

function paintNameSide(context: CanvasRenderingContext2D, row: PaintedRow, padding: number, palette: Palette): void {
  context.fillStyle = palette.line;
  for (let x = padding + 8; x < padding + row.indent; x += 14) context.fillRect(x, row.top, 1, 28);
  const from = padding + row.indent;
  if (row.isOpen !== null) paintSign(context, from + SIGN_PX, row.top + 8, row.isOpen, palette);
  context.globalAlpha = row.isDim ? DIM : 1;
  if (row.colour === null) {
    context.fillStyle = palette.faint;
    for (let y = 6; y < 22; y += 4) context.fillRect(from + STRIPE_PX, row.top + y, 4, 2);
  } else {
    context.fillStyle = row.colour;
    round(context, from + STRIPE_PX, row.top + 6, 4, 16, 2);
  }
  context.globalAlpha = 1;
}

/** A corner that points right, on a ground of its own, or down where the row is open. */
function paintSign(context: CanvasRenderingContext2D, x: number, y: number, isOpen: boolean, palette: Palette): void {
  if (!isOpen) {
    context.fillStyle = palette.accentSoft;
    round(context, x - SIGN_PX, y - 3, 18, 18, 4);
  }
  context.strokeStyle = isOpen ? palette.faint : palette.accent;
  context.lineWidth = 1.2;
  context.beginPath();
  if (isOpen) {
    context.moveTo(x + 3, y + 4.5);
    context.lineTo(x + 6, y + 7.5);
    context.lineTo(x + 9, y + 4.5);
  } else {
    context.moveTo(x + 4.5, y + 3);
    context.lineTo(x + 7.5, y + 6);
    context.lineTo(x + 4.5, y + 9);
  }
  context.stroke();
}

function paintTimeSide(context: CanvasRenderingContext2D, row: PaintedRow, width: number, palette: Palette): void {
  const { picture, top } = row;
  context.globalAlpha = row.isDim ? DIM : row.isFold ? 0.8 : 1;
  context.fillStyle = row.colour ?? palette.line;
  for (const part of picture.outside) round(context, part.x, top + 12, part.width, 4, 2);
  for (const bar of picture.bars) round(context, bar.x, top + 8, bar.width, 12, Math.min(3, bar.width / 2));
  context.globalAlpha = row.isDim ? DIM : 1;
  if (row.colour === null) for (const bar of picture.bars) outline(context, bar, top, palette.faint, 0.5, [3, 2]);
  if (row.isNegative) for (const bar of picture.bars) outline(context, bar, top, palette.warn, 2.5, [3, 2]);
  if (row.isFailed) for (const bar of [...picture.bars, ...(picture.bars.length === 0 ? picture.outside : [])]) outline(context, bar, top, palette.error, 2.25, []);
  context.fillStyle = palette.critical;
  for (const part of picture.critical) context.fillRect(part.x, top + 13, Math.max(1, part.width), 2);
  for (const tick of picture.ticks) {
    const x = (tick.left / 100) * width;
    context.fillStyle = palette.surface;
    round(context, x - 2, top + 5, 5, 18, 2);
    context.fillStyle = tick.isException ? palette.error : palette.strong;
    round(context, x - 1, top + 6, 3, 16, 1.5);
  }
  context.globalAlpha = 1;
  paintLabel(context, row, width, palette);
}

/** A frame round the bar, `apart` pixels from it. */
function outline(context: CanvasRenderingContext2D, bar: Stretch, top: number, colour: string, apart: number, dash: number[]): void {
  context.strokeStyle = colour;
  context.lineWidth = dash.length > 0 ? 1 : 1.5;
  context.setLineDash(dash);
  context.beginPath();
  context.roundRect(bar.x - apart, top + 8 - apart, bar.width + 2 * apart, 12 + 2 * apart, 3 + apart);
  context.stroke();
  context.setLineDash([]);
}

const LOG_SIGN_PX = 11;

function paintLabel(context: CanvasRenderingContext2D, row: PaintedRow, width: number, palette: Palette): void {
  const { label } = row.picture;
  const text = label.offscreen === "before" ? `‹ ${row.label}` : label.offscreen === "after" ? `${row.label} ›` : row.label;
  const y = row.top + 14.5;
  const isPlain = row.logs === 0 && (row.pill === null || label.offscreen !== null) && !label.isInside;
  context.fillStyle = row.isDim || label.offscreen ? palette.faint : label.isInside ? palette.strong : palette.text;
  if (isPlain) {
    context.textAlign = label.align;
    context.fillText(text, label.x, y);
    context.textAlign = "left";
    return;
  }
  paintWideLabel(context, row, text, y, width, palette);
}

/** With what stands beside the text, for which it must be measured: that costs as much as writing it. */
function paintWideLabel(context: CanvasRenderingContext2D, row: PaintedRow, text: string, y: number, frameWidth: number, palette: Palette): void {
  const { label } = row.picture;
  const textWidth = context.measureText(text).width;
  const room = label.align === "right" ? label.x : frameWidth - label.x;
  let logsText = row.logs > 0 && label.offscreen === null ? String(row.logs) : "";
  let logsWidth = logsText === "" ? 0 : 8 + LOG_SIGN_PX + 3 + context.measureText(logsText).width;
  let pill = label.offscreen === null ? row.pill : null;
  let pillWidth = pill === null ? 0 : 8 + 10 + context.measureText(pill.text).width;
  // Rather nothing than a half: the count of logs goes first.
  if (textWidth + logsWidth + pillWidth > room) [logsText, logsWidth] = ["", 0];
  if (textWidth + pillWidth > room) [pill, pillWidth] = [null, 0];
  const whole = textWidth + logsWidth + pillWidth;
  const x = label.align === "right" ? label.x - whole : label.x;
  if (label.isInside) {
    const ink = context.fillStyle;
    context.globalAlpha = 0.86;
    context.fillStyle = palette.surface;
    round(context, x - 5, row.top + 8, whole + 10, 12, 3);
    context.globalAlpha = 1;
    context.fillStyle = ink;
  }
  context.fillText(text, x, y);
  if (pill) paintPill(context, pill, x + textWidth + 8, row, palette);
  if (logsText !== "") paintLogs(context, logsText, x + textWidth + pillWidth + 8, row.top, palette);
}

function paintPill(context: CanvasRenderingContext2D, pill: RowPill, x: number, row: PaintedRow, palette: Palette): void {
  context.fillStyle = pill.isBad ? palette.errorSoft : palette.sunken;
  // Within a bar the ground of the label is enough.
  if (!row.picture.label.isInside) round(context, x, row.top + 6, context.measureText(pill.text).width + 10, 16, 4);
  context.fillStyle = row.isDim ? palette.faint : pill.isBad ? palette.error : palette.text;
  context.fillText(pill.text, x + 5, row.top + 14.5);
}

/** A sheet with lines, as the icon of logs, and how many there are. */
function paintLogs(context: CanvasRenderingContext2D, count: string, x: number, top: number, palette: Palette): void {
  context.strokeStyle = palette.faint;
  context.lineWidth = 1;
  context.strokeRect(x + 1.5, top + 9.5, 8, 9);
  context.fillStyle = palette.faint;
  for (const line of [12, 14, 16]) context.fillRect(x + 3.5, top + line, line === 16 ? 2.5 : 4, 1);
  context.fillText(count, x + LOG_SIGN_PX + 3, top + 14.5);
}

function round(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
  if (width <= 3) return context.fillRect(x, y, width, height);
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(radius, width / 2));
  context.fill();
}
