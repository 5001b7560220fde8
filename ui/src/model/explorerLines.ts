// Owns which lines a chart has: those of every query with their names, colours and units, and those of an earlier time
// beside them. Of very many only the largest are drawn, and it is said. Pure.
import { lineFigures } from "./seriesTable";
import type { Grid, Labels } from "./promAnswer";
import { seriesNames } from "./seriesNames";

export interface DrawnLine {
  name: string;
  letter: string;
  labels: Labels;
  values: (number | null)[];
  colour: string;
  isDashed: boolean;
  unit: string;
}

export interface QueryGrid {
  letter: string;
  /** What a line is called that has no labels. */
  fallback: string;
  unit: string;
  grid: Grid | null;
  earlier: Grid | null;
  isQuantiles: boolean;
}

export const LINES_MOST = 40;
const COLOURS = 14;
const QUANTILE_COLOURS = ["var(--service-5)", "var(--service-0)", "var(--service-3)", "var(--service-1)", "var(--service-2)"];
const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort());

export interface Drawn {
  lines: DrawnLine[];
  /** How many series there are, drawn or not. */
  total: number;
  /** What all lines have in common. */
  shared: [string, string][];
}

/** `earlierName` is put behind the names of lines of an earlier time. */
export function drawnLines(queries: readonly QueryGrid[], earlierName: string, most = LINES_MOST): Drawn {
  const isSeveral = queries.filter((query) => (query.grid?.series.length ?? 0) > 0).length > 1;
  const all = queries.flatMap((query) => (query.grid?.series ?? []).map((series) => ({ query, series })));
  const kept = largest(all, most);
  const lines: DrawnLine[] = [];
  let shared: [string, string][] = [];
  let colourPlace = 0;
  for (const query of queries) {
    const own = kept.filter((one) => one.query === query).map((one) => one.series);
    const named = seriesNames(own.map((series) => series.labels), query.fallback);
    if (!isSeveral) shared = named.shared;
    const isOneSet = query.isQuantiles && own.every((series) => Object.keys(series.labels).every((label) => label === "quantile")) && !isSeveral;
    own.forEach((series, place) => {
      const colour = isOneSet ? QUANTILE_COLOURS[place % QUANTILE_COLOURS.length] : `var(--service-${colourPlace++ % COLOURS})`;
      const name = isSeveral && named.names[place] !== query.fallback ? `${query.letter.toUpperCase()} · ${named.names[place]}` : named.names[place];
      const line = { name, letter: query.letter, labels: series.labels, values: series.values, colour, isDashed: false, unit: query.unit };
      lines.push(line);
      const before = query.earlier?.series.find((other) => keyOf(other.labels) === keyOf(series.labels));
      if (before) lines.push({ ...line, name: `${name} (${earlierName})`, values: before.values, isDashed: true });
    });
  }
  return { lines, total: all.length, shared };
}

function largest<T extends { series: { values: (number | null)[] } }>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  const means = new Map(all.map((one) => [one, lineFigures(one.series.values).mean ?? -Infinity]));
  const kept = new Set([...all].sort((a, b) => (means.get(b) ?? 0) - (means.get(a) ?? 0)).slice(0, most));
  return all.filter((one) => kept.has(one));
}
