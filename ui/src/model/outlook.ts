// Owns what can be said of a line beyond its values: the band in which it usually is, and where it goes if it goes on like
// this. Simple on purpose, so that a reader can know what it says. Pure.

export interface Band {
  low: (number | null)[];
  high: (number | null)[];
}

const LEAST_POINTS = 8;
const DEVIATIONS = 3;

/** Mean ± three standard deviations of the `window` values before each place, which itself is left out. */
export function usualBand(values: readonly (number | null)[], window: number): Band {
  const low: (number | null)[] = [];
  const high: (number | null)[] = [];
  for (let place = 0; place < values.length; place++) {
    const before = values.slice(Math.max(0, place - window), place).filter((value): value is number => value !== null && Number.isFinite(value));
    if (before.length < Math.min(LEAST_POINTS, window)) {
      low.push(null);
      high.push(null);
      continue;
    }
    const mean = before.reduce((sum, value) => sum + value, 0) / before.length;
    const deviation = Math.sqrt(before.reduce((sum, value) => sum + (value - mean) ** 2, 0) / before.length);
    low.push(mean - DEVIATIONS * deviation);
    high.push(mean + DEVIATIONS * deviation);
  }
  return { low, high };
}

/** Places where a line leaves its band. */
export function unusualPlaces(values: readonly (number | null)[], band: Band): number[] {
  return values.flatMap((value, place) => {
    const [low, high] = [band.low[place], band.high[place]];
    return value !== null && low !== null && high !== null && (value < low || value > high) ? [place] : [];
  });
}

/** The line of least squares through the last half, from its last value on for `steps` places; null with too few values. */
export function linearForecast(values: readonly (number | null)[], steps: number): number[] | null {
  const points = values.flatMap((value, place) => (value !== null && Number.isFinite(value) && place >= values.length / 2 ? [[place, value] as const] : []));
  if (points.length < LEAST_POINTS) return null;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return null;
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  return Array.from({ length: steps + 1 }, (_, step) => meanY + slope * (values.length - 1 + step - meanX));
}

/** That a line comes to an end of what there is: a share to all of it, an amount that shrinks to nothing. */
export interface Reach {
  isFull: boolean;
  inSeconds: number;
}

const LEAST_FIT = 0.6;
const FARTHEST_SECONDS = 365 * 86_400;
const FULL: Record<string, number> = { ratio: 1, "%": 100 };

/**
 * When a line that goes on straight is at its end: at 1 or 100 % where the unit is a share, at 0 where it falls. Null where it
 * is there already, goes elsewhere, is more than a year off, or is not straight enough to say so.
 */
export function reachOf(values: readonly (number | null)[], stepSeconds: number, unit: string): Reach | null {
  const points = values.flatMap((value, place) => (value !== null && Number.isFinite(value) && place >= values.length / 2 ? [[place, value] as const] : []));
  if (points.length < LEAST_POINTS) return null;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const height = points.reduce((sum, [, y]) => sum + (y - meanY) ** 2, 0);
  const both = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  if (spread === 0 || height === 0 || both ** 2 / (spread * height) < LEAST_FIT) return null;
  const slope = both / spread;
  const last = meanY + slope * (values.length - 1 - meanX);
  const isShare = Object.hasOwn(FULL, unit) || (unit === "1" && points.every(([, value]) => value >= 0 && value <= 1));
  const limit = slope > 0 ? (isShare ? (Object.hasOwn(FULL, unit) ? FULL[unit] : 1) : null) : 0;
  if (limit === null || (slope > 0 ? last >= limit : last <= limit)) return null;
  const inSeconds = ((limit - last) / slope) * stepSeconds;
  return inSeconds > FARTHEST_SECONDS ? null : { isFull: slope > 0, inSeconds };
}
