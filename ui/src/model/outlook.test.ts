// Guarantees: the band is that of the values before, what leaves it is found, a straight line is carried on straight.
import { expect, it } from "vitest";
import { linearForecast, reachOf, unusualPlaces, usualBand } from "./outlook";

it("finds the jump in a steady line, and nothing before there is enough to judge by", () => {
  const values = Array.from({ length: 40 }, (_, place) => (place === 30 ? 90 : 10 + (place % 2)));
  const band = usualBand(values, 20);
  expect(band.low[3]).toBeNull();
  expect(unusualPlaces(values, band)).toEqual([30]);
  expect(band.high[25]).toBeCloseTo(12, 5);
});

it("leaves gaps alone", () => expect(unusualPlaces([null, null], usualBand([null, null], 10))).toEqual([]));

it("carries a straight line on", () => {
  expect(linearForecast(Array.from({ length: 20 }, (_, place) => 3 * place + 1), 2)?.map((value) => Math.round(value))).toEqual([58, 61, 64]);
  expect(linearForecast([1, null, 2], 5)).toBeNull();
});

it("says when a share is full and when an amount is used up, and nothing where that would be a guess", () => {
  const line = (from: number, slope: number): number[] => Array.from({ length: 60 }, (_, place) => from + slope * place);
  const day = 86_400;
  const full = reachOf(line(0.2, 0.01), day, "ratio");
  expect([full?.isFull, Math.round((full?.inSeconds ?? 0) / day)]).toEqual([true, 21]);
  expect(reachOf(line(0.2, 0.01), day, "1")?.isFull).toBe(true);
  expect(Math.round((reachOf(line(1000, -10), day, "By")?.inSeconds ?? 0) / day)).toBe(41);
  for (const [values, unit] of [[line(5, 1), "By"], [line(0.2, 0.00001), "ratio"], [line(0.5, 0.01), "ratio"], [line(1, 0), "ratio"], [line(0, 0).map((_, place) => (place * 37) % 11), "%"], [[0.1, 0.2], "ratio"]] as const) {
    expect(reachOf(values, day, unit), `${unit} ${values.slice(0, 3).join(" ")}`).toBeNull();
  }
});
