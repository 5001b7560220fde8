// Owns making the chart of a histogram over time: cells by bucket and step on the axes of the other charts. Where cells lie
// is decided in layout/histogramHeatmap.
import uPlot from "uplot";
import { heatOf, type Heatmap } from "../layout/histogramHeatmap";
import { onSelect, timeAxis, valueAxis, zoneOptions } from "./chartAxes";
import type { Palette } from "./palette";

export interface HeatmapInput {
  seconds: number[];
  map: Heatmap;
  write: (value: number | null | undefined) => string;
  axisWidth: number;
  syncKey?: string;
  onCursor: (cursor: HeatmapCursor | null) => void;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
}

export interface HeatmapCursor {
  step: number;
  row: number;
  left: number;
  top: number;
}

export function createHeatmap(holder: HTMLElement, input: HeatmapInput, palette: Palette, width: number, height: number): uPlot {
  const { map, seconds } = input;
  const stepSeconds = seconds.length > 1 ? seconds[1] - seconds[0] : 1;
  const rows = Math.max(map.rows.length, 1);
  const label = (bound: number): string => {
    const row = Math.round(bound);
    if (row === 0) return map.rows[0] && Number.isFinite(map.rows[0].low) ? input.write(map.rows[0].low) : "";
    const high = map.rows[row - 1]?.high;
    return high === undefined ? "" : high === Infinity ? "∞" : input.write(high);
  };
  const options: uPlot.Options = {
    width,
    height,
    ...zoneOptions(),
    padding: [14, 12, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: input.onZoom !== undefined, y: false, setScale: false }, ...(input.syncKey ? { sync: { key: input.syncKey, setSeries: false, scales: ["x", null] as [string, null] } } : {}) },
    scales: { x: { time: true, range: () => [seconds[0] ?? 0, seconds[seconds.length - 1] ?? 1] }, y: { range: () => [0, rows] } },
    axes: [timeAxis(palette, height < 160 ? 34 : 42), valueAxis(palette, { size: input.axisWidth, splits: () => rowSplits(rows, height), values: (_chart, splits) => splits.map(label), grid: { show: false } })],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      drawAxes: [(chart) => paintCells(chart, input, palette, stepSeconds)],
      setCursor: [
        (chart) => {
          const { left, top, idx } = chart.cursor;
          if (idx === null || idx === undefined || left === undefined || left < 0 || top === undefined) return input.onCursor(null);
          input.onCursor({ step: idx, row: Math.min(Math.max(Math.floor(chart.posToVal(top, "y")), 0), rows - 1), left: left + chart.over.offsetLeft, top: top + chart.over.offsetTop });
        },
      ],
      setSelect: [onSelect((from, to) => input.onZoom?.(from, to))],
    },
  };
  return new uPlot(options, [seconds, seconds.map(() => null)], holder);
}

function rowSplits(rows: number, height: number): number[] {
  const every = Math.max(1, Math.ceil(rows / Math.max(2, Math.floor((height - 50) / 22))));
  return Array.from({ length: Math.floor(rows / every) + 1 }, (_, index) => index * every);
}

function paintCells(chart: uPlot, { map, seconds }: HeatmapInput, palette: Palette, stepSeconds: number): void {
  const { ctx: context, bbox } = chart;
  context.save();
  context.beginPath();
  context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  context.clip();
  context.fillStyle = palette.accent;
  for (let step = 0; step < map.steps; step++) {
    // A point says what happened in the step before it.
    const left = chart.valToPos(seconds[step] - stepSeconds, "x", true);
    const right = chart.valToPos(seconds[step], "x", true);
    for (let row = 0; row < map.rows.length; row++) {
      const count = map.counts[row * map.steps + step];
      if (count <= 0) continue;
      const top = chart.valToPos(row + 1, "y", true);
      const bottom = chart.valToPos(row, "y", true);
      context.globalAlpha = heatOf(count, map.most);
      context.fillRect(Math.round(left), Math.round(top), Math.max(1, Math.round(right) - Math.round(left)), Math.max(1, Math.round(bottom) - Math.round(top) - 1));
    }
  }
  context.restore();
}
