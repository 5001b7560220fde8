// Guarantees: what is under the pointer stays there while zooming, and panning keeps the width.
import { expect, it } from "vitest";
import { pannedView, zoomedView } from "./chartWheel";

it("zooms at the pointer", () => {
  expect(zoomedView({ from: 100, to: 200 }, 0.25, 0.5)).toEqual({ from: 112.5, to: 162.5 });
  expect(zoomedView({ from: 100, to: 200 }, 0.25, 2)).toEqual({ from: 75, to: 275 });
  const least = zoomedView({ from: 100, to: 100.01 }, 0.5, 0.01);
  expect(least.to - least.from).toBeCloseTo(0.01);
});

it("pans by a share of what is shown", () => {
  expect(pannedView({ from: 100, to: 200 }, -0.1)).toEqual({ from: 90, to: 190 });
});
