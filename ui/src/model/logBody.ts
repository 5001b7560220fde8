// Owns how a log record's body is laid out for reading. Never changes what is copied.

const LONGEST_TO_PARSE = 200_000;

/** JSON on several lines; everything else as it is. */
export function prettyBody(body: string): string {
  if (!/^\s*[[{]/.test(body) || body.length > LONGEST_TO_PARSE) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
