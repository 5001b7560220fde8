// Guarantees: a panel repeats for each value without lying on another, and every copy knows its value.
import { expect, it } from "vitest";
import type { Panel } from "../model/board";
import { overlaps } from "./boardGrid";
import { repeatPanels } from "./boardRepeat";

const panel = (id: string, y: number, more: Partial<Panel> = {}): Panel => ({ id, title: id, kind: "stat", x: 0, y, w: 24, h: 4, ...more });
const chosen = (values: string[]) => ({ host: { values, isAll: false } });

it("shows one for each value, and moves what is below", () => {
  const shown = [...repeatPanels([panel("last", 4), panel("each", 0, { repeat: "host" })], chosen(["a", "b", "c", "d", "e"])).values()];
  expect(shown.map(({ panel: { id, x, y, w } }) => [id, x, y, w])).toEqual([["each", 0, 0, 6], ["each~b", 6, 0, 6], ["each~c", 12, 0, 6], ["each~d", 18, 0, 6], ["each~e", 0, 4, 6], ["last", 0, 8, 24]]);
  expect(shown.map((one) => one.chosen.host.values)).toEqual([["a"], ["b"], ["c"], ["d"], ["e"], ["a", "b", "c", "d", "e"]]);
  const places = shown.map((one) => one.panel);
  expect(places.some((one, at) => places.slice(at + 1).some((other) => overlaps(one, other)))).toBe(false);
});

it("leaves one panel where there is nothing to repeat by", () => {
  expect([...repeatPanels([panel("each", 0, { repeat: "host" })], {}).keys()]).toEqual(["each"]);
  expect([...repeatPanels([panel("each", 0, { repeat: "host" })], chosen(["a"])).values()][0].panel.w).toBe(24);
  expect(repeatPanels([panel("each", 0, { repeat: "host" })], chosen(Array.from({ length: 100_000 }, (_, at) => `v${at}`))).size).toBe(24);
});
