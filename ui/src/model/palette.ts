// Owns finding an entry of the palette by what was typed: how well each matches, and in which order they stand.
// Never runs one and never draws.

export type PaletteGroup = "pages" | "services" | "traces" | "settings";

export interface PaletteEntry {
  id: string;
  group: PaletteGroup;
  title: string;
  /** Beside the title; found by as well. */
  note?: string;
  /** Further words to be found by. */
  words?: string;
}

const NO_MATCH = -1;
const SHOWN_MOST = 40;

/** Higher is better: the beginning of the text, of a word in it, any part of it, then its letters in order. */
export function matchScore(text: string, typed: string): number {
  const [where, wanted] = [text.toLowerCase(), typed.toLowerCase()];
  const at = where.indexOf(wanted);
  if (at === 0) return 100;
  if (at > 0) return /[^\p{L}\p{N}]/u.test(where[at - 1]) ? 80 : 60;
  let from = 0;
  for (const letter of wanted) {
    from = where.indexOf(letter, from) + 1;
    if (from === 0) return NO_MATCH;
  }
  // Letters far apart are chance, not meaning.
  return wanted.length >= 3 && from <= wanted.length * 3 ? 20 : NO_MATCH;
}

function entryScore(entry: PaletteEntry, words: readonly string[]): number {
  let sum = 0;
  for (const word of words) {
    const score = Math.max(matchScore(entry.title, word), matchScore(entry.note ?? "", word) - 10, matchScore(entry.words ?? "", word) - 15);
    if (score <= 0) return NO_MATCH;
    sum += score;
  }
  return sum;
}

const ORDER: readonly PaletteGroup[] = ["traces", "pages", "services", "settings"];

/** Every word typed must be found; groups stay together, the one with the best entry first. */
export function findEntries(entries: readonly PaletteEntry[], typed: string): PaletteEntry[] {
  const words = typed.trim().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return [...entries].slice(0, SHOWN_MOST);
  const scored = entries.map((entry, place) => ({ entry, place, score: entryScore(entry, words) })).filter((one) => one.score !== NO_MATCH);
  const best = new Map<PaletteGroup, number>();
  for (const { entry, score } of scored) best.set(entry.group, Math.max(best.get(entry.group) ?? 0, score));
  const rank = (group: PaletteGroup): number => (best.get(group) ?? 0) * 10 - ORDER.indexOf(group);
  return scored
    .sort((a, b) => rank(b.entry.group) - rank(a.entry.group) || b.score - a.score || a.place - b.place)
    .map(({ entry }) => entry)
    .slice(0, SHOWN_MOST);
}
