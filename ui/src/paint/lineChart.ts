// Owns making a uPlot chart that looks like the rest of the page. Never fetches and never keeps state of its own.
import uPlot from "uplot";
import { niceRange, onSelect, timeAxis, valueAxis, zoneOptions } from "./chartAxes";
import type { Palette } from "./palette";

export interface LineChartInput {
  seconds: number[];
  values: (number | null)[][];
  names: string[];
  hidden: ReadonlySet<number>;
  highlighted: number | null;
  /** Design tokens, one a series; without them the colours of services are taken in turn. */
  tokens?: readonly string[];
  /** Moments to be marked with a line and a word, such as deployments. */
  marks?: readonly ChartMark[];
  /** Bands about series: the intervals of estimates. */
  bounds?: readonly ChartBounds[];
  kind: "line" | "area";
  write: (value: number | null | undefined) => string;
  onCursor: (index: number | null) => void;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
}

export interface ChartBounds {
  /** Place of the series. */
  of: number;
  low: (number | null)[];
  high: (number | null)[];
}

export interface ChartMark {
  seconds: number;
  label: string;
}

export function createLineChart(holder: HTMLElement, input: LineChartInput, palette: Palette, width: number, height: number): uPlot {
  const bounds = input.bounds ?? [];
  const options: uPlot.Options = {
    width,
    height,
    ...zoneOptions(),
    padding: [12, 14, 0, 0],
    legend: { show: false },
    cursor: {
      points: { size: 6 },
      drag: { x: input.onZoom !== undefined, y: false, setScale: false },
      focus: { prox: -1 },
    },
    scales: { x: { time: true }, y: { range: (_chart, low, high) => niceRange(low, high) } },
    axes: [
      timeAxis(palette),
      valueAxis(palette, { values: (_chart, splits) => splits.map((split) => input.write(split)) }),
    ],
    series: [{}, ...input.names.map((name, index) => seriesOptions(name, index, input, palette)), ...bounds.flatMap((one) => [boundOptions(one, input), boundOptions(one, input)])],
    bands: bounds.map((one, index) => ({ series: [input.names.length + 1 + 2 * index, input.names.length + 2 + 2 * index] as [number, number], fill: `color-mix(in srgb, ${colourOf(one.of, input, palette)} 18%, transparent)` })),
    hooks: {
      draw: [(chart) => paintMarks(chart, input.marks ?? [], palette)],
      setCursor: [(chart) => input.onCursor(chart.cursor.idx ?? null)],
      setSelect: [onSelect((from, to) => input.onZoom?.(from, to))],
    },
  };
  return new uPlot(options, [input.seconds, ...input.values, ...bounds.flatMap((one) => [one.high, one.low])], holder);
}

function colourOf(index: number, input: LineChartInput, palette: Palette): string {
  const token = input.tokens?.[index];
  return token ? getComputedStyle(document.documentElement).getPropertyValue(token).trim() : palette.services[index % palette.services.length];
}

/** Seen only as the edge of its band. */
function boundOptions(bounds: ChartBounds, input: LineChartInput): uPlot.Series {
  return { show: !input.hidden.has(bounds.of), width: 0, points: { show: false }, spanGaps: false };
}

function seriesOptions(name: string, index: number, input: LineChartInput, palette: Palette): uPlot.Series {
  const colour = colourOf(index, input, palette);
  const isFaint = input.highlighted !== null && input.highlighted !== index;
  return {
    label: name,
    show: !input.hidden.has(index),
    stroke: colour,
    width: input.highlighted === index ? 2.5 : 1.5,
    alpha: isFaint ? 0.2 : 1,
    fill: input.kind === "area" && input.names.length === 1 ? `color-mix(in srgb, ${colour} 14%, transparent)` : undefined,
    // A value between two gaps makes no line: it gets a point, or nothing would be seen of it.
    points: { show: true, size: 5, filter: () => isolatedPlaces(input.values[index]) },
    spanGaps: false,
  };
}

export function paintMarks(chart: uPlot, marks: readonly ChartMark[], palette: Palette): void {
  const { ctx: context, bbox } = chart;
  context.save();
  context.strokeStyle = context.fillStyle = palette.text;
  context.lineWidth = window.devicePixelRatio;
  context.setLineDash([4 * window.devicePixelRatio, 3 * window.devicePixelRatio]);
  context.font = `${11 * window.devicePixelRatio}px Inter, ui-sans-serif, system-ui, sans-serif`;
  context.textBaseline = "top";
  for (const mark of marks) {
    const x = Math.round(chart.valToPos(mark.seconds, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    context.beginPath();
    context.moveTo(x, bbox.top);
    context.lineTo(x, bbox.top + bbox.height);
    context.stroke();
    const isLate = x > bbox.left + bbox.width * 0.8;
    context.textAlign = isLate ? "right" : "left";
    context.fillText(mark.label.slice(0, 24), x + (isLate ? -5 : 5) * window.devicePixelRatio, bbox.top + 2);
  }
  context.restore();
}

function isolatedPlaces(values: readonly (number | null)[]): number[] {
  const isGap = (place: number): boolean => values[place] === null || values[place] === undefined;
  return values.flatMap((_, place) => (!isGap(place) && isGap(place - 1) && isGap(place + 1) ? [place] : []));
}
