// Owns where one span's duration lies among those of its operation: the statement that counts them in classes, and what its
// answer says. Never asks and never draws.
import { sqlText } from "./attributes";

/** Classes for each tenfold of duration. */
const CLASSES_A_DECADE = 4;
const BEFORE_NS = 3_600_000_000_000n;
/** Spans that began a little later are peers too. */
const AFTER_NS = 300_000_000_000n;

export interface PeerQuestion {
  service: string;
  name: string;
  startNs: bigint;
  durationNs: number;
}

export function peerStatement({ service, name, startNs, durationNs }: PeerQuestion): string {
  const conditions = [
    `start_time >= to_timestamp_nanos(${startNs - BEFORE_NS})`,
    `start_time <= to_timestamp_nanos(${startNs + AFTER_NS})`,
    `service_name = ${sqlText(service)}`,
    `name = ${sqlText(name)}`,
  ];
  return `select cast(floor(log10(greatest(duration, 1)) * ${CLASSES_A_DECADE}) as bigint) as class, count(*) as spans, count(*) filter (where duration <= ${Math.round(durationNs)}) as no_longer\nfrom spans\nwhere ${conditions.join("\n  and ")}\ngroup by 1\norder by 1`;
}

export interface Peers {
  count: number;
  /** Share of the peers, itself among them, that took no longer. */
  share: number;
  /** From the shortest to the longest, none left out between: counts, and which one the span is in. */
  classes: { leastNs: number; count: number; isOwn: boolean }[];
}

const CLASSES_MAX = 40;

export function readPeers(rows: readonly (readonly unknown[])[], durationNs: number): Peers | null {
  const counts = new Map(rows.map(([at, spans]) => [Number(at), Number(spans)]));
  const count = [...counts.values()].reduce((sum, one) => sum + one, 0);
  if (count === 0) return null;
  const noLonger = rows.reduce((sum, row) => sum + Number(row[2]), 0);
  const own = Math.floor(Math.log10(Math.max(durationNs, 1)) * CLASSES_A_DECADE);
  const places = [...counts.keys(), own];
  const last = Math.max(...places);
  const first = Math.max(Math.min(...places), last - CLASSES_MAX + 1);
  const classes = Array.from({ length: last - first + 1 }, (_, index) => ({
    leastNs: 10 ** ((first + index) / CLASSES_A_DECADE),
    count: counts.get(first + index) ?? 0,
    isOwn: first + index === own,
  }));
  return { count, share: noLonger / count, classes };
}

/** Of fewer a percentile says nothing. */
const COUNT_LEAST = 20;

/** `p97`, `p99.9`; null where there are too few. */
export function percentileText({ count, share }: Peers): string | null {
  if (count < COUNT_LEAST) return null;
  // The slowest of twenty-four is slower than 95 % of them, and not than more.
  const percent = 100 * Math.min(share, (count - 1) / count);
  if (percent >= 99 && count >= 1000) return `p${Math.min(Math.floor(percent * 10) / 10, 99.9)}`;
  return `p${Math.max(1, Math.floor(percent))}`;
}
