// Owns the shape in which a trace lies in memory: one column per field, so that 100,000 spans cost a few arrays
// rather than as many objects. Never knows how it was fetched or how it is drawn.
import { ListedSpelling, type SpanIds } from "./spanIds";

/** The spans as the server sent them: in order of (start_time, span_id), not yet a tree. */
export interface Skeleton {
  traceId: string;
  /** Nanoseconds since the epoch of the earliest span. */
  originNs: bigint;
  count: number;
  spanIds: SpanIds;
  /** No id for a span that names no parent. In the same spelling. */
  parentSpanIds: SpanIds;
  /** Nanoseconds since `originNs`: exact in a double for traces of up to 104 days. */
  starts: Float64Array;
  /** Nanoseconds, as sent: may be negative. */
  durations: Float64Array;
  /** Index into `services`. */
  serviceOf: Int32Array;
  services: string[];
  names: string[];
  kinds: string[];
  errors: Uint8Array;
  eventCounts: Uint32Array;
  logCounts: Uint32Array;
}

/** One span, for tests and small sources. */
export interface SkeletonRow {
  spanId: string;
  parentSpanId?: string;
  startNs: bigint;
  durationNs: number;
  service?: string;
  name?: string;
  kind?: string;
  error?: boolean;
  eventCount?: number;
  logCount?: number;
}

export function skeletonFromRows(traceId: string, rows: readonly SkeletonRow[]): Skeleton {
  const count = rows.length;
  const services = new ServiceNames();
  const ids = new ListedSpelling();
  const originNs = rows.reduce((least, row) => (row.startNs < least ? row.startNs : least), rows[0]?.startNs ?? 0n);
  return {
    traceId,
    originNs,
    count,
    spanIds: ids.list(rows.map((row) => row.spanId)),
    parentSpanIds: ids.list(rows.map((row) => row.parentSpanId ?? "")),
    starts: Float64Array.from(rows, (row) => Number(row.startNs - originNs)),
    durations: Float64Array.from(rows, (row) => row.durationNs),
    serviceOf: Int32Array.from(rows, (row) => services.indexOf(row.service ?? "")),
    services: services.names,
    names: rows.map((row) => row.name ?? ""),
    kinds: rows.map((row) => row.kind ?? "internal"),
    errors: Uint8Array.from(rows, (row) => (row.error ? 1 : 0)),
    eventCounts: Uint32Array.from(rows, (row) => row.eventCount ?? 0),
    logCounts: Uint32Array.from(rows, (row) => row.logCount ?? 0),
  };
}

/** Gives each service name a small number, in order of first appearance. */
export class ServiceNames {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  indexOf(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.names.length);
    this.names.push(name);
    return this.names.length - 1;
  }
}
