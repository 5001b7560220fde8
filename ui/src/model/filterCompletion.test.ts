// Guarantees: at every place of a filter what may come there is offered, in both languages, and what is chosen takes the
// place of what was typed. A bar is the cursor.
import { expect, it } from "vitest";
import { errorRange, placeAt, rankOf, suggestionsFor, tagOf, withSuggestion, writeKey } from "./filterCompletion";

const at = (marked: string) => placeAt(marked.replace("|", ""), marked.indexOf("|"));

const PLACES: [string, string][] = [
  ["|", "key:"],
  ["na|", "key:na"],
  ["na|me = 1", "key:na"],
  ["name |", "operator: of name"],
  ["name =|", "value: of name"],
  ["name = |", "value: of name"],
  ['name = "GE|', "value:GE of name"],
  ['name = "GE|T" and', "value:GE of name"],
  ['name = "GET"|', "connective: of name"],
  ['name = "GET" |', "connective: of name"],
  ["name = x an|", "connective:an of name"],
  ["duration > 1s and |", "key: of duration"],
  ["duration > 1s and not sp|", "key:sp of duration"],
  ["exists(ht|", "key:ht of exists"],
  ["(status = |", "value: of status"],
  ["{|", "key:"],
  ["{ span.http.route =~ |", "value: of span.http.route"],
  ["{ status = error && |", "key: of status"],
  ["{ status = error } |", "connective: of status"],
  ["{ status = error } >> { ki|", "key:ki of status"],
];

it.each(PLACES)("%s", (marked, expected) => {
  const place = at(marked);
  expect(`${place.expected}:${place.typed}${place.key === null ? "" : ` of ${place.key}`}`).toBe(expected);
});

const labels = (marked: string, keys: string[] = [], values: { type: string; value: string }[] = []): string[] => suggestionsFor(at(marked), keys, values).map((one) => one.label);

it("offers keys by how well they match", () => {
  expect(labels("serv|", ["span.server.address", "resource.service.name", "span.app.server", "span.observer"])).toEqual(["resource.service.name", "span.server.address", "span.app.server", "rootServiceName", "span.observer"]);
  expect(labels("{ no|")).not.toContain("not");
  expect(labels("no|")[0]).toBe("not");
  expect([rankOf("span.http.route", "span"), rankOf("span.http.route", "http"), rankOf("span.http.route", "route"), rankOf("span.http.route", "oute"), rankOf("a", "b")]).toEqual([0, 1, 2, 3, -1]);
});

it("offers operators and values that fit the key", () => {
  expect(labels("status |")).toEqual(["=", "!="]);
  expect(labels("duration |")).toEqual([">", ">=", "<", "<="]);
  expect(labels("kind = c|")).toEqual(["client", "consumer", "producer"]);
  expect(labels("a = b |")).toEqual(["and", "or"]);
  expect(labels("{ .a = 1 |")).toEqual(["&&", "||"]);
  expect(labels("span.x = |", [], [{ type: "string", value: "one" }])).toEqual(["one"]);
});

it("offers digits as a number and as text, unless it is known which they are", () => {
  const inserts = (marked: string, type: string): string[] => suggestionsFor(at(marked), [], [{ type, value: "200" }]).map((one) => one.insert.trim());
  expect([inserts("span.x = |", "string"), inserts("span.x = |", "int"), inserts("span.http.response.status_code = |", "string")]).toEqual([["200", '"200"'], ["200"], ["200"]]);
  expect(labels('span.x = "2|', [], [{ type: "string", value: "200" }])).toEqual(["200", '"200"']);
});

it("asks the server for values of attributes only", () => {
  expect(["status = |", "duration > |", "name = |", "http.route = |", "resource.a = |", "na|"].map((text) => tagOf(at(text)))).toEqual([null, null, "name", ".http.route", "resource.a", null]);
});

it("puts what was chosen in place of what was typed", () => {
  const choose = (marked: string, label: string, values: { type: string; value: string }[] = []): string => {
    const place = at(marked);
    const suggestion = suggestionsFor(place, ["span.http.route"], values).find((one) => one.label === label);
    const { text, cursor } = withSuggestion(marked.replace("|", ""), place, suggestion ?? { label, insert: "?", kind: "word" });
    return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
  };
  expect(choose("rou|", "span.http.route")).toBe("span.http.route |");
  expect(choose("ro|ute = 1", "span.http.route")).toBe("span.http.route |= 1");
  expect(choose('name="GE|', "GET /", [{ type: "string", value: "GET /" }])).toBe('name= "GET /" |');
  expect(choose("{|}", "name")).toBe("{name |}");
  expect(choose("x = |", "200", [{ type: "int", value: "200" }])).toBe("x = 200 |");
  expect(choose('name = "GET"|', "and")).toBe('name = "GET" and |');
});

it("writes keys with odd characters in quotation marks", () => {
  expect([writeKey("span", "http.route"), writeKey("resource", 'a "b"')]).toEqual(["span.http.route", 'resource."a \\"b\\""']);
});

it("finds what an error means", () => {
  const text = 'name = "ü😀" nd x';
  expect(errorRange(text, 1, 13)).toEqual({ from: 13, to: 15 });
  expect(text.slice(13, 15)).toBe("nd");
  expect(errorRange("{ a", 1, 4)).toEqual({ from: 3, to: 4 });
  expect(errorRange("a", 1, 99)).toEqual({ from: 1, to: 2 });
  expect(errorRange("a", 1, undefined)).toBeNull();
});
