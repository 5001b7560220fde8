// Owns where the parts of a row's name lie, from left to right, and how much of each text is seen: what is too long ends in
// an ellipsis. Widths come from who can measure. Pure; never paints.
import type { NameIcon as Sign, RowName } from "../model/rowName";

/** How a text is written: of the page's own size, or small as in signs. */
export type NameFont = "plain" | "strong" | "italic" | "sign" | "small" | "smallStrong" | "events";
export type NameInk = "text" | "strong" | "faint" | "error" | "warn" | "accent" | "accentStrong";
export type NameIcon = Sign | "event";
export type Measure = (text: string, font: NameFont) => number;

export interface NameText {
  text: string;
  x: number;
  font: NameFont;
  ink: NameInk;
  /** What it stands on, from `x` less its padding; none for most. */
  ground: { x: number; width: number; kind: "count" | "fold" | "unfold" } | null;
}

export interface NamePieces {
  texts: NameText[];
  icons: { icon: NameIcon; x: number }[];
}

export const ICON_PX = 13;
export const EVENT_ICON_PX = 11;
const MARK_GAP_PX = 3;
const GROUND_GAP_PX = 5;
const COUNT_PADDING_PX = 5;
const FOLD_PADDING_PX = 6;
/** A longer name of a service is cut off, so that something is left for the operation. */
const SERVICE_LETTERS = 18;
const SERVICE_MOST_PX = 130;
const EVENTS_RIGHT_PX = 6;

/** The longest beginning of a text that fits with an ellipsis. */
export function cutTo(text: string, room: number, measure: (text: string) => number): string {
  const whole = measure(text);
  if (whole <= room) return text;
  const letters = Array.from(text);
  let [fits, tooLong] = [0, letters.length];
  // Most letters are about as wide: the first guess is near.
  for (let guess = Math.floor((room / whole) * letters.length); fits + 1 < tooLong; guess = (fits + tooLong) >> 1) {
    const at = Math.min(Math.max(guess, fits + 1), tooLong - 1);
    if (measure(`${letters.slice(0, at).join("")}…`) <= room) fits = at;
    else tooLong = at;
  }
  return `${letters.slice(0, fits).join("")}…`;
}

/** `from` is where the name begins, `to` where it must end; events are written at the right edge of the column, `right`. */
export function namePieces(name: RowName, { from, to, right, isDim }: { from: number; to: number; right: number; isDim: boolean }, measure: Measure): NamePieces {
  const pieces: NamePieces = { texts: [], icons: [] };
  let x = from;
  const write = (text: string, font: NameFont, ink: NameInk): number => {
    const width = measure(text, font);
    pieces.texts.push({ text, x, font, ink, ground: null });
    x += width;
    return width;
  };
  const onGround = (text: string, padding: number, ink: NameInk, kind: "count" | "fold" | "unfold"): void => {
    const start = x;
    x += padding;
    const width = write(text, isDim && kind !== "count" ? "small" : "smallStrong", ink);
    // What is dim has no ground, but the room of one.
    if (!isDim || kind === "count") pieces.texts[pieces.texts.length - 1].ground = { x: start, width: width + 2 * padding, kind };
    x += padding + GROUND_GAP_PX;
  };
  const space = measure(" ", "plain");
  if (name.closedCount !== null) onGround(name.closedCount, COUNT_PADDING_PX, "accent", "count");
  for (const sign of name.signs) {
    if ("text" in sign) write(sign.text, "sign", "warn");
    else {
      pieces.icons.push({ icon: sign.icon, x });
      x += ICON_PX + (sign.icon === "error" ? space : 0);
    }
    x += MARK_GAP_PX;
  }
  if (name.fold) onGround(name.fold.text, FOLD_PADDING_PX, isDim ? "faint" : name.fold.isFolded ? "accentStrong" : "text", name.fold.isFolded ? "fold" : "unfold");
  if (name.service !== null) {
    const font = isDim ? "plain" : "strong";
    const start = x;
    const most = name.service.length > SERVICE_LETTERS ? SERVICE_MOST_PX : Infinity;
    const cut = cutTo(name.service, Math.min(to - x, most), (text) => measure(text, font));
    write(cut, font, isDim ? "faint" : "strong");
    // What is cut off takes all of its room.
    if (cut !== name.service && Number.isFinite(most)) x = start + most;
    x += space;
  }
  if (x < to) {
    const font = name.tone === "missing" ? "italic" : "plain";
    const ink = name.tone === "missing" ? "warn" : name.tone === "error" ? "error" : isDim ? "faint" : "text";
    write(cutTo(name.operation, to - x, (text) => measure(text, font)), font, ink);
  }
  if (name.events > 0 && right > 0) {
    const count = String(name.events);
    x = right - EVENTS_RIGHT_PX - measure(count, "events");
    pieces.icons.push({ icon: "event", x: x - EVENT_ICON_PX });
    write(count, "events", "faint");
  }
  return pieces;
}
