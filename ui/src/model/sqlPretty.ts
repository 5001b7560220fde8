// Owns how statements are shown to people: a digest's text without the spaces and quotes that servers put between all
// words, in one line or broken at its clauses, as pieces that can be coloured. Never changes what is copied. Pure.

export interface SqlPiece {
  kind: "keyword" | "name" | "value" | "comment" | "mark";
  text: string;
}

const CLAUSES = new Set(["FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "SET", "VALUES", "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "WINDOW", "SELECT"]);
const BRANCHES = new Set(["AND", "OR"]);
const KEYWORDS = new Set([
  ...CLAUSES, ...BRANCHES, "INSERT", "INTO", "UPDATE", "DELETE", "REPLACE", "ALTER", "TABLE", "ADD", "COLUMN", "CREATE", "DROP", "INDEX", "ON", "AS", "BY", "ASC", "DESC", "DISTINCT", "IN", "NOT", "NULL", "IS", "LIKE", "BETWEEN", "EXISTS", "CASE", "WHEN",
  "THEN", "ELSE", "END", "OUTER", "USING", "INTERVAL", "DAY", "HOUR", "MINUTE", "SECOND", "FOR", "SHARE", "LOCK", "MODE", "OFFSET", "ALL", "BEGIN", "COMMIT", "ROLLBACK", "START", "TRANSACTION", "CALL", "SHOW", "EXPLAIN", "WITH", "RECURSIVE", "KEY", "DUPLICATE", "IGNORE", "FORCE", "USE", "OVER", "PARTITION",
]);
const TOKEN = /\/\*[\s\S]*?(?:\*\/|$)|--[^\n]*|`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?|[\p{L}_$@][\p{L}\p{N}_$@]*|\.\.\.|[<>=!]=?>?|\S/gu;

/** Longer texts are cut: nobody reads 10 MB, and the page must not try. */
const LONGEST = 20_000;

function piecesOf(text: string): SqlPiece[] {
  return (text.slice(0, LONGEST).match(TOKEN) ?? []).map((token): SqlPiece => {
    if (token.startsWith("/*") || token.startsWith("--")) return { kind: "comment", text: token };
    if (token.startsWith("`")) return { kind: "name", text: /^`[\p{L}_][\p{L}\p{N}_$]*`$/u.test(token) && !KEYWORDS.has(token.slice(1, -1).toUpperCase()) ? token.slice(1, -1) : token };
    if (/^['"\d?]/.test(token)) return { kind: "value", text: token };
    if (KEYWORDS.has(token.toUpperCase())) return { kind: "keyword", text: token };
    return { kind: /^[\p{L}_$@]/u.test(token) ? "name" : "mark", text: token };
  });
}

function needsSpace(before: SqlPiece | undefined, piece: SqlPiece): boolean {
  if (!before) return false;
  if (piece.text === "," || piece.text === ")" || piece.text === "." || piece.text === ";") return false;
  if (before.text === "(" || before.text === ".") return false;
  return !(piece.text === "(" && before.kind === "name");
}

/** With `isBroken` clauses begin lines, and conditions are indented under theirs. */
export function sqlPieces(text: string, isBroken = false): SqlPiece[] {
  const pieces = piecesOf(text);
  const shown: SqlPiece[] = [];
  let depth = 0;
  pieces.forEach((piece, place) => {
    const before = pieces[place - 1];
    if (piece.text === ")") depth--;
    const gap = isBroken && before !== undefined && depth === 0 ? lineBefore(piece, before) : null;
    const space = gap ?? (needsSpace(before, piece) ? " " : "");
    if (space !== "") shown.push({ kind: "mark", text: space });
    shown.push(piece);
    if (piece.text === "(") depth++;
  });
  if (text.length > LONGEST) shown.push({ kind: "mark", text: " …" });
  return shown;
}

function lineBefore(piece: SqlPiece, before: SqlPiece): string | null {
  const [word, last] = [piece.text.toUpperCase(), before.text.toUpperCase()];
  if (piece.kind !== "keyword") return null;
  if (BRANCHES.has(word) && last !== "BETWEEN") return "\n  ";
  if (!CLAUSES.has(word)) return null;
  const isInside = (word === "JOIN" && /^(LEFT|RIGHT|INNER|CROSS|OUTER)$/.test(last)) || (word === "SELECT" && /^(ALL|DISTINCT|EXPLAIN)$/.test(last)) || (word === "SET" && last === "CHARACTER");
  return isInside ? null : "\n";
}

/** The statement in one line, as a title or a name to look for. */
export function sqlLine(text: string, longest = 400): string {
  const line = sqlPieces(text.slice(0, longest * 3)).map((piece) => piece.text.replace(/\s+/g, " ")).join("");
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
