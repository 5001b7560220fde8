// Owns making of a panel's answers what it draws: one list of moments, lines, rows, a single number, states, colours by
// threshold. Never asks and never draws.
import { type Reduction, type Threshold, type ThresholdColour } from "./board";
import { numberOf, type Grid, type Labels, type MatrixAnswer } from "./promAnswer";
import { cellNumber, cellText, columnRole, type SqlAnswer } from "./sqlResult";
import type { Steps } from "./promRange";
import { formatLegend } from "./seriesNames";
import { lineFigures } from "./seriesTable";

const MOMENTS_MOST = 2000;

export interface Frame {
  seconds: number[];
  series: { labels: Labels; values: (number | null)[]; column?: string }[];
}

interface SqlSteps {
  /** The moments asked about, which the rows of `date_bin` fall on. */
  grid: Steps | null;
  perSecond: boolean;
  /** Steps without rows are 0 rather than gaps: right for counts. */
  zero: boolean;
}

/** All steps of the grid where the rows lie on it; otherwise the moments that there are. */
function momentsOf(present: readonly number[], grid: Steps | null): number[] {
  const isOnGrid = grid !== null && present.every((at) => Math.abs((at * 1000) % grid.stepMs) < 1);
  if (!isOnGrid || grid === null) return [...present];
  const first = Math.min(present[0] * 1000, grid.startMs);
  // A row of `date_bin` stands for the step that begins there: the end begins none.
  const count = Math.min(Math.ceil((grid.endMs - first) / grid.stepMs), MOMENTS_MOST);
  return [...new Set([...Array.from({ length: Math.max(count, 0) }, (_, place) => (first + place * grid.stepMs) / 1000), ...present])].sort((a, b) => a - b);
}

/** A time column, numbers, and texts that tell series apart. Durations become seconds. */
export function frameFromSql(answer: SqlAnswer, { grid, perSecond, zero }: SqlSteps): Frame {
  const roles = answer.columns.map(columnRole);
  const time = roles.indexOf("time");
  const numbers = roles.flatMap((role, index) => (role === "number" || role === "duration" ? [index] : []));
  const names = roles.flatMap((role, index) => (role === "text" ? [index] : []));
  if (time === -1 || numbers.length === 0) return { seconds: [], series: [] };
  const moments = answer.rows.map((row) => Date.parse(String(row[time])) / 1000);
  const present = [...new Set(moments.filter(Number.isFinite))].sort((a, b) => a - b);
  const seconds = present.length === 0 ? [] : momentsOf(present, grid);
  const places = new Map(seconds.map((at, place) => [at, place]));
  const series = new Map<string, Frame["series"][number]>();
  answer.rows.forEach((row, index) => {
    const place = places.get(moments[index]);
    if (place === undefined) return;
    const labels = Object.fromEntries(names.map((column) => [answer.columns[column].name, cellText(row[column])]));
    for (const column of numbers) {
      const name = answer.columns[column].name;
      const key = JSON.stringify([labels, name]);
      const known = series.get(key) ?? { labels, column: name, values: new Array<number | null>(seconds.length).fill(perSecond || zero ? 0 : null) };
      const value = cellNumber(row[column]);
      const scale = roles[column] === "duration" ? 1e-9 : perSecond && grid ? 1000 / grid.stepMs : 1;
      known.values[place] = value === null ? null : value * scale;
      series.set(key, known);
    }
  });
  return { seconds, series: [...series.values()] };
}

/** Frames of several queries on one list of moments. */
export function mergeFrames(frames: readonly Frame[]): Frame {
  if (frames.length === 1) return frames[0];
  const seconds = [...new Set(frames.flatMap((frame) => frame.seconds))].sort((a, b) => a - b);
  const places = new Map(seconds.map((at, place) => [at, place]));
  const series = frames.flatMap((frame) => frame.series.map((one) => {
    const values = new Array<number | null>(seconds.length).fill(null);
    frame.seconds.forEach((at, place) => (values[places.get(at) as number] = one.values[place]));
    return { ...one, values };
  }));
  return { seconds, series };
}

export const frameFromGrid = (grid: Grid): Frame => ({ seconds: grid.seconds, series: grid.series });

