// Owns how a number is written with its unit: UCUM as OTLP sends it, `ratio` (0.42 is 42 %), `ns` to `d`, and any of them
// by the second. Never decides which unit a number has: that is promQuery and the boards.
import { formatDuration } from "./duration";
import { formatValue } from "./numbers";
import { texts } from "../texts";

export type Writer = (value: number | null | undefined) => string;

const NANOSECONDS: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9, d: 86_400e9 };
const BYTES: Record<string, number> = { By: 1, KBy: 1e3, kBy: 1e3, MBy: 1e6, GBy: 1e9, TBy: 1e12, KiBy: 1024, MiBy: 1024 ** 2, GiBy: 1024 ** 3, TiBy: 1024 ** 4 };
const BITS: Record<string, number> = { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 };
const SHOWN: Record<string, string> = { Cel: "°C", Ohm: "Ω", m: "m", V: "V", A: "A", W: "W", J: "J", Hz: "Hz", "m/s": "m/s", deg: "°" };
const STEPS = ["", "k", "M", "G", "T", "P", "E"];

/** A unit may have any name, also one that every object has. */
const known = <T>(of: Record<string, T>, unit: string): T | undefined => (Object.hasOwn(of, unit) ? of[unit] : undefined);

const digits = (value: number): string => String(Number(value.toPrecision(3)));
/** Below one the fourth digit says nothing. */
const plain = (value: number): string => (Math.abs(value) < 1 && Math.abs(value) >= 1e-4 ? digits(value) : formatValue(value));

/** `1.2 MB`: a step of a thousand each, three digits. */
function scaled(value: number, unit: string): string {
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= 999.5 && step < STEPS.length - 1) {
    rest /= 1000;
    step++;
  }
  const text = Math.abs(rest) < 0.9995 && rest !== 0 ? formatValue(rest) : digits(rest);
  return `${text} ${STEPS[step]}${unit}`;
}

function withoutRate(value: number, unit: string): string {
  if (unit === "ratio") return texts.common.percent(digits(value * 100));
  if (unit === "%") return texts.common.percent(digits(value));
  const [nanoseconds, bytes, bits] = [known(NANOSECONDS, unit), known(BYTES, unit), known(BITS, unit)];
  if (nanoseconds !== undefined) return value === 0 ? `0 ${unit}` : formatDuration(value * nanoseconds);
  if (bytes !== undefined) return scaled(value * bytes, "B");
  if (bits !== undefined) return scaled(value * bits, "bit");
  if (unit === "Hz" || unit === "W" || unit === "J" || unit === "V") return scaled(value, unit);
  const noun = known(SHOWN, unit) ?? unit.replace(/^1$|\{.*?\}/g, "").trim();
  return noun === "" ? plain(value) : `${plain(value)} ${noun}`;
}

/** A value with its unit, as short as it can be read: annotations such as `{request}` are left to the caption. */
export function formatUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value < 0) return `−${formatUnit(-value, unit)}`;
  const rate = /^(.*)\/(s|min|h)$/s.exec(unit);
  if (!rate || unit === "m/s") return withoutRate(value, unit);
  return `${withoutRate(value, rate[1])}/${rate[2]}`;
}

export function unitWriter(unit: string): Writer {
  return (value) => formatUnit(value, unit);
}

/** What is written beside a chart: `request/s` for `{request}/s`, nothing for `1`. */
export function unitCaption(unit: string): string {
  const named: Record<string, string> = { By: "bytes", "By/s": "bytes/s", "1": "", ratio: "%", us: "µs", Cel: "°C" };
  return known(named, unit) ?? unit.replace(/^1\//, "/").replace(/[{}]/g, "");
}
