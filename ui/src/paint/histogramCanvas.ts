// Owns filling the canvas of the histogram over the logs. Where the bars lie is decided in layout/logHistogram.
import type { HistogramBar } from "../layout/logHistogram";
import { prepareCanvas } from "./palette";

/** In order of level: none, trace, debug, info, warn, error, fatal. */
export const LEVEL_TOKENS = ["--level-none", "--level-trace", "--level-debug", "--level-info", "--level-warn", "--level-error", "--level-fatal"] as const;

export function paintHistogram(canvas: HTMLCanvasElement, bars: readonly HistogramBar[], width: number, height: number): void {
  const context = prepareCanvas(canvas, width, height);
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  const colours = LEVEL_TOKENS.map((token) => style.getPropertyValue(token).trim() || "#888");
  for (const bar of bars) {
    context.fillStyle = colours[bar.level];
    context.fillRect(bar.x, bar.y, bar.width, bar.height);
  }
}
