// Owns the figures of a chart's lines, their order in the legend, and the same data as CSV. Never draws.

export interface Figures {
  last: number | null;
  least: number | null;
  most: number | null;
  mean: number | null;
}

export function lineFigures(values: readonly (number | null)[]): Figures {
  const present = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (present.length === 0) return { last: null, least: null, most: null, mean: null };
  return { last: present[present.length - 1], least: present.reduce((a, b) => Math.min(a, b)), most: present.reduce((a, b) => Math.max(a, b)), mean: present.reduce((sum, value) => sum + value, 0) / present.length };
}

export type FigureKey = keyof Figures;

/** Places of the lines by one figure, the largest first; lines without values come last. Without a figure as they are. */
export function orderByFigure(figures: readonly Figures[], by: FigureKey | null): number[] {
  const places = figures.map((_, place) => place);
  if (by === null) return places;
  return places.sort((a, b) => (figures[b][by] ?? -Infinity) - (figures[a][by] ?? -Infinity) || a - b);
}

const cell = (text: string): string => (/[",\n\r]/.test(text) || /^[=+\-@\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A line a moment: its time in UTC, then each series' value; a gap is empty. */
export function toCsv(seconds: readonly number[], names: readonly string[], values: readonly (readonly (number | null)[])[]): string {
  const head = ["time", ...names].map(cell).join(",");
  const rows = seconds.map((at, place) => [new Date(at * 1000).toISOString(), ...values.map((series) => (series[place] === null || series[place] === undefined ? "" : String(series[place])))].join(","));
  return [head, ...rows].join("\n");
}
