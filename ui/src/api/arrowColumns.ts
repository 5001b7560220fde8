// Owns reading Arrow columns fast: straight from their buffers, where there would otherwise be an object or a decoder
// call for each of 100,000 values. Any layout it does not know is read value by value. Knows nothing of spans.
import type { Column } from "@uwdata/flechette";

interface RawBatch {
  length: number;
  nullCount: number;
  values?: unknown;
  offsets?: unknown;
  stride?: number;
  type?: { typeId?: number };
  isValid: (index: number) => boolean;
}

const UTF8_TYPE = 5;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function batchesOf(column: Column<unknown>): RawBatch[] {
  return column.data as unknown as RawBatch[];
}

export function eachValue(column: Column<unknown>, visit: (value: unknown, row: number) => void): void {
  let row = 0;
  for (const value of column) visit(value, row++);
}

/** Ids as hex; null, and all zeros where `zeroIsNone`, as an empty text. */
export function hexColumn(column: Column<unknown>, count: number, zeroIsNone: boolean): string[] {
  const result: string[] = new Array(count);
  let row = 0;
  for (const batch of batchesOf(column)) {
    const { values, stride } = batch;
    if (!(values instanceof Uint8Array) || !stride) throw new Error("an id in the skeleton is not binary of a fixed size");
    for (let index = 0; index < batch.length; index++) {
      const isNull = batch.nullCount > 0 && !batch.isValid(index);
      result[row++] = isNull ? "" : hexAt(values, index * stride, stride, zeroIsNone);
    }
  }
  return result;
}

function hexAt(bytes: Uint8Array, from: number, length: number, zeroIsNone: boolean): string {
  let text = "";
  let any = 0;
  for (let index = from; index < from + length; index++) {
    text += HEX[bytes[index]];
    any |= bytes[index];
  }
  return zeroIsNone && any === 0 ? "" : text;
}

/** Texts that mostly repeat (names, services, kinds): each different one is decoded once. */
export function textColumn(column: Column<unknown>, count: number): string[] {
  const result: string[] = new Array(count);
  const batches = batchesOf(column);
  if (!batches.every((batch) => batch.type?.typeId === UTF8_TYPE && batch.offsets instanceof Int32Array && batch.values instanceof Uint8Array)) {
    eachValue(column, (value, row) => (result[row] = value === null || value === undefined ? "" : String(value)));
    return result;
  }
  const known = new KnownTexts();
  let row = 0;
  for (const batch of batches) {
    const offsets = batch.offsets as Int32Array;
    const values = batch.values as Uint8Array;
    for (let index = 0; index < batch.length; index++) {
      const isNull = batch.nullCount > 0 && !batch.isValid(index);
      result[row++] = isNull ? "" : known.textOf(values, offsets[index], offsets[index + 1]);
    }
  }
  return result;
}

const KNOWN_MAX = 20_000;

class KnownTexts {
  private readonly decoder = new TextDecoder();
  private readonly byHash = new Map<number, { bytes: Uint8Array; text: string }>();

  textOf(values: Uint8Array, from: number, to: number): string {
    let hash = 0x811c9dc5;
    for (let index = from; index < to; index++) hash = Math.imul(hash ^ values[index], 0x01000193);
    const found = this.byHash.get(hash);
    if (found && isSame(found.bytes, values, from, to)) return found.text;
    const bytes = values.subarray(from, to);
    const text = this.decoder.decode(bytes);
    if (!found && this.byHash.size < KNOWN_MAX) this.byHash.set(hash, { bytes, text });
    return text;
  }
}

function isSame(bytes: Uint8Array, values: Uint8Array, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== values[from + index]) return false;
  return true;
}

export function countColumn(column: Column<unknown>, count: number): Uint32Array {
  const result = new Uint32Array(count);
  eachValue(column, (value, row) => (result[row] = Number(value ?? 0)));
  return result;
}

/** The raw 64-bit values: going through dates would cut nanoseconds to milliseconds. */
export function int64Column(column: Column<unknown>, count: number): BigInt64Array {
  const result = new BigInt64Array(count);
  let from = 0;
  for (const { values, length } of batchesOf(column)) {
    if (!(values instanceof BigInt64Array)) throw new Error("a time in the skeleton is not 64 bits wide");
    result.set(values.subarray(0, length), from);
    from += length;
  }
  return result;
}
