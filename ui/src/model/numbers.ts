// Owns how counts, sizes and chart values are written. Never touches times or durations.

export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** A count over some seconds as a rate in the unit that reads best: few a second are many an hour. */
export function rateOf(count: number, seconds: number): { value: string; unit: "second" | "minute" | "hour" } {
  const perSecond = count / Math.max(seconds, 1e-9);
  if (perSecond >= 1 || perSecond === 0) return { value: formatValue(Number(perSecond.toPrecision(3))), unit: "second" };
  if (perSecond >= 1 / 60) return { value: formatValue(Number((perSecond * 60).toPrecision(3))), unit: "minute" };
  return { value: formatValue(Number((perSecond * 3600).toPrecision(3))), unit: "hour" };
}

const LARGE = ["", "k", "M", "G", "T", "P"];

/** Four significant digits at most, with k, M, G for large and scientific for tiny. */
export function formatValue(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-4) return value.toExponential(2);
  if (size < 10_000) return String(Number(value.toPrecision(4)));
  let power = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 1000 && power < LARGE.length - 1) {
    scaled /= 1000;
    power++;
  }
  return `${Number(scaled.toPrecision(4))}${LARGE[power]}`;
}

/** A value with its UCUM unit where that helps: seconds and bytes are scaled, `1` is left out. */
export function formatWithUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (unit === "By") return value < 0 ? `−${formatBytes(-value)}` : formatBytes(value);
  if (unit === "s" && Math.abs(value) < 1 && value !== 0) return `${Number((value * 1000).toPrecision(4))} ms`;
  const shown = unit.replace(/^\{.*\}$/, "").replace(/^1$/, "");
  return shown === "" ? formatValue(value) : `${formatValue(value)} ${shown}`;
}
