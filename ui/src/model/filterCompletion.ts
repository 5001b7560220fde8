// Owns what may come at a place in a filter that is being typed, and what is put there when one of it is chosen. It
// follows tokens, not the grammar: what is offered reads on in both languages, what is wrong is said by the server.
import { isTraceQl, LOOKS_TYPED, NUMERIC, quoteText, tokenise, type FilterToken } from "./filterText";

export type Expected = "key" | "operator" | "value" | "connective";

export interface FilterPlace {
  expected: Expected;
  /** What is replaced: the token that the cursor touches, or nothing. */
  from: number;
  to: number;
  /** As far as the cursor, without quotation marks. */
  typed: string;
  /** Whose value is expected. */
  key: string | null;
  inTraceQl: boolean;
}

const COMPARISONS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="];

export function placeAt(text: string, cursor: number): FilterPlace {
  const inTraceQl = isTraceQl(text);
  const tokens = tokenise(text).filter((token) => token.from < cursor);
  const last = tokens.at(-1);
  const isTouched = last !== undefined && cursor <= last.to && (last.kind === "word" || last.kind === "text") && !(last.kind === "text" && last.isClosed && cursor === last.to);
  const before = isTouched ? tokens.slice(0, -1) : tokens;
  const { expected, key } = follow(before);
  if (!isTouched) return { expected, from: cursor, to: cursor, typed: "", key, inTraceQl };
  return { expected, from: last.from, to: last.to, typed: text.slice(last.from, cursor).replace(/^["'`]/, ""), key, inTraceQl };
}

function follow(tokens: readonly FilterToken[]): { expected: Expected; key: string | null } {
  let expected = "key" as Expected;
  let key: string | null = null;
  for (const token of tokens) {
    const word = token.text.toLowerCase();
    if (token.kind === "bracket") expected = word === "{" || word === "(" ? "key" : "connective";
    else if (token.kind === "sign") expected = COMPARISONS.includes(word) && expected === "operator" ? "value" : "key";
    else if (token.kind === "word" && ["and", "or", "not"].includes(word)) expected = "key";
    else if (token.kind === "word" && expected === "key") {
      key = token.text;
      expected = "operator";
    } else expected = "connective";
  }
  return { expected, key };
}

export interface Suggestion {
  label: string;
  /** What is put in place of what was typed. */
  insert: string;
  /** Which of the texts says what it is. */
  kind: "intrinsic" | "attribute" | "operator" | "value" | "word" | "example";
}

export interface TagValue {
  type: string;
  value: string;
}

/** Of one span, with the kind of their values: what they can be compared with. */
const INTRINSICS = ["name", "duration", "status", "kind", "statusMessage", "rootName", "rootServiceName", "traceDuration"];
/** What filters ask for most comes before other attributes that match as well. */
const USUAL_KEY = "resource.service.name";
const ENUMERATED: Record<string, string[]> = { status: ["error", "ok", "unset"], kind: ["server", "client", "producer", "consumer", "internal"] };
const DURATIONS = ["10ms", "100ms", "1s", "10s"];

const plain = (key: string): string => key.replace(/^(span|trace):/, "");
const isDuration = (key: string): boolean => /^(duration|traceDuration)$/.test(plain(key));

/** Which tag's values are asked from the server; null where they are known or there are none to choose from. */
export function tagOf(place: FilterPlace): string | null {
  if (place.expected !== "value" || place.key === null || isDuration(place.key) || ENUMERATED[plain(place.key)]) return null;
  const key = place.key.replace(/^span:/, "");
  return INTRINSICS.includes(key) || /^(\.|span\.|resource\.|event\.|link\.|instrumentation\.)/.test(key) ? key : `.${key}`;
}

/** A key as the filter language writes it; one with odd characters in quotation marks. */
export function writeKey(scope: string, name: string): string {
  return `${scope}.${/^[^\s{}()=~!<>&|^,"'`]+$/.test(name) ? name : quoteText(name)}`;
}

const MOST = 60;

/** What may come here, the best match first. `keys` are attributes as filters write them. */
export function suggestionsFor(place: FilterPlace, keys: readonly string[], values: readonly TagValue[]): Suggestion[] {
  const all = candidates(place, keys, values);
  const ranked = all.map((suggestion) => ({ suggestion, rank: rankOf(suggestion.label, place.typed) })).filter((one) => one.rank !== -1);
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, MOST).map((one) => one.suggestion);
}

function candidates({ expected, key, inTraceQl }: FilterPlace, keys: readonly string[], values: readonly TagValue[]): Suggestion[] {
  switch (expected) {
    case "key":
      return [
        ...INTRINSICS.map((name): Suggestion => ({ label: name, insert: `${name} `, kind: "intrinsic" })),
        ...[...new Set([USUAL_KEY, ...keys])].map((name): Suggestion => ({ label: name, insert: `${name} `, kind: "attribute" })),
        ...(inTraceQl ? [] : ["not ", "exists("].map((word): Suggestion => ({ label: word.trim(), insert: word, kind: "word" }))),
      ];
    case "operator":
      return operatorsFor(key ?? "").map((sign) => ({ label: sign, insert: `${sign} `, kind: "operator" }));
    case "value":
      return valuesFor(key ?? "", values);
    case "connective":
      return (inTraceQl ? ["&&", "||"] : ["and", "or"]).map((word) => ({ label: word, insert: `${word} `, kind: "word" }));
  }
}

function operatorsFor(key: string): string[] {
  if (ENUMERATED[plain(key)]) return ["=", "!="];
  return isDuration(key) ? [">", ">=", "<", "<="] : COMPARISONS;
}

function valuesFor(key: string, values: readonly TagValue[]): Suggestion[] {
  const known = ENUMERATED[plain(key)];
  if (known) return known.map((value) => ({ label: value, insert: `${value} `, kind: "value" }));
  if (isDuration(key)) return DURATIONS.map((value) => ({ label: value, insert: `${value} `, kind: "example" }));
  return values.flatMap(({ type, value }): Suggestion[] => {
    const typed: Suggestion = { label: value, insert: `${value} `, kind: "value" };
    if (type !== "string" || (LOOKS_TYPED.test(value) && NUMERIC.test(key))) return [typed];
    // Values may come as text whatever they are: both are offered, as only one of them compares.
    const quoted: Suggestion = { label: LOOKS_TYPED.test(value) ? quoteText(value) : value, insert: `${quoteText(value)} `, kind: "value" };
    return LOOKS_TYPED.test(value) ? [typed, quoted] : [quoted];
  });
}

/** 0 the same beginning, 1 that of the name behind its scope, 2 of one of its parts, 3 anywhere; -1 not at all. */
export function rankOf(label: string, typed: string): number {
  const [text, wanted] = [label.toLowerCase(), typed.toLowerCase()];
  const at = text.indexOf(wanted);
  if (at <= 0) return at;
  if (text.replace(/^(span|resource)?\./, "").startsWith(wanted)) return 1;
  return /[._\s/:-]/.test(text[at - 1]) ? 2 : 3;
}

/** The text with a suggestion in its place, and where the cursor is then. */
export function withSuggestion(text: string, place: FilterPlace, suggestion: Suggestion): { text: string; cursor: number } {
  const before = text.slice(0, place.from);
  const after = text.slice(place.to).replace(/^ +/, "");
  const glue = before === "" || /[\s({]$/.test(before) ? "" : " ";
  const head = `${before}${glue}${suggestion.insert}`;
  return { text: head + after, cursor: head.length };
}

/** The part of a text that an error's place means: the token there, or one place behind the end. */
export function errorRange(text: string, line: number | undefined, column: number | undefined): { from: number; to: number } | null {
  if (column === undefined) return null;
  const lineStart = text.split("\n").slice(0, Math.max((line ?? 1) - 1, 0)).reduce((sum, one) => sum + one.length + 1, 0);
  // Columns count characters, of which a text of JavaScript may need two places for one.
  const from = Math.min(lineStart + [...text.slice(lineStart)].slice(0, Math.max(column - 1, 0)).join("").length, text.length);
  const token = tokenise(text).find((one) => one.from <= from && from < one.to);
  return { from, to: token ? token.to : from + 1 };
}
