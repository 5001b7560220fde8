// Guarantees: the band is that of the values before, what leaves it is found, a straight line is carried on straight.
import { expect, it } from "vitest";
import { linearForecast, unusualPlaces, usualBand } from "./outlook";

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
