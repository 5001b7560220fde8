// Owns making the chart of the explorer and of panels: lines, stacked areas or bars over time, thresholds, exemplars, a
// crosshair shared by all charts of a page. Never fetches and never keeps what is chosen.
import uPlot from "uplot";
import { stackedValues } from "../layout/stack";
import type { Exemplar } from "../model/promAnswer";
import { CHART_FONT, niceRange, onSelect, timeAxis, valueAxis, zoneOptions } from "./chartAxes";
import { followWheel } from "./chartWheel";
import { paintMarks, type ChartMark } from "./lineChart";
import type { Palette } from "./palette";

export interface ChartLine {
  name: string;
  values: (number | null)[];
  /** A CSS colour or `var(--token)`. */
  colour: string;
  /** An earlier time or a forecast. */
  isDashed?: boolean;
}

export interface ChartThreshold {
  value: number;
  colour: string;
}

export interface SeriesChartInput {
  seconds: number[];
  lines: readonly ChartLine[];
  hidden: ReadonlySet<number>;
  drawing: "lines" | "stacked" | "bars";
  write: (value: number | null | undefined) => string;
  exemplars: readonly Exemplar[];
  thresholds: readonly ChartThreshold[];
  /** Band between two lines, by their places, in the colour of the second. */
  bands?: readonly [number, number][];
  /** Moments with a word. */
  marks?: readonly ChartMark[];
  axisWidth: number;
  syncKey?: string;
  onCursor: (cursor: ChartCursor | null) => void;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
}

export interface ChartCursor {
  index: number;
  /** In CSS pixels of the holder. */
  left: number;
  top: number;
  exemplar: Exemplar | null;
}

export interface SeriesChart {
  /** Other values of the same lines. */
  update: (seconds: number[], lines: readonly ChartLine[]) => void;
  highlight: (line: number | null) => void;
  exemplarAt: (left: number, top: number) => Exemplar | null;
  destroy: () => void;
}

const EXEMPLAR_REACH_PX = 9;
const EXEMPLAR_SIZE_PX = 4;
/** While the wheel turns: lines of one pixel cost a third of thicker ones. */
const MOVING_WIDTH_PX = 1;

function resolve(colour: string): string {
  const token = /^var\((--[\w-]+)\)$/.exec(colour);
  return token ? getComputedStyle(document.documentElement).getPropertyValue(token[1]).trim() || "#888" : colour;
}

