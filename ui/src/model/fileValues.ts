// Owns turning the loose values of trace files into what spans hold: ids, whole numbers as text, kinds. Pure.
import type { Attributes, AttributeValue } from "./attributes";

export type Loose = Record<string, unknown>;

export function looseObject(value: unknown): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

export function looseList(value: unknown): Loose[] {
  return Array.isArray(value) ? value.map(looseObject) : [];
}

export function looseText(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

export function looseCount(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}

/** Hex of either case as the standard says; base64 as some exporters write; padded to its width; empty for all zeros. */
export function looseId(value: unknown, bytes: 8 | 16): string {
  const text = looseText(value).trim();
  if (/^[0-9a-f]*$/i.test(text) && text.length <= bytes * 2) {
    const hex = text.toLowerCase().padStart(bytes * 2, "0");
    return /^0*$/.test(hex) ? "" : hex;
  }
  try {
    const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const hex = Array.from(decoded, (letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
    return decoded.length === bytes && !/^0*$/.test(hex) ? hex : "";
  } catch {
    return "";
  }
}

/** A whole number as text, also where JSON has rounded it; null where it is none. */
export function looseInteger(value: unknown): bigint | null {
  if (typeof value === "string" && /^-?\d{1,19}$/.test(value.trim())) return BigInt(value.trim());
  if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.round(value));
  return null;
}

/** Without a prototype, so that a key like `__proto__` is only a key. */
export function attributesFrom(entries: Iterable<[string, AttributeValue]>): Attributes {
  const attributes = Object.create(null) as Attributes;
  for (const [key, value] of entries) attributes[key] = value;
  return attributes;
}
