// Owns what the page of logs shows: reading it from the address, and the words of its two text filters.
// Never writes SQL: that is logStatements.
import { leastNumber, type SeverityLevel } from "./severity";

export interface LogFilter {
  service: string;
  /** Least severity; empty for all. */
  level: SeverityLevel | "";
  text: string;
  attributes: string;
  range: string;
  internal: boolean;
}

export const LOG_LEVELS: readonly SeverityLevel[] = ["trace", "debug", "info", "warn", "error", "fatal"];
export const DEFAULT_LOG_RANGE = "1h";

export function readLogFilter(search: string): LogFilter {
  const parameters = new URLSearchParams(search);
  const get = (name: string): string => parameters.get(name) ?? "";
  return {
    service: get("service"),
    level: LOG_LEVELS.find((level) => level === get("level")) ?? "",
    text: get("q"),
    attributes: get("attr"),
    range: get("range") || DEFAULT_LOG_RANGE,
    internal: get("internal") === "true",
  };
}

export function isLogFilterSet(filter: LogFilter): boolean {
  return filter.service !== "" || filter.level !== "" || filter.text !== "" || filter.attributes !== "";
}

export function leastSeverity(level: SeverityLevel | ""): number {
  return level === "" ? 0 : leastNumber(level);
}

export interface Word {
  text: string;
  isExcluded: boolean;
}

/** `timeout "card declined" -retry`: all of them must hold; a minus turns one round. */
export function textWords(text: string): Word[] {
  return [...text.matchAll(/(-?)(?:"([^"]*)"?|(\S+))/g)]
    .map(([, minus, quoted, plain]) => ({ text: quoted ?? plain, isExcluded: minus === "-" }))
    .filter((word) => word.text !== "" && !(word.text === "-" && !word.isExcluded));
}

export interface AttributeTest {
  key: string;
  /** Null where only being there counts. */
  value: string | null;
  isExcluded: boolean;
}

/** `key=value key!=value key -key`; quotes hold spaces, on either side of the sign. */
export function attributeTests(text: string): AttributeTest[] {
  const piece = `(?:"([^"]*)"|((?:(?!!=)[^\\s="])+))`;
  const tests: AttributeTest[] = [];
  for (const match of text.matchAll(new RegExp(`(-?)${piece}(?:(!?=)(?:"([^"]*)"|(\\S*)))?`, "g"))) {
    const [, minus, quotedKey, plainKey, sign, quotedValue, plainValue] = match;
    const key = quotedKey ?? plainKey ?? "";
    if (key === "") continue;
    const isExcluded = (minus === "-") !== (sign === "!=");
    tests.push({ key, value: sign === undefined ? null : (quotedValue ?? plainValue ?? ""), isExcluded });
  }
  return tests;
}

/** The filter's text with one more `key=value`, so that a click can narrow. A quote cannot be held and ends the value. */
export function withAttribute(text: string, key: string, value: string): string {
  const quote = (one: string): string => (/[\s="]|!=|^-|^$/.test(one) ? `"${one.replaceAll('"', "")}"` : one);
  const added = `${quote(key)}=${quote(value)}`;
  return text.split(/\s(?=(?:[^"]*"[^"]*")*[^"]*$)/).includes(added) ? text : `${text} ${added}`.trim();
}
