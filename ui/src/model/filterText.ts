// Owns the text of a filter as far as the page changes it: its tokens, adding and taking away one condition. What the
// text means is the server's (query/traceql); what cannot be understood here is kept as it is, in parentheses.
export type TokenKind = "text" | "word" | "sign" | "bracket";

export interface FilterToken {
  kind: TokenKind;
  text: string;
  from: number;
  to: number;
  /** False for a text whose quotation mark does not end. */
  isClosed: boolean;
}

/** A word may hold a quoted part behind a point: `span."odd key"`. */
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)|(&&|\|\||!=|=~|!~|>=|<=|>>|<<|[=<>!~&|,^])|([{}()])|((?:[^\s{}()=~!<>&|^,"'`]|(?<=\.)"(?:[^"\\]|\\.)*")+))/y;

export function tokenise(text: string): FilterToken[] {
  const tokens: FilterToken[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [, quoted, sign, bracket, word] = match;
    const found = quoted ?? sign ?? bracket ?? word;
    const to = TOKEN.lastIndex;
    const kind: TokenKind = quoted !== undefined ? "text" : sign !== undefined ? "sign" : bracket !== undefined ? "bracket" : "word";
    tokens.push({ kind, text: found, from: to - found.length, to, isClosed: kind !== "text" || isEnded(found) });
  }
  return tokens;
}

function isEnded(quoted: string): boolean {
  if (quoted.length < 2 || !quoted.endsWith(quoted[0])) return false;
  const slashes = /\\*$/.exec(quoted.slice(0, -1))?.[0].length ?? 0;
  return quoted[0] === "`" || slashes % 2 === 0;
}

/** A brace outside of quotation marks makes it TraceQL. */
export function isTraceQl(text: string): boolean {
  return tokenise(text).some((token) => token.kind === "bracket" && (token.text === "{" || token.text === "}"));
}

export interface Condition {
  /** How the key is written in the filter language: `resource.service.name`. */
  key: string;
  value: string | number | boolean;
  isExcluded: boolean;
}

const ENUMERATED = /^(span:)?(status|kind)$/;
/** By convention whole numbers; elsewhere digits may as well be text. */
export const NUMERIC = /(^|[._])(status_code|port)$/;
/** A number or a boolean, if it is no text of digits. */
export const LOOKS_TYPED = /^(-?(0|[1-9]\d{0,14})(\.\d+)?|true|false)$/;

export function quoteText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r")}"`;
}

/**
 * One condition as text. Counts of values come as text whatever their type, while comparisons hold only within a type:
 * where digits may be either, both are asked for.
 */
export function conditionText({ key, value, isExcluded }: Condition, inTraceQl: boolean): string {
  const text = String(value);
  const asIs = typeof value !== "string" || ENUMERATED.test(key) || (NUMERIC.test(key) && LOOKS_TYPED.test(text));
  const isEither = !asIs && LOOKS_TYPED.test(text);
  const plain = asIs ? `${key} = ${text}` : isEither ? `(${key} = ${text} ${inTraceQl ? "||" : "or"} ${key} = ${quoteText(text)})` : `${key} = ${quoteText(text)}`;
  if (!isExcluded) return plain;
  if (!inTraceQl) return `not ${plain}`;
  return `!${isEither ? plain : `(${plain})`}`;
}

interface Frame {
  before: string;
  inner: string;
  after: string;
  joiner: "and" | "&&";
}

/** Where conditions are joined: the whole text, or the inside of the only pair of braces. Null where there are more. */
function frameOf(text: string): Frame | null {
  if (!isTraceQl(text)) return { before: "", inner: text.trim(), after: "", joiner: "and" };
  const braces = tokenise(text).filter((token) => token.kind === "bracket" && /[{}]/.test(token.text));
  const [open, close] = braces;
  const isOne = braces.length === 2 && open.text === "{" && close.text === "}" && text.slice(0, open.from).trim() === "" && text.slice(close.to).trim() === "";
  return isOne ? { before: "{ ", inner: text.slice(open.to, close.from).trim(), after: " }", joiner: "&&" } : null;
}

/** The parts that must all hold; null where they are not joined by `and` alone. */
function conjuncts(inner: string): string[] | null {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of tokenise(inner)) {
    if (!token.isClosed) return null;
    if (token.kind === "bracket") depth += token.text === "(" || token.text === "{" ? 1 : -1;
    if (depth < 0) return null;
    if (depth > 0 || (token.kind !== "word" && token.kind !== "sign")) continue;
    const word = token.text.toLowerCase();
    if (word === "or" || word === "||") return null;
    if (word !== "and" && word !== "&&") continue;
    parts.push(inner.slice(from, token.from).trim());
    from = token.to;
  }
  if (depth !== 0) return null;
  return [...parts, inner.slice(from).trim()].filter((part) => part !== "");
}

const same = (a: string, b: string): boolean => {
  const words = (text: string): string => tokenise(text).map((token) => token.text).join(" ");
  return words(a) === words(b);
};

function partsOf(text: string): { frame: Frame; parts: string[] } | null {
  const frame = frameOf(text);
  const parts = frame && conjuncts(frame.inner);
  return frame && parts ? { frame, parts } : null;
}

function write(frame: Frame, parts: readonly string[]): string {
  return parts.length === 0 ? "" : `${frame.before}${parts.join(` ${frame.joiner} `)}${frame.after}`;
}

export function hasCondition(text: string, condition: Condition): boolean {
  const found = partsOf(text);
  return found !== null && found.parts.some((part) => same(part, conditionText(condition, found.frame.joiner === "&&")));
}

/** The text with one more condition that must hold. Its opposite goes; one that is there already stays once. */
export function withCondition(text: string, condition: Condition): string {
  const opposite = { ...condition, isExcluded: !condition.isExcluded };
  const kept = hasCondition(text, opposite) ? withoutCondition(text, opposite) : text;
  if (hasCondition(kept, condition)) return kept;
  return withPart(kept, conditionText(condition, false), conditionText(condition, true));
}

export function withoutCondition(text: string, condition: Condition): string {
  const found = partsOf(text);
  if (!found) return text;
  const wanted = conditionText(condition, found.frame.joiner === "&&");
  return write(found.frame, found.parts.filter((part) => !same(part, wanted)));
}

/** A click: adds the condition, or takes it away where it holds already. */
export function toggledCondition(text: string, condition: Condition): string {
  return hasCondition(text, condition) ? withoutCondition(text, condition) : withCondition(text, condition);
}

/** The text with a part of a filter that must hold as well, written in either language. */
export function withPart(text: string, part: string, partInTraceQl: string): string {
  const frame = frameOf(text);
  if (!frame) return `(${text.trim()}) && { ${partInTraceQl} }`;
  const added = frame.joiner === "&&" ? partInTraceQl : part;
  if (frame.inner === "") return `${frame.before}${added}${frame.after}`;
  const parts = conjuncts(frame.inner);
  return write(frame, parts ? [...parts, added] : [`(${frame.inner})`, added]);
}
