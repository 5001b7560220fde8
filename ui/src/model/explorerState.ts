// Owns what the explorer shows, as it stands in the address: queries A to H, formulas over them, what is hidden, and how
// it is drawn. Reading and writing lose nothing, so that every address is a permalink. Never touches the address itself.

export const QUERY_LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;
export type QueryLetter = (typeof QUERY_LETTERS)[number];
export const DRAWINGS = ["lines", "stacked", "bars", "table"] as const;
export type Drawing = (typeof DRAWINGS)[number];
export const COMPARISONS: Record<string, number> = { "1h": 3_600_000, "1d": 86_400_000, "7d": 604_800_000 };

export interface ExplorerQuery {
  letter: QueryLetter;
  /** PromQL; of a formula with the letters of queries in it, behind a `=`. */
  text: string;
  isHidden: boolean;
}

export interface ExplorerState {
  queries: ExplorerQuery[];
  drawing: Drawing;
  /** A key of COMPARISONS. */
  compare: string | null;
}

export function readExplorer(search: URLSearchParams): ExplorerState {
  const hidden = new Set((search.get("hide") ?? "").split(",").filter((letter) => letter !== ""));
  const queries = QUERY_LETTERS.flatMap((letter) => {
    const text = search.get(letter);
    return text === null ? [] : [{ letter, text, isHidden: hidden.has(letter) }];
  });
  const drawing = DRAWINGS.find((one) => one === search.get("draw")) ?? "lines";
  const compare = search.get("compare");
  return { queries, drawing, compare: compare !== null && COMPARISONS[compare] !== undefined ? compare : null };
}

/** Every parameter that belongs to the queries; null takes it out. */
export function writeQueries(queries: readonly ExplorerQuery[]): Record<string, string | null> {
  const changes: Record<string, string | null> = Object.fromEntries(QUERY_LETTERS.map((letter) => [letter, null]));
  for (const query of queries) changes[query.letter] = query.text;
  changes.hide = queries.filter((query) => query.isHidden).map((query) => query.letter).join(",") || null;
  return changes;
}

export function nextLetter(queries: readonly ExplorerQuery[]): QueryLetter | null {
  return QUERY_LETTERS.find((letter) => queries.every((query) => query.letter !== letter)) ?? null;
}

export const isFormula = (text: string): boolean => text.trimStart().startsWith("=");

/**
 * A formula as PromQL: each letter stands for its query in brackets. Letters inside names, strings, braces and brackets
 * are left alone. Null where a letter has no query, or where formulas go round in a circle.
 */
export function expandFormula(text: string, queries: readonly ExplorerQuery[], within: readonly string[] = []): string | null {
  const body = text.trimStart().replace(/^=/, "").trim();
  if (body === "") return null;
  let isWhole = true;
  const expanded = body.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)|[A-Za-z_:$][\w:.]*/g, (token) => {
    if (!/^[A-Ha-h]$/.test(token)) return token;
    const letter = token.toLowerCase();
    const query = queries.find((one) => one.letter === letter);
    const inner = !query || within.includes(letter) ? null : isFormula(query.text) ? expandFormula(query.text, queries, [...within, letter]) : query.text.trim();
    if (inner === null || inner === "") {
      isWhole = false;
      return token;
    }
    return `(${inner})`;
  });
  return isWhole ? expanded : null;
}

/** What is sent for a query; null where nothing can be. */
export function promqlOf(query: ExplorerQuery, queries: readonly ExplorerQuery[]): string | null {
  const text = isFormula(query.text) ? expandFormula(query.text, queries, [query.letter]) : query.text.trim();
  return text === "" ? null : text;
}
