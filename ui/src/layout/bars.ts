// Owns where a span's bar, its label and its marks lie in the row, in percent of the time column.
// Pure; never touches elements, and gives finite numbers for every input.
import type { TimeWindow } from "./timeWindow";

export interface BarPlace {
  /** Percent of the time column; clipped a little outside it, so that a cut bar has no rounded edge on screen. */
  left: number;
  width: number;
  /** Where the duration is written: outside to the right, outside to the left, or in the bar. */
  label: "right" | "left" | "inside";
  /** The bar lies wholly before or after what is on screen. */
  offscreen: "before" | "after" | null;
}

const CLIP = 2;

export function placeBar(startNs: number, endNs: number, window: TimeWindow): BarPlace {
  const total = window.endNs - window.startNs;
  if (!(total > 0) || !Number.isFinite(startNs) || !Number.isFinite(endNs)) {
    return { left: 0, width: 0, label: "right", offscreen: null };
  }
  const from = ((startNs - window.startNs) / total) * 100;
  const to = ((Math.max(startNs, endNs) - window.startNs) / total) * 100;
  const left = Math.min(Math.max(from, -CLIP), 100 + CLIP);
  const right = Math.min(Math.max(to, -CLIP), 100 + CLIP);
  const offscreen = to < 0 ? "before" : from > 100 ? "after" : null;
  const label = right <= 86 ? "right" : left >= 14 ? "left" : "inside";
  return { left, width: Math.max(0, right - left), label, offscreen };
}

/** Percent of the time column at which a moment lies; null where it is not on screen. */
export function placeMoment(atNs: number, window: TimeWindow): number | null {
  const at = ((atNs - window.startNs) / (window.endNs - window.startNs)) * 100;
  return at >= 0 && at <= 100 ? at : null;
}

/** Pixels of indent at a depth: full steps while there is room, then ever smaller ones, never past `most`. */
export function indentOf(depth: number, step: number, most: number): number {
  const full = depth * step;
  const knee = most * 0.7;
  if (full <= knee) return full;
  const room = most - knee;
  return knee + room * (1 - 1 / (1 + (full - knee) / room));
}
