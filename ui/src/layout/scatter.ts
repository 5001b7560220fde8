// Owns where the points of the duration-over-time picture lie, and which one is nearest to the pointer. Pure.

export interface ScatterPoint {
  x: number;
  y: number;
  radius: number;
}

export interface ScatterInput {
  timeMs: number;
  durationNs: number;
  spanCount: number;
}

export interface ScatterBox {
  width: number;
  height: number;
  padding: { left: number; right: number; top: number; bottom: number };
}

export interface ScatterScale {
  fromMs: number;
  toMs: number;
  leastNs: number;
  mostNs: number;
}

/** Time from left to right, duration upwards on a logarithmic scale of whole powers of ten. */
export function scatterScale(points: readonly ScatterInput[], fromMs: number, toMs: number): ScatterScale {
  let least = Infinity;
  let most = 0;
  for (const point of points) {
    least = Math.min(least, Math.max(point.durationNs, 1));
    most = Math.max(most, point.durationNs, 1);
  }
  if (least === Infinity) return { fromMs, toMs, leastNs: 1e6, mostNs: 1e9 };
  const low = Math.floor(Math.log10(least));
  const high = Math.max(low + 1, Math.ceil(Math.log10(most) + 1e-9));
  return { fromMs, toMs: Math.max(toMs, fromMs + 1), leastNs: 10 ** low, mostNs: 10 ** high };
}

export function yOf(durationNs: number, scale: ScatterScale, box: ScatterBox): number {
  const low = Math.log10(scale.leastNs);
  const high = Math.log10(scale.mostNs);
  const share = (Math.log10(Math.max(durationNs, scale.leastNs)) - low) / (high - low);
  return box.padding.top + (1 - share) * (box.height - box.padding.top - box.padding.bottom);
}

export function placePoints(points: readonly ScatterInput[], scale: ScatterScale, box: ScatterBox): ScatterPoint[] {
  const width = box.width - box.padding.left - box.padding.right;
  return points.map((point) => ({
    x: box.padding.left + ((point.timeMs - scale.fromMs) / (scale.toMs - scale.fromMs)) * width,
    y: yOf(point.durationNs, scale, box),
    radius: Math.min(2.5 + Math.log10(Math.max(point.spanCount, 1)) * 1.4, 9),
  }));
}

/** Index of the nearest point within `reach` pixels, or -1. */
export function nearestPoint(points: readonly ScatterPoint[], x: number, y: number, reach = 14): number {
  let best = -1;
  let bestDistance = reach * reach;
  points.forEach((point, index) => {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance < bestDistance) {
      best = index;
      bestDistance = distance;
    }
  });
  return best;
}
