// Guarantees: at rest every line in view has an element; while one scrolls the elements stay as they are, but never those of
// another list; what must have one has it wherever it is in view.
import { expect, it } from "vitest";
import { ElementRange, linesOf } from "./elementRange";

it("follows what is in view when the scroll rests", () => {
  const range = new ElementRange();
  const list = {};
  expect(range.place(list, 0, 30, false)).toEqual([0, 30]);
  expect(range.place(list, 900, 930, true)).toEqual([0, 30]);
  expect(range.place(list, 905, 935, false)).toEqual([905, 935]);
});

it("shows no line of a list that is gone", () => {
  const range = new ElementRange();
  range.place({}, 900, 930, false);
  expect(range.place({}, 0, 8, true)).toEqual([0, 8]);
});

it("adds what must be there, once, and only in view", () => {
  expect(ElementRange.beside([0, 30], [905, 905, -1, 12, 2000], 900, 930)).toEqual([905]);
  expect(ElementRange.beside([0, 30], [25], 20, 50)).toEqual([]);
});

it("counts lines, or none", () => expect([linesOf([3, 5]), linesOf([0, -1])]).toEqual([[3, 4, 5], []]));
