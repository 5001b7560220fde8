// Owns the part of a trace's time that is on screen: zooming, panning, and its spelling in the address.
// Pure; never knows events, elements or canvases.

export interface TimeWindow {
  startNs: number;
  endNs: number;
}

/** No closer than this, so that doubles and bars keep meaning something. */
export const NARROWEST_NS = 100;

export function fullWindow(totalNs: number): TimeWindow {
  return { startNs: 0, endNs: Math.max(totalNs, 1) };
}

export function isFull(window: TimeWindow, totalNs: number): boolean {
  return window.startNs <= 0 && window.endNs >= totalNs;
}

/** Moves a window inside the trace, keeping its width where that is possible. */
export function clampWindow(window: TimeWindow, totalNs: number): TimeWindow {
  const full = Math.max(totalNs, 1);
  const width = Math.min(Math.max(window.endNs - window.startNs, Math.min(NARROWEST_NS, full)), full);
  const startNs = Math.min(Math.max(window.startNs, 0), full - width);
  return { startNs, endNs: startNs + width };
}

/** Zooms by `factor` (< 1 is closer) with the moment at `anchor` (0..1 of the width) staying where it is. */
export function zoomAt(window: TimeWindow, anchor: number, factor: number, totalNs: number): TimeWindow {
  const width = window.endNs - window.startNs;
  const moment = window.startNs + width * anchor;
  const next = Math.min(Math.max(width * factor, NARROWEST_NS), Math.max(totalNs, 1));
  return clampWindow({ startNs: moment - next * anchor, endNs: moment + next * (1 - anchor) }, totalNs);
}

/** Moves by a share of the width on screen; negative is earlier. */
export function panBy(window: TimeWindow, share: number, totalNs: number): TimeWindow {
  const shift = (window.endNs - window.startNs) * share;
  return clampWindow({ startNs: window.startNs + shift, endNs: window.endNs + shift }, totalNs);
}

/** A window that shows a span with some air round it. */
export function windowAround(startNs: number, endNs: number, totalNs: number): TimeWindow {
  const air = Math.max((endNs - startNs) * 0.1, NARROWEST_NS / 2);
  return clampWindow({ startNs: startNs - air, endNs: endNs + air }, totalNs);
}

export function writeWindow(window: TimeWindow): string {
  return `${Math.round(window.startNs)}-${Math.round(window.endNs)}`;
}

export function readWindow(text: string | null, totalNs: number): TimeWindow {
  const match = /^(\d{1,18})-(\d{1,18})$/.exec(text ?? "");
  if (!match || Number(match[2]) <= Number(match[1])) return fullWindow(totalNs);
  return clampWindow({ startNs: Number(match[1]), endNs: Number(match[2]) }, totalNs);
}
