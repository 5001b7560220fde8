// Guarantees: lines on screen never share an element, a short scroll keeps the elements of lines that stay, a jump keeps
// the order of elements.
import { describe, expect, it } from "vitest";
import { RowSlots } from "./rowSlots";

const keys = (slots: RowSlots, first: number, last: number): number[] => {
  const keyOf = slots.place(first, last);
  return Array.from({ length: last - first + 1 }, (_, index) => keyOf(first + index));
};

describe("slots of rows", () => {
  it("keep the elements of lines that stay", () => {
    const slots = new RowSlots();
    expect(keys(slots, 0, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(keys(slots, 3, 12)).toEqual([3, 4, 5, 6, 7, 8, 9, 0, 1, 2]);
  });
  it("keep the order of elements in a jump", () => {
    const slots = new RowSlots();
    const before = keys(slots, 0, 9);
    expect(keys(slots, 1000, 1009)).toEqual(before);
    expect(keys(slots, 20, 29)).toEqual(before);
  });
  it("are never the same for two lines", () => {
    const slots = new RowSlots();
    for (const [first, last] of [[0, 0], [0, 40], [7, 50], [900, 940], [899, 941], [3, 3], [0, 44]]) {
      const found = keys(slots, first, last);
      expect(new Set(found).size).toBe(found.length);
    }
  });
});
