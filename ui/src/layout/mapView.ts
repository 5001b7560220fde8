// Owns which part of the service map is in view: fitting all of it, zooming at a point, the form in the address. Pure.

export interface MapView {
  /** Pixels from the element's corner to the map's. */
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

const SCALES = { least: 0.05, most: 3 };
/** A small map is not blown up. */
const FIT_MOST = 1.25;

/** All of the map in the middle. */
export function fitView(map: Size, frame: Size): MapView {
  if (map.width === 0 || map.height === 0 || frame.width === 0 || frame.height === 0) return { x: 0, y: 0, scale: 1 };
  const scale = clampScale(Math.min(frame.width / map.width, frame.height / map.height, FIT_MOST));
  return { x: (frame.width - map.width * scale) / 2, y: (frame.height - map.height * scale) / 2, scale };
}

/** Below this no name can be read. */
const FIRST_LEAST = 0.38;

/** What one sees at first: all of it, or of a map too large for that its beginning, where requests come in. */
export function firstView(map: Size, frame: Size): MapView {
  const all = fitView(map, frame);
  if (all.scale >= FIRST_LEAST || map.width === 0) return all;
  const [width, height] = [map.width * FIRST_LEAST, map.height * FIRST_LEAST];
  return { x: Math.max(0, (frame.width - width) / 2), y: (frame.height - height) / 2, scale: FIRST_LEAST };
}

function clampScale(scale: number): number {
  return Math.min(Math.max(scale, SCALES.least), SCALES.most);
}

/** What is under the point stays there. */
export function zoomAt(view: MapView, factor: number, at: { x: number; y: number }): MapView {
  const scale = clampScale(view.scale * factor);
  const change = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * change, y: at.y - (at.y - view.y) * change };
}

/** Moved as little as brings a point of the map into the frame. */
export function withInView(view: MapView, point: { x: number; y: number }, frame: Size, air = 60): MapView {
  const [x, y] = [view.x + point.x * view.scale, view.y + point.y * view.scale];
  const shift = (at: number, size: number): number => (at < air ? air - at : at > size - air ? size - air - at : 0);
  return { ...view, x: view.x + shift(x, frame.width), y: view.y + shift(y, frame.height) };
}

export function writeView({ x, y, scale }: MapView): string {
  return `${Math.round(x)},${Math.round(y)},${Number(scale.toFixed(3))}`;
}

export function readView(text: string | null): MapView | null {
  const match = /^(-?\d{1,6}),(-?\d{1,6}),(\d{1,2}(?:\.\d{1,3})?)$/.exec(text ?? "");
  return match && Number(match[3]) > 0 ? { x: Number(match[1]), y: Number(match[2]), scale: clampScale(Number(match[3])) } : null;
}
