// Owns painting the names of rows: texts as the page writes them, grounds of signs, icons. Where they lie is decided in
// layout/namePieces. Keeps what texts are wide, as measuring one costs as much as writing it.
import { EVENT_ICON_PX, ICON_PX, namePieces, type NameFont, type NameIcon, type NameInk, type NamePieces } from "../layout/namePieces";
import type { RowName } from "../model/rowName";
import { ICON_PATHS } from "./iconPaths";
import type { Palette } from "./palette";

export interface NamedRow {
  top: number;
  indent: number;
  isDim: boolean;
  name: RowName;
}

/** The edges of the column of names: where names begin without an indent, and where they end. */
export interface NameColumn {
  from: number;
  to: number;
  /** Where a name ends that has events beside it. */
  toEvents: number;
  /** The right edge of the column; 0 where counts of events are not shown. */
  right: number;
}

/** Between the edge of a name and its text there is room for the sign that opens the row, and the stripe. */
const NAME_TEXT_PX = 32;
const DIM = 0.3;
const FONT_OF: Record<NameFont, (family: string) => string> = {
  plain: (family) => `13px ${family}`, strong: (family) => `600 13px ${family}`, italic: (family) => `italic 13px ${family}`,
  sign: (family) => `12px ${family}`, small: (family) => `11px ${family}`, smallStrong: (family) => `600 11px ${family}`, events: (family) => `11px ${family}`,
};
const INK_OF: Record<NameInk, keyof Palette> = { text: "text", strong: "strong", faint: "faint", error: "error", warn: "warn", accent: "accent", accentStrong: "accentStrong" };

const KEPT_MOST = 20_000;
/** By font, and then by text: both together would be a long text more to each. */
const widths = new Map<string, Map<string, number>>();
const lines = new Map<string, { ascent: number; descent: number }>();

function widthsOf(font: string): Map<string, number> {
  const known = widths.get(font);
  if (known && known.size < KEPT_MOST) return known;
  const empty = new Map<string, number>();
  widths.set(font, empty);
  return empty;
}

/** How far a font reaches over and under its line, in whole pixels as elements have it. */
function lineOf(context: CanvasRenderingContext2D, font: string): { ascent: number; descent: number } {
  const known = lines.get(font);
  if (known) return known;
  context.font = font;
  // Browsers of some years ago do not tell; most fonts of 13 pixels are so high.
  const { fontBoundingBoxAscent = 12, fontBoundingBoxDescent = 3 } = context.measureText("x");
  const line = { ascent: Math.round(fontBoundingBoxAscent), descent: Math.round(fontBoundingBoxDescent) };
  lines.set(font, line);
  return line;
}

export function paintNames(context: CanvasRenderingContext2D, rows: readonly NamedRow[], column: NameColumn, palette: Palette): void {
  const fonts = new Map((Object.keys(FONT_OF) as NameFont[]).map((font) => [font, FONT_OF[font](palette.font)]));
  const fontOf = (font: NameFont): string => fonts.get(font) ?? "";
  // Heights of a font are told from this line.
  context.textBaseline = "alphabetic";
  const plain = lineOf(context, fontOf("plain"));
  const small = lineOf(context, fontOf("small"));
  const baseline = 14 + Math.floor((plain.ascent - plain.descent) / 2);
  const kept = new Map((Object.keys(FONT_OF) as NameFont[]).map((font) => [font, widthsOf(fontOf(font))]));
  const measure = (text: string, font: NameFont): number => {
    const known = kept.get(font)?.get(text);
    if (known !== undefined) return known;
    context.font = fontOf(font);
    const { width } = context.measureText(text);
    kept.get(font)?.set(text, width);
    return width;
  };
  const placed = rows.map((row) => {
    const edges = { from: column.from + row.indent + NAME_TEXT_PX, to: row.name.events > 0 ? column.toEvents : column.to, right: column.right, isDim: row.isDim };
    return namePieces(row.name, edges, measure);
  });
  rows.forEach((row, at) => paintSigns(context, row, placed[at], { baseline: row.top + baseline, small, palette }));
  // One font after another: another font costs more than a text.
  for (const [font, css] of fonts) {
    let isSet = false;
    for (let at = 0; at < rows.length; at++) {
      for (const { text, x, font: own, ink } of placed[at].texts) {
        if (own !== font) continue;
        if (!isSet) context.font = css;
        isSet = true;
        context.fillStyle = palette[INK_OF[ink]] as string;
        context.fillText(text, x, rows[at].top + (font === "events" ? EVENTS_BASELINE : baseline));
      }
    }
  }
  context.textBaseline = "middle";
}

const EVENTS_BASELINE = 17;
const GROUND_PX = 18;

function paintSigns(context: CanvasRenderingContext2D, row: NamedRow, { texts, icons }: NamePieces, { baseline, small, palette }: { baseline: number; small: { ascent: number; descent: number }; palette: Palette }): void {
  for (const { ground } of texts) {
    if (!ground) continue;
    context.fillStyle = ground.kind === "unfold" ? palette.sunken : palette.accentSoft;
    context.beginPath();
    if (ground.kind === "count") context.roundRect(ground.x, baseline - small.ascent - 1, ground.width, small.ascent + small.descent + 2, 8);
    else context.roundRect(ground.x, baseline - Math.round((GROUND_PX + small.ascent - small.descent) / 2), ground.width, GROUND_PX, 9);
    context.fill();
  }
  for (const { icon, x } of icons) {
    const isEvent = icon === "event";
    const size = isEvent ? EVENT_ICON_PX : ICON_PX;
    context.globalAlpha = isEvent ? 1 : row.isDim ? DIM : icon === "errorBelow" ? 0.75 : 1;
    paintIcon(context, icon, x, isEvent ? row.top + EVENTS_BASELINE - size : baseline + 2 - size, size, isEvent ? palette.faint : icon === "clock" ? palette.warn : palette.error);
    context.globalAlpha = 1;
  }
}

const paths = new Map<string, Path2D>();

function paintIcon(context: CanvasRenderingContext2D, icon: NameIcon, x: number, y: number, size: number, colour: string): void {
  const name = icon === "errorBelow" ? "error" : icon;
  const path = paths.get(name) ?? new Path2D(ICON_PATHS[name]);
  paths.set(name, path);
  context.save();
  context.translate(x, y);
  context.scale(size / 16, size / 16);
  context.strokeStyle = colour;
  context.lineWidth = 1.4;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.stroke(path);
  context.restore();
}
