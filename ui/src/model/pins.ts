// Owns what a pin is, and what is said of why a trace is there. Pure; never asks a server and never draws.

export interface Pin {
  id: number;
  /** Nanoseconds since the epoch. */
  created: string;
  /** How many it names. */
  traces: number;
  trace_ids: string[];
  service: string | null;
  start: string | null;
  end: string | null;
  filter: string | null;
  note: string | null;
}

export interface Door {
  services: { service: string; probability: number }[];
  overload_probability: number;
  counts: { dropped_by_setting: DroppedRows; dropped_by_overload: DroppedRows };
  warning: string | null;
}

interface DroppedRows {
  spans: number;
  logs: number;
  exemplars: number;
}

export interface StoredReason {
  probability: number;
  reason: string;
  explanation: string;
  rows: number;
}

export interface Why {
  rows: number;
  undecided_rows: number;
  stored: StoredReason[];
  outlook: { reason: string | null; explanation: string; probability: number | null } | null;
  is_sampled: boolean;
}

/** What most of a trace's rows say of why they are there; null where nothing stands on them. */
export function mainReason(why: Why): StoredReason | null {
  return why.stored.reduce<StoredReason | null>((most, one) => (most === null || one.rows > most.rows ? one : most), null);
}

/** Spans that were held back before they were stored. */
export function heldBack(door: Door): number {
  return door.counts.dropped_by_setting.spans + door.counts.dropped_by_overload.spans;
}

/** Whether the door has anything to say. */
export function isDoorInUse(door: Door | null | undefined): door is Door {
  return door !== null && door !== undefined && (door.services.length > 0 || door.warning !== null || heldBack(door) > 0);
}

/** A pin of a service's minutes, as the server takes it; null where the fields do not make one. */
export function pinOfTime(service: string, startMs: number, endMs: number): { service?: string; start: string; end: string } | null {
  if (!Number.isFinite(startMs) || !Number.isFinite(endMs) || endMs <= startMs) return null;
  const name = service.trim();
  const nanoseconds = (milliseconds: number): string => String(BigInt(Math.round(milliseconds)) * 1_000_000n);
  return { ...(name === "" ? {} : { service: name }), start: nanoseconds(startMs), end: nanoseconds(endMs) };
}
