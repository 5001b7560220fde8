// Owns where the panels of a dashboard lie: 24 columns, rows of 30 pixels. Whoever is moved or resized keeps its place, the
// others make room below, and everything falls up as far as it can. Pure.
import { GRID_COLUMNS, type Place } from "../model/board";

export const ROW_PX = 30;
export const GAP_PX = 8;
export const LEAST_SIZE = { w: 3, h: 2 };

interface Placed extends Place {
  id: string;
}

export const overlaps = (a: Place, b: Place): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

export function clampPlace(place: Place): Place {
  const w = Math.min(Math.max(Math.round(place.w), LEAST_SIZE.w), GRID_COLUMNS);
  const h = Math.max(Math.round(place.h), 1);
  return { w, h, x: Math.min(Math.max(Math.round(place.x), 0), GRID_COLUMNS - w), y: Math.max(Math.round(place.y), 0) };
}

/** Everything as high as it goes without passing what lies above it; `fixed` is first where it competes. */
export function compacted<T extends Placed>(panels: readonly T[], fixed: string | null = null): T[] {
  const order = [...panels].sort((a, b) => a.y - b.y || (a.id === fixed ? -1 : b.id === fixed ? 1 : a.x - b.x));
  const done: T[] = [];
  for (const panel of order) {
    let y = panel.y;
    const isFree = (at: number): boolean => done.every((other) => !overlaps({ ...panel, y: at }, other));
    while (!isFree(y)) y++;
    while (y > 0 && isFree(y - 1)) y--;
    done.push({ ...panel, y });
  }
  const places = new Map(done.map((panel) => [panel.id, panel]));
  return panels.map((panel) => places.get(panel.id) ?? panel);
}

/** A panel at another place or size. */
export function placed<T extends Placed>(panels: readonly T[], id: string, place: Partial<Place>): T[] {
  return compacted(panels.map((panel) => (panel.id === id ? { ...panel, ...clampPlace({ x: panel.x, y: panel.y, w: panel.w, h: panel.h, ...place }) } : panel)), id);
}

/** The first gap that is large enough, from above. */
export function freePlace(panels: readonly Place[], w: number, h: number): Place {
  for (let y = 0; ; y++) {
    for (let x = 0; x + w <= GRID_COLUMNS; x++) {
      const place = { x, y, w, h };
      if (panels.every((panel) => !overlaps(place, panel))) return place;
    }
  }
}

export function gridHeight(panels: readonly Place[]): number {
  return panels.reduce((most, panel) => Math.max(most, panel.y + panel.h), 0) * (ROW_PX + GAP_PX);
}

/** In pixels, of a grid that wide. */
export function boxOf(place: Place, width: number): { left: number; top: number; width: number; height: number } {
  const column = (width + GAP_PX) / GRID_COLUMNS;
  return { left: Math.round(place.x * column), top: place.y * (ROW_PX + GAP_PX), width: Math.round((place.x + place.w) * column) - Math.round(place.x * column) - GAP_PX, height: place.h * (ROW_PX + GAP_PX) - GAP_PX };
}

/** On a phone panels lie one below the other, small ones two in a row. */
export function narrowed<T extends Placed>(panels: readonly T[]): T[] {
  const order = [...panels].sort((a, b) => a.y - b.y || a.x - b.x);
  let y = 0;
  let half: { id: string; h: number } | null = null;
  const places = new Map<string, T>();
  for (const panel of order) {
    const isSmall = panel.w <= 8 && panel.h <= 5;
    if (isSmall && half) {
      places.set(panel.id, { ...panel, x: GRID_COLUMNS / 2, y, w: GRID_COLUMNS / 2, h: half.h });
      y += half.h;
      half = null;
      continue;
    }
    if (half) {
      widen(places, half.id);
      y += half.h;
      half = null;
    }
    if (isSmall) {
      half = { id: panel.id, h: panel.h };
      places.set(panel.id, { ...panel, x: 0, y, w: GRID_COLUMNS / 2 });
      continue;
    }
    places.set(panel.id, { ...panel, x: 0, y, w: GRID_COLUMNS });
    y += panel.h;
  }
  if (half) widen(places, half.id);
  return panels.map((panel) => places.get(panel.id) ?? panel);
}

/** A small one that found no second has the whole width. */
function widen<T extends Placed>(places: Map<string, T>, id: string): void {
  const alone = places.get(id);
  if (alone) places.set(id, { ...alone, w: GRID_COLUMNS });
}

/** Panels under a closed row are left out, and those below move up. */
export function withoutClosed<T extends Placed & { kind: string }>(panels: readonly T[], closed: ReadonlySet<string>): T[] {
  if (closed.size === 0) return [...panels];
  const order = [...panels].sort((a, b) => a.y - b.y || a.x - b.x);
  const shown: T[] = [];
  let isClosed = false;
  for (const panel of order) {
    if (panel.kind === "row") isClosed = closed.has(panel.id);
    if (panel.kind === "row" || !isClosed) shown.push(panel);
  }
  return compacted(shown);
}
