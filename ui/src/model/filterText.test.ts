// Guarantees: a condition is added and taken away without changing what else the filter says, in both languages, and
// quotation marks, parentheses and `or` keep their meaning.
import { expect, it } from "vitest";
import { conditionText, hasCondition, isTraceQl, toggledCondition, tokenise, withCondition, withoutCondition, type Condition } from "./filterText";

const route: Condition = { key: "span.http.route", value: "/cart", isExcluded: false };
const not = (condition: Condition): Condition => ({ ...condition, isExcluded: true });

it("finds tokens with their places, quoted keys and open quotation marks", () => {
  const shown = (text: string): string => tokenise(text).map((token) => `${token.kind}:${token.text}${token.isClosed ? "" : "…"}`).join(" ");
  expect(shown('name="GET /" and span."odd key" >= 10ms')).toBe('word:name sign:= text:"GET /" word:and word:span."odd key" sign:>= word:10ms');
  expect(shown('{ a =~ "x\\"y" } >> {')).toBe('bracket:{ word:a sign:=~ text:"x\\"y" bracket:} sign:>> bracket:{');
  expect(shown('name = "GET')).toBe('word:name sign:= text:"GET…');
  expect(shown('"x\\"')).toBe('text:"x\\"…');
  expect(tokenise(" a  = b").map((token) => [token.from, token.to])).toEqual([[1, 2], [4, 5], [6, 7]]);
});

const VALUES: [Condition, string, string][] = [
  [route, 'span.http.route = "/cart"', 'span.http.route = "/cart"'],
  [not(route), 'not span.http.route = "/cart"', '!(span.http.route = "/cart")'],
  [{ key: "status", value: "error", isExcluded: false }, "status = error", "status = error"],
  [{ key: "span.http.response.status_code", value: "500", isExcluded: true }, "not span.http.response.status_code = 500", "!(span.http.response.status_code = 500)"],
  [{ key: "span.order", value: "17", isExcluded: false }, '(span.order = 17 or span.order = "17")', '(span.order = 17 || span.order = "17")'],
  [{ key: "span.order", value: "17", isExcluded: true }, 'not (span.order = 17 or span.order = "17")', '!(span.order = 17 || span.order = "17")'],
  [{ key: "span.id", value: "007", isExcluded: false }, 'span.id = "007"', 'span.id = "007"'],
  [{ key: "span.flag", value: true, isExcluded: false }, "span.flag = true", "span.flag = true"],
  [{ key: "name", value: 'say "hi"\\', isExcluded: false }, 'name = "say \\"hi\\"\\\\"', 'name = "say \\"hi\\"\\\\"'],
];

it.each(VALUES)("writes %o", (condition, plain, traceQl) => {
  expect([conditionText(condition, false), conditionText(condition, true)]).toEqual([plain, traceQl]);
});

const ADDED: [string, string][] = [
  ["", 'span.http.route = "/cart"'],
  ["duration > 1s", 'duration > 1s and span.http.route = "/cart"'],
  ["a = 1 or b = 2", '(a = 1 or b = 2) and span.http.route = "/cart"'],
  ["(a = 1 or b = 2) and c = 3", '(a = 1 or b = 2) and c = 3 and span.http.route = "/cart"'],
  ['"this or that"', '"this or that" and span.http.route = "/cart"'],
  ["{ status = error }", '{ status = error && span.http.route = "/cart" }'],
  ["{}", '{ span.http.route = "/cart" }'],
  ["{ .a = 1 || .b = 2 }", '{ (.a = 1 || .b = 2) && span.http.route = "/cart" }'],
  ["{ .a = 1 } >> { .b = 2 }", '({ .a = 1 } >> { .b = 2 }) && { span.http.route = "/cart" }'],
  ["{ .a = 1 } | count() > 2", '({ .a = 1 } | count() > 2) && { span.http.route = "/cart" }'],
  ["name = \"{\"", 'name = "{" and span.http.route = "/cart"'],
];

it.each(ADDED)("adds to %s", (text, expected) => expect(withCondition(text, route)).toBe(expected));

it("adds once, replaces its opposite, takes away, and goes back and forth", () => {
  const both = withCondition("duration > 1s", route);
  expect(withCondition(both, route)).toBe(both);
  expect(withCondition(both, not(route))).toBe('duration > 1s and not span.http.route = "/cart"');
  expect(withoutCondition(both, route)).toBe("duration > 1s");
  expect(toggledCondition(toggledCondition("{ status = error }", route), route)).toBe("{ status = error }");
  expect(toggledCondition(toggledCondition("", not(route)), not(route))).toBe("");
  expect(hasCondition('span.http.route="/cart" AND a=1', route)).toBe(true);
  expect(hasCondition('span.http.route = "/cart" or a = 1', route)).toBe(false);
});

it("keeps what it cannot understand", () => {
  expect(withoutCondition('name = "GET', route)).toBe('name = "GET');
  expect(hasCondition("((", route)).toBe(false);
});

it("knows TraceQL by a brace outside of quotation marks", () => {
  expect(["{}", 'name = "{"', "a and b", "} {"].map(isTraceQl)).toEqual([true, false, false, true]);
});
