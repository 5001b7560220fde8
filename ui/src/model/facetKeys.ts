// Owns which attributes someone added to the column of counts (in the address), and finding one among those offered.
// Which ones are there without being asked is the server's choice.

/** Keys hold no commas in practice; one that does cannot be asked for. */
export function readFacetKeys(text: string | null): string[] {
  return [...new Set((text ?? "").split(",").filter((key) => key !== ""))];
}

export function writeFacetKeys(keys: readonly string[]): string | null {
  return keys.length === 0 ? null : keys.join(",");
}

const OFFERED = 40;

/** Those that begin with the text first, then those that hold it. */
export function findKeys(keys: readonly string[], text: string): string[] {
  const wanted = text.trim().toLowerCase();
  const rank = (key: string): number => {
    const at = key.toLowerCase().indexOf(wanted);
    return at === -1 ? -1 : at === 0 ? 0 : /[._]/.test(key[at - 1]) ? 1 : 2;
  };
  return keys
    .filter((key) => !key.includes(",") && rank(key) !== -1)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, OFFERED);
}
