// Guarantees: few ticks however many events, none off screen, and an exception is never hidden by its neighbours.
import { expect, it } from "vitest";
import { placeTicks } from "./eventTicks";

const mark = (atNs: number, name = "e", isException = false) => ({ atNs, name, isException });
const window = { startNs: 0, endNs: 1000 };

it("places each and leaves out what is off screen", () => {
  expect(placeTicks([mark(-1), mark(250, "a"), mark(500, "b", true), mark(1001)], window)).toEqual([
    { left: 25, names: ["a"], isException: false },
    { left: 50, names: ["b"], isException: true },
  ]);
});

it("merges what would lie on each other", () => {
  expect(placeTicks([mark(500, "a"), mark(501, "b", true), mark(503, "c"), mark(505, "d")], window)).toEqual([
    { left: 50, names: ["a", "b", "c"], isException: true },
    { left: 50.5, names: ["d"], isException: false },
  ]);
});

it("draws few ticks for very many events", () => {
  const marks = Array.from({ length: 100_000 }, (_, at) => mark(at / 100));
  expect(placeTicks(marks, window).length).toBeLessThanOrEqual(251);
});
