// Guarantees: panels never lie on each other, the one that is moved gets its place, nothing hangs in the air.
import { expect, it } from "vitest";
import { boxOf, clampPlace, compacted, freePlace, narrowed, placed, withoutClosed } from "./boardGrid";

const panel = (id: string, x: number, y: number, w: number, h: number, kind = "stat") => ({ id, x, y, w, h, kind });
const places = (panels: { id: string; x: number; y: number }[]): Record<string, [number, number]> => Object.fromEntries(panels.map(({ id, x, y }) => [id, [x, y]]));

it("falls up", () => expect(places(compacted([panel("a", 0, 3, 12, 4), panel("b", 0, 20, 12, 4), panel("c", 12, 9, 12, 2)]))).toEqual({ a: [0, 0], b: [0, 4], c: [12, 0] }));

it("gives the moved one its place; others make room", () => {
  const panels = [panel("a", 0, 0, 12, 4), panel("b", 12, 0, 12, 4), panel("c", 0, 4, 24, 4)];
  expect(places(placed(panels, "b", { x: 0, y: 0 }))).toEqual({ a: [0, 4], b: [0, 0], c: [0, 8] });
  expect(places(placed(panels, "a", { w: 24 }))).toEqual({ a: [0, 0], b: [12, 4], c: [0, 8] });
});

it("never overlaps, whatever is done", () => {
  let panels = Array.from({ length: 9 }, (_, index) => panel(String(index), (index % 3) * 8, Math.floor(index / 3) * 5, 8, 5));
  let seed = 7;
  const next = (most: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % most;
  for (let turn = 0; turn < 200; turn++) {
    panels = placed(panels, String(next(9)), { x: next(30) - 3, y: next(25) - 3, w: next(28), h: next(9) });
    for (const a of panels) for (const b of panels) if (a.id < b.id) expect(a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h).toBe(false);
    for (const one of panels) expect(one.x >= 0 && one.x + one.w <= 24 && one.y >= 0).toBe(true);
  }
});

it("keeps inside the grid", () => expect(clampPlace({ x: 30, y: -2, w: 1, h: 0 })).toEqual({ x: 21, y: 0, w: 3, h: 1 }));

it("finds a gap", () => {
  expect(freePlace([panel("a", 0, 0, 12, 4)], 12, 4)).toEqual({ x: 12, y: 0, w: 12, h: 4 });
  expect(freePlace([panel("a", 0, 0, 13, 4)], 12, 4)).toEqual({ x: 0, y: 4, w: 12, h: 4 });
});

it("lies one below the other on a phone, small ones in pairs", () => {
  expect(narrowed([panel("a", 0, 0, 6, 4), panel("b", 6, 0, 6, 4), panel("c", 12, 0, 12, 8)]).map(({ id, x, y, w }) => [id, x, y, w])).toEqual([["a", 0, 0, 12], ["b", 12, 0, 12], ["c", 0, 4, 24]]);
  expect(narrowed([panel("a", 0, 0, 6, 4), panel("c", 12, 0, 12, 8), panel("d", 0, 9, 6, 4)]).map(({ id, y, w }) => [id, y, w])).toEqual([["a", 0, 24], ["c", 4, 24], ["d", 12, 24]]);
});

it("leaves out what is under a closed row", () => {
  const panels = [panel("r", 0, 0, 24, 1, "row"), panel("a", 0, 1, 12, 4), panel("s", 0, 5, 24, 1, "row"), panel("b", 0, 6, 12, 4)];
  expect(places(withoutClosed(panels, new Set(["r"])))).toEqual({ r: [0, 0], s: [0, 1], b: [0, 2] });
});

it("gives pixels with gaps", () => expect(boxOf({ x: 12, y: 1, w: 12, h: 2 }, 952)).toEqual({ left: 480, top: 38, width: 472, height: 68 }));
