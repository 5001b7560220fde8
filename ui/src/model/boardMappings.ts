// Owns values that are written as words (1 is "up", 500 to 599 is "failing"): reading them from a document and writing them.
// Pure; the first that fits counts.
import type { Writer } from "./unitFormat";

export interface ValueMapping {
  /** Both included; without one of them it is open on that side. */
  from?: number;
  to?: number;
  text: string;
}

export function mappedText(value: number | null | undefined, mappings: readonly ValueMapping[]): string | null {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  return mappings.find((one) => value >= (one.from ?? -Infinity) && value <= (one.to ?? Infinity))?.text ?? null;
}

/** What no mapping fits is written as without any. */
export function mappedWriter(write: Writer, mappings: readonly ValueMapping[] | undefined): Writer {
  if (!mappings || mappings.length === 0) return write;
  return (value) => mappedText(value, mappings) ?? write(value);
}
