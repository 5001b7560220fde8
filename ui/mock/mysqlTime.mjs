// Owns reading a moment of a question: nanoseconds since the epoch, or RFC 3339; null for none.
export function nanosecondsOrRfc(text) {
  if (!text) return null;
  return /^\d+$/.test(text) ? Number(BigInt(text) / 1_000_000n) : Date.parse(text);
}
