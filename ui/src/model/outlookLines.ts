// Owns adding the usual band and the forecast to the lines of a chart: more lines, more moments, bands between two of them.
// Only of few lines: of many nobody could tell whose band is whose. Pure.
import { linearForecast, reachOf, usualBand, type Reach } from "./outlook";

const LINES_MOST = 4;
const FORECAST_SHARE = 0.25;
const WINDOW_SHARE = 0.2;

interface Wanted {
  isUnusual: boolean;
  isForecast: boolean;
}

interface Names {
  bandLow: string;
  bandHigh: string;
  forecastName: string;
}

/** What of a line is looked at. */
interface Line {
  name: string;
  values: (number | null)[];
  isDashed?: boolean;
}

export interface OutlookLines<T extends Line> {
  seconds: number[];
  lines: T[];
  /** Places of the upper and the lower line. */
  bands: [number, number][];
  /** Lines that are heading for their end. */
  reaches: { name: string; reach: Reach }[];
}

export function withOutlook<T extends Line>(lines: readonly T[], seconds: readonly number[], { isUnusual, isForecast }: Wanted, names: Names, unitOf: (line: T) => string): OutlookLines<T> {
  const own = lines.filter((line) => !line.isDashed);
  if ((!isUnusual && !isForecast) || own.length > LINES_MOST || seconds.length < 2) return { seconds: [...seconds], lines: [...lines], bands: [], reaches: [] };
  const step = seconds[1] - seconds[0];
  const ahead = isForecast ? Math.max(1, Math.round(seconds.length * FORECAST_SHARE)) : 0;
  const all = [...seconds, ...Array.from({ length: ahead }, (_, place) => seconds[seconds.length - 1] + (place + 1) * step)];
  const longer = (values: readonly (number | null)[]): (number | null)[] => [...values, ...new Array<null>(ahead).fill(null)];
  const shown: T[] = lines.map((line) => ({ ...line, values: longer(line.values) }));
  const bands: [number, number][] = [];
  const reaches: { name: string; reach: Reach }[] = [];
  for (const line of own) {
    if (isUnusual) {
      const band = usualBand(line.values, Math.max(8, Math.round(seconds.length * WINDOW_SHARE)));
      bands.push([shown.length, shown.length + 1]);
      shown.push({ ...line, name: `${line.name} (${names.bandHigh})`, values: longer(band.high), isDashed: true });
      shown.push({ ...line, name: `${line.name} (${names.bandLow})`, values: longer(band.low), isDashed: true });
    }
    const forecast = isForecast ? linearForecast(line.values, ahead) : null;
    const reach = isForecast ? reachOf(line.values, step, unitOf(line)) : null;
    if (reach) reaches.push({ name: line.name, reach });
    if (forecast) shown.push({ ...line, name: `${line.name} (${names.forecastName})`, isDashed: true, values: [...new Array<null>(seconds.length - 1).fill(null), ...forecast] });
  }
  return { seconds: all, lines: shown, bands, reaches };
}
