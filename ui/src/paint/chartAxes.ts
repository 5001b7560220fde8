// Owns the axes that all charts over time share: their look, and how moments are written. Never draws lines.
import uPlot from "uplot";
import { currentZone } from "../model/timeZone";
import type { Palette } from "./palette";

export const CHART_FONT = "11px Inter, ui-sans-serif, system-ui, sans-serif";

function axis(palette: Palette, side: Partial<uPlot.Axis>): uPlot.Axis {
  return { stroke: palette.faint, font: CHART_FONT, grid: { stroke: palette.line, width: 1 }, ticks: { stroke: palette.line, width: 1, size: 4 }, ...side };
}

export function timeAxis(palette: Palette, size = 42): uPlot.Axis {
  return axis(palette, { size, space: 90, values: [[86_400, "{YYYY}-{MM}-{DD}"], [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}"], [1, "{HH}:{mm}:{ss}"], [0.001, ":{ss}.{fff}"]].map(axisRow) });
}

export function valueAxis(palette: Palette, side: Partial<uPlot.Axis>): uPlot.Axis {
  return axis(palette, { size: 76, space: 40, ...side });
}

/** uPlot's table of axis formats: step, format, then what to add when a year, month, day, minute… begins. */
function axisRow(row: (string | number)[]): (string | number | null)[] {
  const [step, format, onDay] = row;
  return [step, format, null, null, onDay ?? null, null, null, null, onDay === undefined ? 0 : 1];
}

/** Makes the chart speak the chosen zone. */
export function zoneOptions(): Partial<uPlot.Options> {
  return currentZone() === "utc" ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {};
}

/** From zero where the values are not far from it, so that heights can be compared; with air above. */
export function niceRange(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const bottom = low >= 0 && low < high * 0.7 ? 0 : low;
  if (bottom === high) return bottom === 0 ? [0, 1] : [Math.min(0, bottom), Math.max(0, high * 1.1)];
  const air = (high - bottom) * 0.06;
  return [bottom === 0 ? 0 : bottom - air, high + air];
}

/** Dragging over the chart chooses a range, which is handed on and not kept. */
export function onSelect(zoom: (fromSeconds: number, toSeconds: number) => void) {
  return (chart: uPlot): void => {
    if (chart.select.width < 4) return;
    const from = chart.posToVal(chart.select.left, "x");
    const to = chart.posToVal(chart.select.left + chart.select.width, "x");
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    zoom(from, to);
  };
}
