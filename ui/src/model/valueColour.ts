// Owns which of the palette's colours a value of a field gets (an operation, a kind, a value of any attribute): by hash, the
// same on every page and in every browser; where two often seen ones of a field would share one, the later known moves on and
// stays there. Services are serviceColour's. Never names a colour itself and never gives red, which means error.
import { assignColours, COLOUR_COUNT, hashName } from "./serviceColour";

const STORAGE_KEY = "spanlake.valueColours";
const KEPT_MOST = 600;
/** Fields have their colours apart: `GET` of one says nothing about `GET` of another. */
let remembered: Map<string, Map<string, number>> | null = null;

type Stored = [field: string, value: string, slot: number];

function isStored(entry: unknown): entry is Stored {
  return Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "string" && Number.isInteger(entry[2]) && entry[2] >= 0 && entry[2] < COLOUR_COUNT;
}

function readRemembered(): Map<string, Map<string, number>> {
  const fields = new Map<string, Map<string, number>>();
  try {
    const entries: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    for (const [field, value, slot] of Array.isArray(entries) ? entries.filter(isStored) : []) fields.set(field, (fields.get(field) ?? new Map<string, number>()).set(value, slot));
  } catch {
    // Without storage colours are the same anyway, short of collisions.
  }
  return fields;
}

/**
 * The slots of all `values`, most frequent first. Only as many as there are colours are told apart: further ones have the
 * colour of their hash and are not remembered.
 */
export function valueSlots(field: string, values: readonly string[]): number[] {
  const fields = (remembered ??= readRemembered());
  const given = fields.get(field) ?? new Map<string, number>();
  const first = values.slice(0, COLOUR_COUNT);
  if (first.some((value) => !given.has(value))) {
    fields.set(field, assignColours(given, first));
    try {
      const all = [...fields].flatMap(([name, slots]) => [...slots].map(([value, slot]): Stored => [name, value, slot]));
      localStorage.setItem(STORAGE_KEY, JSON.stringify(all.slice(-KEPT_MOST)));
    } catch {
      // As above.
    }
  }
  const known = fields.get(field);
  return values.map((value) => known?.get(value) ?? hashName(value) % COLOUR_COUNT);
}