export function reduceValues(values: readonly (number | null)[], reduction: Reduction): number | null {
  if (reduction === "sum") {
    const present = values.filter((value): value is number => value !== null);
    return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0);
  }
  return lineFigures(values)[reduction];
}

/** The colour of the highest threshold that the value has reached. */
export function thresholdOf(value: number | null, thresholds: readonly Threshold[] = []): ThresholdColour | null {
  if (value === null) return null;
  let reached: Threshold | null = null;
  for (const threshold of thresholds) if (value >= threshold.value && (reached === null || threshold.value >= reached.value)) reached = threshold;
  return reached?.colour ?? null;
}

export const COLOUR_TOKENS: Record<ThresholdColour, string> = { green: "var(--good)", yellow: "var(--warn)", red: "var(--error)" };

export interface StateSpan {
  from: number;
  to: number;
  value: number;
}

/** Runs of one state, by places of the moments; values between two thresholds are one state. */
export function stateSpans(values: readonly (number | null)[], thresholds: readonly Threshold[] = []): StateSpan[] {
  const bounds = thresholds.map((one) => one.value).sort((a, b) => a - b);
  const stateOf = (value: number): number => (bounds.length === 0 ? value : bounds.filter((bound) => value >= bound).length);
  const spans: StateSpan[] = [];
  values.forEach((value, place) => {
    if (value === null) return;
    const last = spans.at(-1);
    if (last && last.to === place && stateOf(last.value) === stateOf(value)) last.to = place + 1;
    else spans.push({ from: place, to: place + 1, value });
  });
  return spans;
}

/** Answers at a moment as the table that a SQL answer is: a column for each label, then the values. */
export function tableFromVectors(vectors: readonly { answer: MatrixAnswer; name: string }[]): SqlAnswer {
  const labels = [...new Set(vectors.flatMap(({ answer }) => answer.result.flatMap((one) => Object.keys(one.metric))))].filter((label) => label !== "__name__").sort();
  const rows = new Map<string, unknown[]>();
  vectors.forEach(({ answer }, place) => {
    for (const one of answer.result) {
      if (!one.value) continue;
      const key = JSON.stringify(labels.map((label) => one.metric[label] ?? null));
      const row = rows.get(key) ?? [...labels.map((label) => one.metric[label] ?? ""), ...vectors.map(() => null)];
      row[labels.length + place] = numberOf(one.value[1]);
      rows.set(key, row);
    }
  });
  return {
    columns: [...labels.map((name) => ({ name, type: "Utf8" })), ...vectors.map(({ name }) => ({ name, type: "Float64" }))],
    rows: [...rows.values()],
    stats: { rows: rows.size, truncated: false, elapsed_ms: 0 },
  };
}

/** Bars of answers at a moment whose queries name them: a row a series, named by the query's legend. */
export function barsFromVectors(vectors: readonly { answer: MatrixAnswer; legend: string; letter: string }[]): SqlAnswer {
  const rows = vectors.flatMap(({ answer, legend, letter }) => answer.result.flatMap((one): unknown[][] => {
    if (!one.value) return [];
    const words = Object.entries(one.metric).filter(([label]) => label !== "__name__").map(([, value]) => value).join(" · ");
    return [[(legend === "" ? words : formatLegend(legend, one.metric)) || letter, numberOf(one.value[1])]];
  }));
  return { columns: [{ name: "name", type: "Utf8" }, { name: "value", type: "Float64" }], rows, stats: { rows: rows.length, truncated: false, elapsed_ms: 0 } };
}

/** Name and value of each row: the texts joined, and the first number. */
export function barsOf(answer: SqlAnswer): { name: string; value: number }[] {
  const roles = answer.columns.map(columnRole);
  const number = roles.findIndex((role) => role === "number" || role === "duration");
  if (number === -1) return [];
  const scale = roles[number] === "duration" ? 1e-9 : 1;
  return answer.rows
    .map((row) => ({ name: row.filter((_, column) => roles[column] === "text" || roles[column] === "time").map(cellText).join(" · "), value: (cellNumber(row[number]) ?? NaN) * scale }))
    .filter((bar) => Number.isFinite(bar.value))
    .sort((a, b) => b.value - a.value);
}
