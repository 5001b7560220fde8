// Owns the last minutes of a server's figures: merging what arrives, in any order and twice, and laying it out as columns
// with gaps where nothing was measured. Never asks the server and reads no clock.
import type { MysqlPoint } from "../api/mysqlTypes";
import { millisecondsOf, nanosecondsOf } from "./instant";

export interface RingPoint {
  ms: number;
  figures: MysqlPoint["figures"];
}

export const RING_MS = 600_000;
/** Adaptive polling measures twice a second at most. */
const POINTS_MOST = 2 * (RING_MS / 1000) + 10;

/** A moment as our API writes it: RFC 3339, or nanoseconds as digits. NaN for anything else. */
export function momentMs(text: string): number {
  if (/^\d{10,}$/.test(text)) return millisecondsOf(text);
  const nanoseconds = nanosecondsOf(text);
  return nanoseconds === "0" ? Date.parse(text) : millisecondsOf(nanoseconds);
}

/** Old and new points in order of time, each moment once (the newer word holds), nothing older than the ring. */
export function mergePoints(ring: readonly RingPoint[], arrived: readonly MysqlPoint[]): RingPoint[] {
  const fresh = arrived.map((point) => ({ ms: momentMs(point.time), figures: point.figures })).filter((point) => Number.isFinite(point.ms));
  if (fresh.length === 0) return ring as RingPoint[];
  const last = ring.at(-1);
  const isAppended = fresh.every((point, place) => point.ms > (place === 0 ? (last?.ms ?? -Infinity) : fresh[place - 1].ms));
  const merged = isAppended ? [...ring, ...fresh] : byTime([...ring, ...fresh]);
  const oldest = merged[merged.length - 1].ms - RING_MS;
  const from = merged.findIndex((point) => point.ms >= oldest);
  return merged.slice(Math.max(from, merged.length - POINTS_MOST));
}

function byTime(points: RingPoint[]): RingPoint[] {
  return [...new Map(points.map((point) => [point.ms, point])).values()].sort((a, b) => a.ms - b.ms);
}

export interface Columns {
  seconds: number[];
  values: (number | null)[][];
}

/**
 * Named figures as columns for a chart. Where measurements are further apart than three intervals the line is broken: a
 * server that did not answer has no value, not a straight line.
 */
export function columnsOf(ring: readonly RingPoint[], names: readonly string[], intervalMs: number): Columns {
  const seconds: number[] = [];
  const values: (number | null)[][] = names.map(() => []);
  const farMs = Math.max(3 * intervalMs, 3000);
  ring.forEach((point, place) => {
    const before = ring[place - 1];
    if (before && point.ms - before.ms > farMs) {
      seconds.push((before.ms + point.ms) / 2000);
      for (const column of values) column.push(null);
    }
    seconds.push(point.ms / 1000);
    names.forEach((name, index) => values[index].push(point.figures[name] ?? null));
  });
  return { seconds, values };
}

/** The newest value of a figure and how it compares with the middle of the ring before it; null where unknown. */
export function latestOf(ring: readonly RingPoint[], name: string): number | null {
  for (let place = ring.length - 1; place >= 0; place--) {
    const value = ring[place].figures[name];
    if (value !== undefined && value !== null) return value;
  }
  return null;
}
