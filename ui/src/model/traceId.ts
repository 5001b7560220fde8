// Owns the spellings of a trace id: what people paste, and what the address of a trace is made of.
// Never asks the server whether the trace exists.

const HEX = /^[0-9a-f]+$/;

/**
 * Lower-case hex of 32 digits where the text is surely a trace id (hex, with `0x`, dashes, quotes, or a whole
 * `traceparent`), base64 of 16 bytes as hex, otherwise `null`.
 */
export function normaliseTraceId(text: string): string | null {
  const trimmed = text.trim().replace(/^["'`]+|["'`,;]+$/g, "");
  const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i.exec(trimmed);
  if (parent) return notZero(parent[1].toLowerCase());
  const bare = trimmed.toLowerCase().replace(/^(trace[_-]?id\s*[:=]\s*)?["']?/, "").replace(/^0x/, "").replaceAll("-", "");
  if (HEX.test(bare) && bare.length <= 32) return notZero(bare.padStart(32, "0"));
  return fromBase64(trimmed);
}

function notZero(hex: string): string | null {
  return /^0+$/.test(hex) ? null : hex;
}

function fromBase64(text: string): string | null {
  if (!/^[A-Za-z0-9+/_-]{22}(==)?$/.test(text)) return null;
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, ""));
    if (bytes.length !== 16) return null;
    return notZero(Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join(""));
  } catch {
    return null;
  }
}

/** The first eight digits: enough to recognise, short enough for a column. */
export function shortTraceId(traceId: string): string {
  return traceId.replace(/^0+(?=.{16}$)/, "").slice(0, 8);
}
