// Owns how a duration in nanoseconds is written for people and read from them. Never touches points in time.
import { texts } from "../texts";

const UNITS: readonly { suffix: string; nanoseconds: number }[] = [
  { suffix: "s", nanoseconds: 1e9 },
  { suffix: "ms", nanoseconds: 1e6 },
  { suffix: "µs", nanoseconds: 1e3 },
];

function threeDigits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1).replace(/\.0$/, "");
  return value.toFixed(2).replace(/\.?0+$/, "");
}

/** Three significant digits with the unit that reads best: `1.53 s`, `153 ms`, `2 min 5 s`. */
export function formatDuration(nanoseconds: number): string {
  if (!Number.isFinite(nanoseconds)) return "–";
  if (nanoseconds < 0) return `−${formatDuration(-nanoseconds)}`;
  if (nanoseconds === 0) return "0 ns";
  const { units } = texts.common;
  if (nanoseconds >= 86_400e9) return twoUnits(nanoseconds, 86_400e9, units.day, 3600e9, units.hour);
  if (nanoseconds >= 3600e9) return twoUnits(nanoseconds, 3600e9, units.hour, 60e9, units.minute);
  if (nanoseconds >= 60e9) return twoUnits(nanoseconds, 60e9, units.minute, 1e9, units.second);
  for (const unit of UNITS) {
    // 999.95 ms would be rounded to "1000 ms": let the larger unit have it.
    if (nanoseconds >= unit.nanoseconds * 0.9995) return `${threeDigits(nanoseconds / unit.nanoseconds)} ${unit.suffix}`;
  }
  return `${Math.round(nanoseconds)} ns`;
}

function twoUnits(nanoseconds: number, large: number, largeName: string, small: number, smallName: string): string {
  let whole = Math.floor(nanoseconds / large);
  let rest = Math.round((nanoseconds - whole * large) / small);
  if (rest * small >= large) {
    whole += 1;
    rest = 0;
  }
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`;
}

const FACTORS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
};

/** Reads `150ms`, `1.5 s`, `2m`, a bare number as milliseconds; `null` where it is none of these. */
export function parseDuration(text: string): number | null {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(ns|us|µs|μs|ms|s|m|min|h)?\s*$/i.exec(text);
  if (!match) return null;
  const factor = FACTORS[(match[2] ?? "ms").toLowerCase()];
  return factor === undefined ? null : Number(match[1].replace(",", ".")) * factor;
}

/** What someone typed in the spelling of docs/api.md: an integer and a unit without a space; `""` where it is no duration. */
export function durationForServer(text: string): string {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === null) return "";
  const whole = Math.round(nanoseconds);
  if (whole % 1e6 === 0) return `${whole / 1e6}ms`;
  return whole % 1e3 === 0 ? `${whole / 1e3}us` : `${whole}ns`;
}
