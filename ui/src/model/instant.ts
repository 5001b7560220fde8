// Owns points in time: nanosecond strings from the server, what people read, and ranges in the address.
// Never formats durations. Which zone people read in is timeZone's.
import { texts } from "../texts";
import { currentZone } from "./timeZone";

/** Milliseconds since the epoch of a nanosecond string; loses what is below a microsecond. */
export function millisecondsOf(nanoseconds: string | bigint): number {
  const value = typeof nanoseconds === "bigint" ? nanoseconds : safeBigInt(nanoseconds);
  return Number(value / 1000n) / 1000;
}

export function safeBigInt(text: string): bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : 0n;
}

const pad = (value: number, width = 2): string => String(Math.abs(value)).padStart(width, "0");

/** A date whose UTC fields read as the chosen zone's. */
function inZone(milliseconds: number): Date {
  if (currentZone() === "utc") return new Date(milliseconds);
  return new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
}

/** `14:03:22.153` in the chosen zone. */
export function clockTime(milliseconds: number): string {
  const date = inZone(milliseconds);
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}.${pad(date.getUTCMilliseconds(), 3)}`;
}

/** `2024-11-21` in the chosen zone. */
export function calendarDay(milliseconds: number): string {
  const date = inZone(milliseconds);
  return `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
}

/** What a field for a moment holds, and back: `2024-11-21T14:03:22` in the chosen zone. */
export function fieldText(milliseconds: number): string {
  return `${calendarDay(milliseconds)}T${clockTime(milliseconds).slice(0, 8)}`;
}

export function fieldMoment(text: string): number {
  return Date.parse(currentZone() === "utc" ? `${text}Z` : text);
}

/** `2024-11-21 14:03:22.153`. */
export function dayAndTime(milliseconds: number): string {
  return `${calendarDay(milliseconds)} ${clockTime(milliseconds)}`;
}

/** `14:03` of the day that `now` is in, with the day else. */
export function shortMoment(milliseconds: number, now: number): string {
  const clock = clockTime(milliseconds).slice(0, 5);
  return calendarDay(milliseconds) === calendarDay(now) ? clock : `${calendarDay(milliseconds)} ${clock}`;
}

/** RFC 3339 in UTC with all nine digits, for copying. */
export function rfc3339(nanoseconds: string): string {
  const value = safeBigInt(nanoseconds);
  const milliseconds = Number(value / 1_000_000n);
  if (Math.abs(milliseconds) > 8.64e15) return nanoseconds;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}.${String(value % 1_000_000_000n).padStart(9, "0")}Z`;
}

/** Nanoseconds since the epoch of a UTC time as SQL answers write it, with all its digits; "0" for anything else. */
export function nanosecondsOf(rfc3339Text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/.exec(rfc3339Text);
  const milliseconds = match ? Date.parse(`${match[1]}Z`) : NaN;
  if (!match || Number.isNaN(milliseconds)) return "0";
  return String(BigInt(milliseconds) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0")));
}

/** `12 s ago`, `5 min ago`; the reader's clock may be behind, which reads as `now`. */
export function howLongAgo(milliseconds: number, now: number): string {
  const seconds = Math.round((now - milliseconds) / 1000);
  if (seconds < 2) return texts.ago.now;
  if (seconds < 60) return texts.ago.seconds(seconds);
  if (seconds < 3600) return texts.ago.minutes(Math.floor(seconds / 60));
  if (seconds < 86_400) return texts.ago.hours(Math.floor(seconds / 3600));
  return texts.ago.days(Math.floor(seconds / 86_400));
}

export interface TimeRange {
  startMs: number;
  endMs: number;
}

export const RELATIVE_RANGES: readonly { key: string; milliseconds: number }[] = [
  { key: "5m", milliseconds: 300_000 },
  { key: "15m", milliseconds: 900_000 },
  { key: "1h", milliseconds: 3_600_000 },
  { key: "6h", milliseconds: 21_600_000 },
  { key: "24h", milliseconds: 86_400_000 },
  { key: "7d", milliseconds: 604_800_000 },
];

/** A relative key (`15m`) or `startMs-endMs`; `null` where the text is neither. */
export function readRange(text: string, now: number): TimeRange | null {
  const relative = RELATIVE_RANGES.find((range) => range.key === text);
  if (relative) return { startMs: now - relative.milliseconds, endMs: now };
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (!match) return null;
  const startMs = Number(match[1]);
  const endMs = Number(match[2]);
  return endMs > startMs ? { startMs, endMs } : null;
}

export function writeRange(range: TimeRange): string {
  return `${Math.round(range.startMs)}-${Math.round(range.endMs)}`;
}

/** Milliseconds as the integer nanosecond text that the server takes. */
export function nanosecondsText(milliseconds: number): string {
  return `${Math.round(milliseconds)}000000`;
}