export function createSeriesChart(holder: HTMLElement, given: SeriesChartInput, palette: Palette, width: number, height: number): SeriesChart {
  let input = given;
  const isPiled = input.drawing !== "lines";
  // What lies in front is drawn last: of a pile the lowest line.
  const order = input.lines.map((_, place) => place);
  if (isPiled) order.reverse();
  const dataOf = (): (number | null)[][] => {
    const piled = isPiled ? stackedValues(input.lines.map((line) => line.values), input.hidden) : null;
    return order.map((place) => (piled ? piled[place] : input.lines[place].values));
  };
  // Once for each set of values, not at every drawing: panning draws sixty times a second.
  const lonely = new Map<number, number[]>();
  const lone = (place: number): number[] => {
    const known = lonely.get(place) ?? lonePlaces(input.lines[place].values);
    lonely.set(place, known);
    return known;
  };
  let chart: uPlot | null = null;
  let view: uPlot.Range.MinMax | null = null;
  const exemplarAt = (left: number, top: number): Exemplar | null => (chart ? nearestExemplar(chart, input.exemplars, left, top) : null);
  const options: uPlot.Options = {
    width,
    height,
    ...zoneOptions(),
    padding: [10, 12, 0, 0],
    legend: { show: false },
    focus: { alpha: 0.18 },
    cursor: {
      points: { size: isPiled ? 0 : 6, show: !isPiled },
      drag: { x: input.onZoom !== undefined, y: false, setScale: false },
      focus: { prox: -1 },
      ...(input.syncKey ? { sync: { key: input.syncKey, setSeries: false } } : {}),
    },
    scales: { x: { time: true, range: () => view ?? timeRange(input.seconds, input.drawing === "bars") }, y: { range: (_chart, low, high) => rangeOf(input, low, high) } },
    axes: [timeAxis(palette, height < 160 ? 34 : 42), valueAxis(palette, { size: input.axisWidth, space: height < 180 ? 30 : 40, values: (_chart, splits) => splits.map((split) => input.write(split)) })],
    series: [{}, ...order.map((place) => seriesOptions(input, place, () => lone(place)))],
    bands: isPiled ? [] : (input.bands ?? []).map(([upper, lower]) => ({ series: [upper + 1, lower + 1] as [number, number], fill: `color-mix(in srgb, ${resolve(input.lines[lower].colour)} 14%, transparent)` })),
    hooks: {
      draw: [(drawn) => paintMarks(drawn, input.marks ?? [], palette), (drawn) => paintThresholds(drawn, input.thresholds), (drawn) => paintExemplars(drawn, input.exemplars, palette)],
      setCursor: [
        (moved) => {
          const { left, top, idx } = moved.cursor;
          if (idx === null || idx === undefined || left === undefined || left < 0 || top === undefined) return input.onCursor(null);
          // Where the plot lies is asked of the chart: asking the element would lay out the page at each step of the pointer.
          const { left: plotLeft, top: plotTop } = moved.bbox;
          input.onCursor({ index: idx, left: left + plotLeft / window.devicePixelRatio, top: top + plotTop / window.devicePixelRatio, exemplar: nearestExemplar(moved, input.exemplars, left, top) });
        },
      ],
      setSelect: [onSelect((from, to) => input.onZoom?.(from, to))],
    },
  };
  chart = new uPlot(options, [input.seconds, ...dataOf()], holder);
  const made = chart;
  const widths = made.series.map((line) => line.width ?? 0);
  const setWidths = (of: (width: number) => number): void => made.series.forEach((line, place) => (line.width = of(widths[place])));
  const { onZoom } = input;
  const unfollow = onZoom && followWheel(
    made,
    () => ({ from: made.scales.x.min ?? 0, to: made.scales.x.max ?? 1 }),
    ({ from, to }) => {
      view = [from, to];
      setWidths((width) => Math.min(width, MOVING_WIDTH_PX));
      made.setScale("x", { min: from, max: to });
    },
    ({ from, to }) => {
      setWidths((width) => width);
      made.redraw(false);
      onZoom(from, to);
    },
  );
  return {
    update: (seconds, lines) => {
      input = { ...input, seconds, lines };
      lonely.clear();
      view = null;
      made.setData([seconds, ...dataOf()] as uPlot.AlignedData);
    },
    highlight: (line) => made.setSeries(line === null ? null : order.indexOf(line) + 1, { focus: line !== null }, false),
    exemplarAt,
    destroy: () => {
      unfollow?.();
      made.destroy();
    },
  };
}

/** Bars stand round their moment: the first and the last need room. */
function timeRange(seconds: readonly number[], isBars: boolean): uPlot.Range.MinMax {
  if (seconds.length === 0) return [Date.now() / 1000 - 60, Date.now() / 1000];
  return seconds.length === 1 ? [seconds[0] - 1, seconds[0] + 1] : isBars ? [seconds[0] - (seconds[1] - seconds[0]) / 2, seconds[seconds.length - 1] + (seconds[1] - seconds[0]) / 2] : [seconds[0], seconds[seconds.length - 1]];
}

/** Thresholds that are near are kept in sight; far ones would press the lines flat. */
function rangeOf(input: SeriesChartInput, low: number | null, high: number | null): uPlot.Range.MinMax {
  const near = input.thresholds.map((one) => one.value).filter((value) => high !== null && value <= high * 1.6 && value >= (low ?? 0));
  const top = high === null ? null : Math.max(high, ...near);
  return niceRange(input.drawing === "lines" ? low : Math.min(low ?? 0, 0), top);
}

