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
function batchesOf(column: Column<unknown>): RawBatch[] {
  return column.data as unknown as RawBatch[];
}

export function eachValue(column: Column<unknown>, visit: (value: unknown, row: number) => void): void {
  let row = 0;
  for (const value of column) visit(value, row++);
}

/** Ids of eight bytes as two words each, high one first; null is zero. */
export function idWords(column: Column<unknown>, count: number): Uint32Array {
  const words = new Uint32Array(count * 2);
  let word = 0;
  for (const batch of batchesOf(column)) {
    const { values, stride } = batch;
    if (!(values instanceof Uint8Array) || stride !== 8) throw new Error("an id in the skeleton is not eight bytes wide");
    const hasNull = batch.nullCount > 0;
    for (let index = 0, at = 0; index < batch.length; index++, at += 8, word += 2) {
      if (hasNull && !batch.isValid(index)) continue;
      words[word] = (values[at] << 24) | (values[at + 1] << 16) | (values[at + 2] << 8) | values[at + 3];
      words[word + 1] = (values[at + 4] << 24) | (values[at + 5] << 16) | (values[at + 6] << 8) | values[at + 7];
    }
  }
  return words;
}

/** Texts that mostly repeat (names, services, kinds): each different one is decoded once, and `known` remembers it. */
export function textColumn(column: Column<unknown>, count: number, known: KnownTexts): string[] {
  const result: string[] = new Array(count);
  const batches = batchesOf(column);
  if (!batches.every((batch) => batch.type?.typeId === UTF8_TYPE && batch.offsets instanceof Int32Array && batch.values instanceof Uint8Array)) {
    eachValue(column, (value, row) => (result[row] = value === null || value === undefined ? "" : String(value)));
    return result;
  }
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

export class KnownTexts {
  private readonly decoder = new TextDecoder();
  private readonly byHash = new Map<number, { bytes: Uint8Array; text: string }>();

  textOf(values: Uint8Array, from: number, to: number): string {
    let hash = 0x811c9dc5;
    for (let index = from; index < to; index++) hash = Math.imul(hash ^ values[index], 0x01000193);
    const found = this.byHash.get(hash);
    if (found && isSame(found.bytes, values, from, to)) return found.text;
    // A copy, so that it does not keep its whole batch.
    const bytes = values.slice(from, to);
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
  const batches = batchesOf(column);
  if (!batches.every((batch) => batch.nullCount === 0 && batch.values instanceof Uint32Array)) {
    eachValue(column, (value, row) => (result[row] = Number(value ?? 0)));
    return result;
  }
  let from = 0;
  for (const { values, length } of batches) {
    result.set((values as Uint32Array).subarray(0, length), from);
    from += length;
  }
  return result;
}

/** The raw 64-bit values: going through dates would cut nanoseconds to milliseconds, and a bigint each takes long to make. */
function eachWide(column: Column<unknown>, visit: (high: number, low: number, row: number) => void): void {
  let row = 0;
  for (const { values, length } of batchesOf(column)) {
    if (!(values instanceof BigInt64Array)) throw new Error("a time in the skeleton is not 64 bits wide");
    const words = new Int32Array(values.buffer, values.byteOffset, length * 2);
    for (let index = 0; index < length; index++) visit(words[2 * index + 1], words[2 * index] >>> 0, row++);
  }
}

const HIGH = 2 ** 32;

/** Exact up to 2^53. */
export function wideColumn(column: Column<unknown>, count: number): Float64Array {
  const result = new Float64Array(count);
  eachWide(column, (high, low, row) => (result[row] = high * HIGH + low));
  return result;
}

/** Nanoseconds since `originNs`; exact where they are less than 2^53. */
export function sinceColumn(column: Column<unknown>, count: number, originNs: bigint): Float64Array {
  const result = new Float64Array(count);
  const originHigh = Number(originNs >> 32n);
  const originLow = Number(originNs & 0xffffffffn);
  eachWide(column, (high, low, row) => (result[row] = (high - originHigh) * HIGH + (low - originLow)));
  return result;
}

export function firstInstant(column: Column<unknown>): bigint {
  for (const { values, length } of batchesOf(column)) if (length > 0 && values instanceof BigInt64Array) return values[0];
  return 0n;
}
