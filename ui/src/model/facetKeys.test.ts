// Guarantees: added keys survive the address, each once, and the nearest names are offered first.
import { expect, it } from "vitest";
import { findKeys, readFacetKeys, writeFacetKeys } from "./facetKeys";

it("goes to the address and back", () => {
  expect(readFacetKeys(null)).toEqual([]);
  expect(readFacetKeys("a.b,,c,a.b")).toEqual(["a.b", "c"]);
  expect(writeFacetKeys([])).toBeNull();
  expect(readFacetKeys(writeFacetKeys(["x", "y.z"]))).toEqual(["x", "y.z"]);
});

it("finds what begins with the text, then parts, then anything", () => {
  expect(findKeys(["rerun", "app.run", "run.id", "other", "a,run"], "Run")).toEqual(["run.id", "app.run", "rerun"]);
  expect(findKeys(["b", "a"], "")).toEqual(["b", "a"]);
});
