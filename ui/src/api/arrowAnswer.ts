// Owns reading a statement's answer from Arrow: rows are made one by one when they are looked at, so that a million of them
// cost no more than their bytes. Cells are what the JSON of the API would have.
import { tableFromIPC, type Column } from "@uwdata/flechette";
import { rfc3339 } from "../model/instant";
import type { SqlAnswer, SqlCell, SqlColumn } from "../model/sqlResult";

const TYPE = { int: 2, timestamp: 10, fixedBinary: 15, binary: 4, map: 17, largeBinary: 19 };
/** As many rows as are looked at for the widths of columns. */
const FIRST_ROWS = 200;

interface ArrowType {
  typeId: number;
  unit?: number;
  bitWidth?: number;
}

export function readArrowAnswer(bytes: Uint8Array, columns: readonly SqlColumn[], stats: SqlAnswer["stats"]): SqlAnswer {
  const table = tableFromIPC(bytes, { useBigInt: true, useMap: false });
  const cells = columns.map((_, place) => cellReader(table.getChildAt(place) as Column<unknown>));
  const rowAt = (row: number): SqlCell[] => cells.map((cell) => cell(row));
  return {
    columns: [...columns],
    rows: Array.from({ length: Math.min(table.numRows, FIRST_ROWS) }, (_, row) => rowAt(row)),
    whole: { count: table.numRows, rowAt },
    stats: { ...stats, rows: table.numRows },
  };
}

function cellReader(column: Column<unknown>): (row: number) => SqlCell {
  const type = column.type as ArrowType;
  if (type.typeId === TYPE.timestamp) {
    const instant = rawReader(column);
    return (row) => {
      const value = instant(row);
      return value === null ? null : rfc3339(String(value * 1000n ** BigInt(3 - (type.unit ?? 3))));
    };
  }
  if (type.typeId === TYPE.fixedBinary) return (row) => written(column.at(row), hex);
  if (type.typeId === TYPE.binary || type.typeId === TYPE.largeBinary) return (row) => written(column.at(row), (value: Uint8Array) => btoa(String.fromCharCode(...value)));
  if (type.typeId === TYPE.map) return (row) => written<Iterable<[string, unknown]>>(column.at(row), (entries) => plain(Object.fromEntries(entries)));
  return (row) => plain(column.at(row));
}

function written<Value>(value: unknown, write: (value: Value) => SqlCell): SqlCell {
  return value === null || value === undefined ? null : write(value as Value);
}

const hex = (value: Uint8Array): string => Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Integers as numbers up to 2^53 and as text beyond, as in the API's JSON; the same inside lists and structs. */
function plain(value: unknown): SqlCell {
  if (typeof value === "bigint") return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  if (value === null || typeof value !== "object") return value ?? null;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, plain);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** 64-bit values as they are: the library would make milliseconds of a moment. */
function rawReader(column: Column<unknown>): (row: number) => bigint | null {
  const batches = column.data as unknown as { length: number; nullCount: number; values: BigInt64Array; isValid: (index: number) => boolean }[];
  const starts: number[] = [];
  let rows = 0;
  for (const batch of batches) {
    starts.push(rows);
    rows += batch.length;
  }
  let last = 0;
  return (row) => {
    // Rows are looked at one after another, mostly in the batch of the one before.
    while (last > 0 && row < starts[last]) last--;
    while (last + 1 < starts.length && row >= starts[last + 1]) last++;
    const batch = batches[last];
    const index = row - starts[last];
    return batch.nullCount > 0 && !batch.isValid(index) ? null : BigInt(batch.values[index]);
  };
}
