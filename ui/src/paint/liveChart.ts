// Owns the small chart whose picture moves: made once, then given new columns every second. Its time axis is a window that
// slides; its value axis grows at once and shrinks late, so that nothing jumps. Never fetches.
import uPlot from "uplot";
import { CHART_FONT, niceRange, timeAxis, valueAxis, zoneOptions } from "./chartAxes";
import { readPalette, type Palette } from "./palette";
import type { ChartCursor } from "./seriesChart";

export interface LiveChartData {
  seconds: number[];
  values: (number | null)[][];
  /** Seconds of the first and last moment in sight. */
  window: [number, number];
  limit: number | null;
  /** Moments at which something happened, in order of time. */
  marks: readonly LiveMark[];
}

export interface LiveMark {
  seconds: number;
  label: string;
  isBad: boolean;
}

interface LiveChartInput {
  colours: readonly string[];
  isRatio: boolean;
  axisWidth: number;
  syncKey: string;
  write: (value: number | null | undefined) => string;
  onCursor: (cursor: ChartCursor | null) => void;
}

export interface LiveChart {
  update: (data: LiveChartData) => void;
  destroy: () => void;
}

const SHRINK_BELOW = 0.4;

function resolve(colour: string): string {
  const token = /^var\((--[\w-]+)\)$/.exec(colour);
  return token ? getComputedStyle(document.documentElement).getPropertyValue(token[1]).trim() || "#888" : colour;
}

export function createLiveChart(holder: HTMLElement, input: LiveChartInput, width: number, height: number): LiveChart {
  const palette = readPalette();
  let data: LiveChartData = { seconds: [], values: [], window: [0, 1], limit: null, marks: [] };
  let top = 0;
  const valueRange = (low: number | null, high: number | null): uPlot.Range.MinMax => {
    if (input.isRatio) return low === null || high === null ? [0, 1] : [Math.max(0, Math.min(low, 0.995) - (1 - Math.min(low, 0.995)) * 0.2), 1];
    const near = data.limit !== null && high !== null && high > data.limit * 0.6 ? data.limit : 0;
    const most = Math.max(high ?? 0, near);
    if (most > top || most < top * SHRINK_BELOW) top = most * 1.12;
    return top > 0 ? [0, top] : niceRange(0, null);
  };
  const options: uPlot.Options = {
    width,
    height,
    ...zoneOptions(),
    padding: [6, 8, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 5 }, drag: { x: false, y: false }, sync: { key: input.syncKey, setSeries: false } },
    scales: { x: { time: true, range: () => data.window }, y: { range: (_chart, low, high) => valueRange(low, high) } },
    axes: [
      { ...timeAxis(palette, 22), space: 80, values: [[60, "{HH}:{mm}", null, null, null, null, null, null, 0], [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 0]] },
      valueAxis(palette, { size: input.axisWidth, space: 26, values: (_chart, splits) => splits.map((split) => input.write(split)) }),
    ],
    series: [{}, ...input.colours.map((colour, place): uPlot.Series => ({
      stroke: resolve(colour),
      width: 1.5,
      fill: place === 0 ? `color-mix(in srgb, ${resolve(colour)} 12%, transparent)` : undefined,
      points: { show: false },
      spanGaps: false,
    }))],
    hooks: {
      draw: [(chart) => paintLimit(chart, data.limit, palette.error), (chart) => paintMarks(chart, data.marks, palette)],
      setCursor: [(moved) => {
        const { left, top: y, idx } = moved.cursor;
        input.onCursor(idx === null || idx === undefined || left === undefined || left < 0 || y === undefined ? null : { index: idx, left: left + moved.over.offsetLeft, top: y + moved.over.offsetTop, exemplar: null });
      }],
    },
  };
  const chart = new uPlot(options, [[], ...input.colours.map(() => [])], holder);
  return {
    update: (next) => {
      data = next;
      chart.setData([next.seconds, ...next.values]);
    },
    destroy: () => chart.destroy(),
  };
}

function paintLimit(chart: uPlot, limit: number | null, colour: string): void {
  if (limit === null) return;
  const { ctx: context, bbox } = chart;
  const y = Math.round(chart.valToPos(limit, "y", true));
  if (!(y >= bbox.top && y <= bbox.top + bbox.height)) return;
  context.save();
  context.lineWidth = window.devicePixelRatio;
  context.setLineDash([5 * window.devicePixelRatio, 4 * window.devicePixelRatio]);
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(bbox.left, y);
  context.lineTo(bbox.left + bbox.width, y);
  context.stroke();
  context.restore();
}

/** A word takes so much room: marks nearer to each other share the first one's. */
const MARK_ROOM_PX = 76;

function paintMarks(chart: uPlot, marks: readonly LiveMark[], palette: Palette): void {
  const { ctx: context, bbox } = chart;
  const ratio = window.devicePixelRatio;
  let free = -Infinity;
  context.save();
  context.font = CHART_FONT.replace("11px", `${10 * ratio}px`);
  context.textBaseline = "top";
  context.lineWidth = ratio;
  context.setLineDash([2 * ratio, 3 * ratio]);
  for (const mark of marks) {
    const x = Math.round(chart.valToPos(mark.seconds, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    context.strokeStyle = context.fillStyle = mark.isBad ? palette.error : palette.text;
    context.beginPath();
    context.moveTo(x, bbox.top);
    context.lineTo(x, bbox.top + bbox.height);
    context.stroke();
    if (x < free) continue;
    const isLate = x > bbox.left + bbox.width * 0.75;
    context.textAlign = isLate ? "right" : "left";
    context.fillText(mark.label, x + (isLate ? -4 : 4) * ratio, bbox.top + ratio);
    free = x + MARK_ROOM_PX * ratio;
  }
  context.restore();
}
