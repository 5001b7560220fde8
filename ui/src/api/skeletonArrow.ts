// Owns reading the skeleton's Arrow stream into columns. Never builds the tree.
import { tableFromIPC, type Column } from "@uwdata/flechette";
import { ServiceNames, type Skeleton } from "../model/skeleton";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hexOf(bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) return "";
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function readSkeleton(traceId: string, bytes: Uint8Array): Skeleton {
  const table = tableFromIPC(bytes, { useBigInt: true });
  const column = (name: string): Column<unknown> => {
    const found = table.getChild(name);
    if (!found) throw new Error(`the skeleton has no column ${name}`);
    return found as Column<unknown>;
  };
  const count = table.numRows;
  const instants = int64Column(column("start_time"), count);
  let originNs = count > 0 ? instants[0] : 0n;
  for (const instant of instants) if (instant < originNs) originNs = instant;
  const services = new ServiceNames();
  const serviceOf = new Int32Array(count);
  eachValue(column("service_name"), (value, row) => (serviceOf[row] = services.indexOf(textOf(value))));
  const errors = new Uint8Array(count);
  eachValue(column("status_code"), (value, row) => (errors[row] = value === "error" ? 1 : 0));
  return {
    traceId,
    originNs,
    count,
    spanIds: mapColumn(column("span_id"), count, hexOf),
    parentSpanIds: mapColumn(column("parent_span_id"), count, parentHex),
    starts: Float64Array.from(instants, (instant) => Number(instant - originNs)),
    durations: Float64Array.from(int64Column(column("duration"), count), Number),
    serviceOf,
    services: services.names,
    names: mapColumn(column("name"), count, textOf),
    kinds: mapColumn(column("kind"), count, textOf),
    errors,
    eventCounts: countColumn(column("event_count"), count),
    logCounts: countColumn(column("log_count"), count),
  };
}

/** An all-zero parent is no parent: some senders write it so. */
function parentHex(value: unknown): string {
  const hex = hexOf(value);
  return /^0*$/.test(hex) ? "" : hex;
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function eachValue(column: Column<unknown>, visit: (value: unknown, row: number) => void): void {
  let row = 0;
  for (const value of column) visit(value, row++);
}

function mapColumn(column: Column<unknown>, count: number, write: (value: unknown) => string): string[] {
  const result: string[] = new Array(count);
  eachValue(column, (value, row) => (result[row] = write(value)));
  return result;
}

function countColumn(column: Column<unknown>, count: number): Uint32Array {
  const result = new Uint32Array(count);
  eachValue(column, (value, row) => (result[row] = Number(value ?? 0)));
  return result;
}

/** The raw 64-bit values: going through dates would cut nanoseconds to milliseconds. */
function int64Column(column: Column<unknown>, count: number): BigInt64Array {
  const result = new BigInt64Array(count);
  let from = 0;
  for (const batch of column.data) {
    const { values, length } = batch as unknown as { values: BigInt64Array; length: number };
    if (!(values instanceof BigInt64Array)) throw new Error("a time in the skeleton is not 64 bits wide");
    result.set(values.subarray(0, length), from);
    from += length;
  }
  return result;
}
