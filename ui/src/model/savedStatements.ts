// Owns the statements that someone named, kept in this browser: each name once, newest first. Storage is handed in.

export interface SavedStatement {
  name: string;
  query: string;
}

const MOST = 200;
const NAME_LONGEST = 120;
const QUERY_LONGEST = 20_000;

export function readStatements(text: string | null): SavedStatement[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return [];
    return value.filter((one): one is SavedStatement => typeof one?.name === "string" && one.name !== "" && typeof one?.query === "string").slice(0, MOST);
  } catch {
    return [];
  }
}

/** A statement without a name, without text, or too long to keep changes nothing. */
export function withStatement(list: readonly SavedStatement[], saved: SavedStatement): SavedStatement[] {
  const name = saved.name.trim().slice(0, NAME_LONGEST);
  const query = saved.query.trim();
  if (name === "" || query === "" || query.length > QUERY_LONGEST) return [...list];
  return [{ name, query }, ...list.filter((one) => one.name !== name)].slice(0, MOST);
}
