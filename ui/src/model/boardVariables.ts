// Owns putting the values of a dashboard's variables into its queries and texts, each in the way that its place needs: a
// regular expression in PromQL, quoted texts in SQL. Never asks for the values.
import { sqlText } from "./attributes";
import { nanosecondsText } from "./instant";
import type { Steps } from "./promRange";

/** Chosen values by name. */
export interface Chosen {
  values: string[];
  /** Whether everything was chosen; then `values` are all there are. */
  isAll: boolean;
}

export type ChosenValues = Readonly<Record<string, Chosen>>;

const VARIABLE = /\$(?:\{(\w+)(?::(\w+))?\}|(\w+))/g;
const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const inString = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

function replaced(text: string, chosen: ChosenValues, write: (one: Chosen, format: string) => string): string {
  return text.replace(VARIABLE, (whole, braced: string | undefined, format: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? "";
    return Object.hasOwn(chosen, name) ? write(chosen[name], format ?? "") : whole;
  });
}

/**
 * One value is itself where the text compares with `=`; several, or all, are alternatives of a regular expression.
 * `${name:raw}` is an expression already.
 */
export function withPromVariables(text: string, chosen: ChosenValues): string {
  return text.replace(/(=~|!~)\s*("(?:[^"\\]|\\.)*")|[\s\S]/g, (part, sign: string | undefined, regex: string | undefined) =>
    sign === undefined || regex === undefined ? part.replaceAll("$", "\u0000") : `${sign}${replaced(regex, chosen, (one, format) => (one.isAll ? ".*" : inString(one.values.map(format === "raw" ? (value) => value : escapeRegex).join("|"))))}`,
  ).replace(/\u0000(?:\{(\w+)(?::(\w+))?\}|(\w+))/g, (whole, braced: string | undefined, format: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? "";
    if (!Object.hasOwn(chosen, name)) return whole;
    const one = chosen[name];
    if (format === "regex") return one.isAll ? ".*" : inString(one.values.map(escapeRegex).join("|"));
    return inString(one.values.length === 1 ? one.values[0] : one.values.join("|"));
  }).replaceAll("\u0000", "$");
}

/** `$service` is `'a', 'b'`, which belongs into `in (…)`; `${service:text}` the bare text of one. */
export function withSqlVariables(text: string, chosen: ChosenValues, steps: Steps): string {
  const at = (milliseconds: number): string => `to_timestamp_nanos(${nanosecondsText(milliseconds)})`;
  const fixed = text
    .replace(/\$__timeFilter\(([\w.]+)\)/g, (_, column: string) => `${column} >= ${at(steps.startMs)}\n  and ${column} < ${at(steps.endMs)}`)
    .replace(/\$__interval\b/g, `interval '${steps.stepMs} milliseconds'`)
    .replace(/\$__from\b/g, at(steps.startMs))
    .replace(/\$__to\b/g, at(steps.endMs));
  return replaced(fixed, chosen, (one, format) => (format === "text" ? (one.values[0] ?? "").replaceAll("'", "''") : one.values.length === 0 ? "''" : one.values.map(sqlText).join(", ")));
}

/** In titles, links and filters of traces: the values as they are. */
export function withTextVariables(text: string, chosen: ChosenValues): string {
  return replaced(text, chosen, (one) => (one.isAll ? "*" : one.values.join(", ")));
}

/** In addresses. */
export function withLinkVariables(url: string, chosen: ChosenValues): string {
  return replaced(url, chosen, (one) => encodeURIComponent(one.isAll ? "" : one.values.join(",")));
}

/** Names of the variables that a text mentions, for asking again only what changed. */
export function mentionedVariables(text: string): string[] {
  return [...new Set([...text.matchAll(VARIABLE)].map((match) => match[1] ?? match[3]))];
}

/** What the address says for everything. */
export const ALL_VALUES = "*";

/** `a,b` with commas of values written `\,`. */
export function writeChosen(values: readonly string[]): string {
  return values.map((value) => value.replace(/[\\,]/g, "\\$&")).join(",");
}

export function readChosen(text: string): string[] {
  const values = [""];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && at + 1 < text.length) values[values.length - 1] += text[++at];
    else if (text[at] === ",") values.push("");
    else values[values.length - 1] += text[at];
  }
  return values;
}

interface Choosable {
  kind: string;
  multi?: boolean;
  all?: boolean;
  default?: string[];
}

/** What the address says, else the default, else everything where that is allowed, else the first there is. */
export function chosenOf(variable: Choosable, inAddress: string | null, options: readonly string[]): Chosen {
  if (variable.kind === "text") return { values: [inAddress ?? variable.default?.[0] ?? ""], isAll: false };
  if (inAddress === ALL_VALUES && variable.all) return { values: [...options], isAll: true };
  const named = inAddress === null ? [] : readChosen(inAddress).filter((value) => value !== "");
  if (named.length > 0) return { values: variable.multi ? named : named.slice(0, 1), isAll: false };
  if (variable.default && variable.default.length > 0) return variable.all && variable.default[0] === ALL_VALUES ? { values: [...options], isAll: true } : { values: variable.default, isAll: false };
  return variable.all ? { values: [...options], isAll: true } : { values: options.slice(0, 1), isAll: false };
}