function seriesOptions(input: SeriesChartInput, place: number, lone: () => number[]): uPlot.Series {
  const line = input.lines[place];
  const colour = resolve(line.colour);
  const isPiled = input.drawing !== "lines";
  const isAlone = input.lines.length - input.hidden.size === 1 && !line.isDashed;
  const surface = resolve("var(--surface)");
  return {
    label: line.name,
    show: !input.hidden.has(place),
    stroke: colour,
    width: input.drawing === "bars" ? 0 : line.isDashed ? 1.2 : 1.6,
    dash: line.isDashed ? [5, 4] : undefined,
    fill: isPiled ? `color-mix(in srgb, ${colour} ${input.drawing === "bars" ? 78 : 55}%, ${surface})` : isAlone ? `color-mix(in srgb, ${colour} 13%, transparent)` : undefined,
    paths: input.drawing === "bars" ? uPlot.paths.bars?.({ size: [0.82, 40], align: 0 }) : undefined,
    // A value between two gaps makes no line: it gets a point, or nothing would be seen of it.
    points: input.drawing === "bars" ? { show: false } : { show: true, size: 5, filter: lone },
    spanGaps: false,
  };
}

function lonePlaces(values: readonly (number | null)[]): number[] {
  const isGap = (place: number): boolean => values[place] === null || values[place] === undefined;
  return values.flatMap((_, place) => (!isGap(place) && isGap(place - 1) && isGap(place + 1) ? [place] : []));
}

function paintThresholds(chart: uPlot, thresholds: readonly ChartThreshold[]): void {
  const { ctx: context, bbox } = chart;
  context.save();
  context.lineWidth = window.devicePixelRatio;
  context.setLineDash([6 * window.devicePixelRatio, 4 * window.devicePixelRatio]);
  for (const { value, colour } of thresholds) {
    const y = Math.round(chart.valToPos(value, "y", true));
    if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
    context.strokeStyle = resolve(colour);
    context.beginPath();
    context.moveTo(bbox.left, y);
    context.lineTo(bbox.left + bbox.width, y);
    context.stroke();
  }
  context.restore();
}

/** Where an exemplar lies, in pixels of the plot; one above the lines stays at its upper edge. */
function placeOf(chart: uPlot, exemplar: Exemplar, inCanvas: boolean): { x: number; y: number } {
  const top = chart.scales.y.max ?? exemplar.value;
  return { x: chart.valToPos(exemplar.seconds, "x", inCanvas), y: chart.valToPos(Math.min(exemplar.value, top), "y", inCanvas) };
}

function nearestExemplar(chart: uPlot, exemplars: readonly Exemplar[], left: number, top: number): Exemplar | null {
  let best: Exemplar | null = null;
  let reach = EXEMPLAR_REACH_PX;
  for (const exemplar of exemplars) {
    const { x, y } = placeOf(chart, exemplar, false);
    const distance = Math.hypot(x - left, y - top);
    if (distance < reach) [best, reach] = [exemplar, distance];
  }
  return best;
}

function paintExemplars(chart: uPlot, exemplars: readonly Exemplar[], palette: Palette): void {
  if (exemplars.length === 0) return;
  const { ctx: context, bbox } = chart;
  const size = EXEMPLAR_SIZE_PX * window.devicePixelRatio;
  context.save();
  context.font = CHART_FONT;
  context.fillStyle = palette.surface;
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.5 * window.devicePixelRatio;
  for (const exemplar of exemplars) {
    const { x, y } = placeOf(chart, exemplar, true);
    if (x < bbox.left || x > bbox.left + bbox.width || y > bbox.top + bbox.height) continue;
    context.beginPath();
    context.moveTo(x, y - size);
    context.lineTo(x + size, y);
    context.lineTo(x, y + size);
    context.lineTo(x - size, y);
    context.closePath();
    context.fill();
    context.stroke();
  }
  context.restore();
}
