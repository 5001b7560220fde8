// Guarantees: the units that OTLP and boards use are written with the prefix and the sign that reads best.
import { expect, it } from "vitest";
import { formatUnit, unitCaption } from "./unitFormat";

it.each([
  [0.0123, "s", "12.3 ms"], [0, "s", "0 s"], [95, "s", "1 min 35 s"], [12, "ms", "12 ms"], [1500, "us", "1.5 ms"], [2, "d", "2 d"],
  [1234, "By", "1.23 kB"], [0, "By", "0 B"], [240e6, "By", "240 MB"], [3, "MiBy", "3.15 MB"], [4.2e6, "By/s", "4.2 MB/s"], [8e6, "bit/s", "8 Mbit/s"], [999.9, "By", "1 kB"],
  [0.4213, "ratio", "42.1 %"], [42.13, "%", "42.1 %"], [0.5, "1", "0.5"], [12.5, "{request}/s", "12.5/s"], [12, "{request}", "12"], [3, "1/s", "3/s"],
  [80.25, "EUR", "80.25 EUR"], [21, "Cel", "21 °C"], [2.4e9, "Hz", "2.4 GHz"], [-0.5, "s", "−500 ms"], [-3, "By", "−3 B"], [123456, "1", "123.5k"], [5, "", "5"], [0.25, "By/s", "0.25 B/s"],
])("%d %s is %s", (value, unit, text) => expect(formatUnit(value, unit)).toBe(text));

it.each([
  [5, "furlong", "5 furlong"], [5, "constructor", "5 constructor"], [5, "toString/s", "5 toString/s"], [5, "__proto__", "5 __proto__"], [5, "<b>x</b>", "5 <b>x</b>"], [5, "//", "5 //"], [5, "{", "5 {"], [5, "单位", "5 单位"], [5, "/s", "5/s"],
])("nobody knows the unit of %d %s: it stands behind the number", (value, unit, text) => {
  expect(formatUnit(value, unit)).toBe(text);
  expect(typeof unitCaption(unit)).toBe("string");
});

it("writes what is no number", () => expect([formatUnit(null, "s"), formatUnit(NaN, "By"), formatUnit(Infinity, "1"), formatUnit(-Infinity, "s")]).toEqual(["–", "–", "∞", "−∞"]));

it("has a caption for each unit", () => expect([unitCaption("{request}/s"), unitCaption("1"), unitCaption("By/s"), unitCaption("ratio"), unitCaption("EUR")]).toEqual(["request/s", "", "bytes/s", "%", "EUR"]));
