// Owns the list of statements already run: newest first, no doubles, bounded. Storage is handed in.

export interface PastStatement {
  query: string;
  at: number;
}

const MOST = 50;
const MOST_LENGTH = 20_000;

export function remember(history: readonly PastStatement[], query: string, at: number): PastStatement[] {
  const trimmed = query.trim();
  if (trimmed === "" || trimmed.length > MOST_LENGTH) return [...history];
  return [{ query: trimmed, at }, ...history.filter((past) => past.query !== trimmed)].slice(0, MOST);
}

export function readHistory(text: string | null): PastStatement[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return [];
    return value.filter((entry): entry is PastStatement => typeof entry?.query === "string" && typeof entry?.at === "number").slice(0, MOST);
  } catch {
    return [];
  }
}
