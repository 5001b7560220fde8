// Guarantees: whatever is given as a dashboard is taken or refused with a sentence, at once, however large or odd it is.
import { expect, it } from "vitest";
import { DOCUMENT_BYTES_MOST, sizeProblem, takeBoard } from "./boardTaking";

it("takes what is one", () => expect(takeBoard('{"version":1,"title":"x","panels":[]}')).toMatchObject({ board: { title: "x" }, report: [] }));

it.each([
  ["a broken file", '{"version":1,\n"title":', /line 2/],
  ["a newer version", '{"version":2,"title":"x","panels":[]}', /version|newer/i],
  ["an empty object", "{}", /./],
  ["a list", "[]", /./],
  ["a text", '"hello"', /./],
  ["panels that are none", '{"version":1,"title":"x","panels":[7]}', /panels\[0\]/],
  ["ten megabytes", `{"version":1,"title":"${"x".repeat(10 * 1024 * 1024)}","panels":[]}`, /11 MiB|10 MiB/],
])("%s is refused with a sentence", (_, text, sentence) => {
  const taken = takeBoard(text);
  expect(typeof taken).toBe("string");
  expect(taken).toMatch(sentence);
});

it("does not read a file that is too large", () => expect([sizeProblem(DOCUMENT_BYTES_MOST), typeof sizeProblem(DOCUMENT_BYTES_MOST + 1)]).toEqual([null, "string"]));
