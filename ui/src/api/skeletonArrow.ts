// Owns what the skeleton's Arrow stream means: which column is what. Never builds the tree.
import { tableFromIPC, type Column, type Table } from "@uwdata/flechette";
import { ServiceNames, type Skeleton } from "../model/skeleton";
import { HEX_SPELLING, SpanIds } from "../model/spanIds";
import { countColumn, firstInstant, idWords, KnownTexts, sinceColumn, textColumn, wideColumn } from "./arrowColumns";
import { ArrowMessages } from "./arrowStream";

/** Of one message of the stream. */
interface Batch {
  count: number;
  spanIds: Uint32Array;
  parentSpanIds: Uint32Array;
  /** Nanoseconds since the stream's first span. */
  starts: Float64Array;
  durations: Float64Array;
  serviceOf: Int32Array;
  errors: Uint8Array;
  eventCounts: Uint32Array;
  logCounts: Uint32Array;
}

/** Reads the stream piece by piece. */
export class SkeletonReader {
  private readonly messages = new ArrowMessages();
  private readonly known = new KnownTexts();
  private readonly services = new ServiceNames();
  private readonly batches: Batch[] = [];
  private readonly names: string[] = [];
  private readonly kinds: string[] = [];
  private schema: Uint8Array | null = null;
  private firstNs: bigint | null = null;
  private waiting: Uint8Array[] = [];

  constructor(private readonly traceId: string) {}

  get count(): number {
    return this.names.length;
  }

  /** Takes what arrived; `readNext` then reads it batch by batch. */
  add(bytes: Uint8Array): void {
    for (const message of this.messages.add(bytes)) {
      if (this.schema === null) this.schema = message;
      else this.waiting.push(message);
    }
  }

  /** Reads one batch that has arrived whole; false where there is none. */
  readNext(): boolean {
    const message = this.waiting.shift();
    if (message === undefined || this.schema === null) return false;
    const table = tableFromIPC([this.schema, message], { useBigInt: true });
    if (table.numRows > 0) this.batches.push(this.readBatch(table));
    return true;
  }

  private readBatch(table: Table): Batch {
    const count = table.numRows;
    const column = (name: string): Column<unknown> => {
      const found = table.getChild(name);
      if (!found) throw new Error(`the skeleton has no column ${name}`);
      return found as Column<unknown>;
    };
    const text = (name: string): string[] => textColumn(column(name), count, this.known);
    this.firstNs ??= firstInstant(column("start_time"));
    for (const name of text("name")) this.names.push(name);
    for (const kind of text("kind")) this.kinds.push(kind);
    return {
      count,
      spanIds: idWords(column("span_id"), count),
      parentSpanIds: idWords(column("parent_span_id"), count),
      starts: sinceColumn(column("start_time"), count, this.firstNs),
      durations: wideColumn(column("duration"), count),
      serviceOf: Int32Array.from(text("service_name"), (name) => this.services.indexOf(name)),
      errors: Uint8Array.from(text("status_code"), (code) => (code === "error" ? 1 : 0)),
      eventCounts: countColumn(column("event_count"), count),
      logCounts: countColumn(column("log_count"), count),
    };
  }

  /** What was read so far, or the first `most` spans of it. */
  skeleton(most = Infinity): Skeleton {
    const { batches } = this;
    const count = Math.min(this.count, most);
    const whole = <Values extends TypedArray>(values: Values, of: (batch: Batch) => Values, width = 1): Values => {
      let at = 0;
      for (const batch of batches) {
        if (at >= values.length) break;
        const part = of(batch);
        values.set(part.length > values.length - at ? part.subarray(0, values.length - at) : part, at);
        at += batch.count * width;
      }
      return values;
    };
    const starts = whole(new Float64Array(count), (batch) => batch.starts);
    const earliest = starts.reduce((least, start) => Math.min(least, start), 0);
    if (earliest < 0) for (let index = 0; index < count; index++) starts[index] -= earliest;
    return {
      traceId: this.traceId,
      originNs: (this.firstNs ?? 0n) + BigInt(earliest),
      count,
      spanIds: new SpanIds(whole(new Uint32Array(count * 2), (batch) => batch.spanIds, 2), HEX_SPELLING),
      // An all-zero parent is no parent: some senders write it so.
      parentSpanIds: new SpanIds(whole(new Uint32Array(count * 2), (batch) => batch.parentSpanIds, 2), HEX_SPELLING),
      starts,
      durations: whole(new Float64Array(count), (batch) => batch.durations),
      serviceOf: whole(new Int32Array(count), (batch) => batch.serviceOf),
      services: [...this.services.names],
      names: count === this.count ? this.names : this.names.slice(0, count),
      kinds: count === this.count ? this.kinds : this.kinds.slice(0, count),
      errors: whole(new Uint8Array(count), (batch) => batch.errors),
      eventCounts: whole(new Uint32Array(count), (batch) => batch.eventCounts),
      logCounts: whole(new Uint32Array(count), (batch) => batch.logCounts),
    };
  }
}

type TypedArray = Float64Array | Uint32Array | Int32Array | Uint8Array;

/** All of a stream that is there. */
export function readSkeleton(traceId: string, bytes: Uint8Array): Skeleton {
  const reader = new SkeletonReader(traceId);
  reader.add(bytes);
  while (reader.readNext());
  return reader.skeleton();
}
