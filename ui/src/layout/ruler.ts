// Owns the ticks of the time ruler: at which moments, and how each is written. Pure; never draws.
import type { TimeWindow } from "./timeWindow";

export interface Tick {
  /** 0..1 of the width. */
  at: number;
  label: string;
}

/** 1, 2 or 5 times a power of ten, so that no more than `most` ticks fit. */
export function niceStep(width: number, most: number): number {
  const rough = width / Math.max(most, 1);
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

export function rulerTicks(window: TimeWindow, widthPx: number): Tick[] {
  const width = window.endNs - window.startNs;
  if (!(width > 0) || widthPx < 40) return [];
  const step = niceStep(width, Math.max(2, Math.floor(widthPx / 110)));
  const ticks: Tick[] = [];
  const first = Math.ceil(window.startNs / step - 1e-9);
  for (let index = first; index * step <= window.endNs && ticks.length < 100; index++) {
    ticks.push({ at: (index * step - window.startNs) / width, label: tickLabel(index * step, step, window.endNs) });
  }
  return ticks;
}

/** One unit for the whole ruler, with as many digits as the step needs. */
export function tickLabel(nanoseconds: number, step: number, largest: number): string {
  if (nanoseconds === 0) return "0";
  const [unit, name] = largest >= 120e9 ? [60e9, "min"] : largest >= 1e9 ? [1e9, "s"] : largest >= 1e6 ? [1e6, "ms"] : largest >= 1e3 ? [1e3, "µs"] : [1, "ns"];
  const digits = Math.min(9, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)));
  return `${(nanoseconds / unit).toFixed(unit === 60e9 ? Math.min(digits, 2) : digits)} ${name}`;
}
