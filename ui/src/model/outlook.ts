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
