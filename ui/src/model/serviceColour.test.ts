// Guarantees: a service's colour depends on its name, and two services share one only when there are too many.
import { expect, it } from "vitest";
import { assignColours, COLOUR_COUNT, hashName } from "./serviceColour";

const names = Array.from({ length: COLOUR_COUNT }, (_, index) => `service-${index}`);

it("does not depend on the order in which services are met", () => {
  expect(assignColours(new Map(), [...names].reverse())).toEqual(assignColours(new Map(), names));
});

it("gives each its own while there are enough", () => {
  expect(new Set(assignColours(new Map(), names).values()).size).toBe(COLOUR_COUNT);
});

it("never changes a colour once given", () => {
  const before = assignColours(new Map(), names.slice(0, 5));
  const after = assignColours(before, names);
  for (const [name, slot] of before) expect(after.get(name)).toBe(slot);
});

it("goes by the hash alone when all are taken", () => {
  const all = assignColours(new Map(), [...names, "one more"]);
  expect(all.get("one more")).toSatisfy((slot: number) => slot >= 0 && slot < COLOUR_COUNT);
  expect(assignColours(all, ["zz-last"]).get("zz-last")).toBe(hashName("zz-last") % COLOUR_COUNT);
});
