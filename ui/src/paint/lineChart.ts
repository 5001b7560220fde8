// Owns making a uPlot chart that looks like the rest of the page. Never fetches and never keeps state of its own.
import uPlot from "uplot";
import { currentZone } from "../model/timeZone";
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
  kind: "line" | "area";
  write: (value: number | null | undefined) => string;
  onCursor: (index: number | null) => void;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
}

export interface ChartMark {
  seconds: number;
  label: string;
}

const FONT = "11px Inter, ui-sans-serif, system-ui, sans-serif";

export function createLineChart(holder: HTMLElement, input: LineChartInput, palette: Palette, width: number, height: number): uPlot {
  const axis = (side: Partial<uPlot.Axis>): uPlot.Axis => ({
    stroke: palette.faint,
    font: FONT,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1, size: 4 },
    ...side,
  });
  const options: uPlot.Options = {
    width,
    height,
    ...(currentZone() === "utc" ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {}),
    padding: [12, 14, 0, 0],
    legend: { show: false },
    cursor: {
      points: { size: 6 },
      drag: { x: input.onZoom !== undefined, y: false, setScale: false },
      focus: { prox: -1 },
    },
    scales: { x: { time: true }, y: { range: (_chart, low, high) => niceRange(low, high) } },
    axes: [
      axis({ size: 42, space: 90, values: [[86_400, "{YYYY}-{MM}-{DD}"], [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}"], [1, "{HH}:{mm}:{ss}"], [0.001, ":{ss}.{fff}"]].map(axisRow) }),
      axis({ size: 76, space: 40, values: (_chart, splits) => splits.map((split) => input.write(split)) }),
    ],
    series: [{}, ...input.names.map((name, index) => seriesOptions(name, index, input, palette))],
    hooks: {
      draw: [(chart) => paintMarks(chart, input.marks ?? [], palette)],
      setCursor: [(chart) => input.onCursor(chart.cursor.idx ?? null)],
      setSelect: [
        (chart) => {
          if (chart.select.width < 4) return;
          const from = chart.posToVal(chart.select.left, "x");
          const to = chart.posToVal(chart.select.left + chart.select.width, "x");
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          input.onZoom?.(from, to);
        },
      ],
    },
  };
  return new uPlot(options, [input.seconds, ...input.values], holder);
}

/** uPlot's table of axis formats: step, format, then what to add when a year, month, day, minute… begins. */
function axisRow(row: (string | number)[]): (string | number | null)[] {
  const [step, format, onDay] = row;
  return [step, format, null, null, onDay ?? null, null, null, null, onDay === undefined ? 0 : 1];
}

function seriesOptions(name: string, index: number, input: LineChartInput, palette: Palette): uPlot.Series {
  const token = input.tokens?.[index];
  const colour = token ? getComputedStyle(document.documentElement).getPropertyValue(token).trim() : palette.services[index % palette.services.length];
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

function paintMarks(chart: uPlot, marks: readonly ChartMark[], palette: Palette): void {
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

/** From zero where the values are not far from it, so that heights can be compared; with air above. */
function niceRange(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const bottom = low >= 0 && low < high * 0.7 ? 0 : low;
  if (bottom === high) return bottom === 0 ? [0, 1] : [Math.min(0, bottom), Math.max(0, high * 1.1)];
  const air = (high - bottom) * 0.06;
  return [bottom === 0 ? 0 : bottom - air, high + air];
}
