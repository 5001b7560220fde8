// Guarantees: the parts of a name lie one after another and end within the column, whatever they say; what is cut off says so;
// nothing is measured more often than it must be.
import { expect, it } from "vitest";
import type { RowName } from "../model/rowName";
import { cutTo, namePieces } from "./namePieces";

/** Every letter is ten pixels wide. */
const measure = (text: string): number => Array.from(text).length * 10;
const PLAIN: RowName = { closedCount: null, signs: [], fold: null, service: null, operation: "GET /", tone: "plain", events: 0 };
const place = (name: Partial<RowName>, edges: Partial<{ from: number; to: number; right: number; isDim: boolean }> = {}) => namePieces({ ...PLAIN, ...name }, { from: 40, to: 340, right: 346, isDim: false, ...edges }, measure);
const written = (pieces: ReturnType<typeof place>) => pieces.texts.map(({ text, x, font, ink }) => [text, x, font, ink]);

it("writes the operation alone, or after its service", () => {
  expect(written(place({}))).toEqual([["GET /", 40, "plain", "text"]]);
  expect(written(place({ service: "cart" }))).toEqual([["cart", 40, "strong", "strong"], ["GET /", 90, "plain", "text"]]);
});

it("leaves room for signs", () => {
  const pieces = place({ closedCount: "7", signs: [{ icon: "error" }, { text: "=" }], fold: { text: "×3", isFolded: true }, tone: "error" });
  expect(pieces.texts.map(({ text, x }) => [text, x])).toEqual([["7", 45], ["=", 91], ["×3", 110], ["GET /", 141]]);
  expect(pieces.icons).toEqual([{ icon: "error", x: 65 }]);
  expect(pieces.texts.map(({ ground }) => ground && [ground.kind, ground.x, ground.width])).toEqual([["count", 40, 20], null, ["fold", 104, 32], null]);
});

it("fades what is dim, but not what failed", () => {
  expect(written(place({ service: "cart" }, { isDim: true }))).toEqual([["cart", 40, "plain", "faint"], ["GET /", 90, "plain", "faint"]]);
  expect(place({ tone: "error" }, { isDim: true }).texts[0].ink).toBe("error");
  expect(place({ fold: { text: "×3", isFolded: true } }, { isDim: true }).texts[0].ground).toBeNull();
});

it("ends within its column", () => {
  const long = "a very long name of an operation that nobody can read in here";
  for (const service of [null, "cart", "a-service-of-a-very-long-name"]) {
    for (const { text, x } of place({ service, operation: long }).texts) expect(x + measure(text)).toBeLessThanOrEqual(340);
  }
  expect(place({ operation: long }).texts[0].text).toBe("a very long name of an operat…");
  // A long service is cut so that the operation begins; one without room leaves none for it.
  expect(place({ service: "a-service-of-a-very-long-name" }).texts.map(({ text }) => text)).toEqual(["a-service-of…", "GET /"]);
  expect(place({ service: "shipping" }, { from: 290 }).texts.map(({ text }) => text)).toEqual(["ship…"]);
});

it("writes how many events there are at the edge, where that is shown", () => {
  expect(place({ events: 12 })).toMatchObject({ texts: [{ text: "GET /" }, { text: "12", x: 320, font: "events" }], icons: [{ icon: "event", x: 309 }] });
  expect(place({ events: 12 }, { right: 0 }).icons).toEqual([]);
});

it.each([["short", 100, "short"], ["exactly ten", 110, "exactly ten"], ["too long for it", 60, "too l…"], ["𝒶𝒷𝒸𝒹𝑒", 30, "𝒶𝒷…"], ["anything", 5, "…"], ["anything", -20, "…"]])("cuts %s to %s pixels", (text, room, cut) => expect(cutTo(text, room, measure)).toBe(cut));

it("cuts a text of even letters in a few measures", () => {
  let measured = 0;
  cutTo("x".repeat(5000), 305, (text) => {
    measured++;
    return measure(text);
  });
  expect(measured).toBeLessThan(16);
});
