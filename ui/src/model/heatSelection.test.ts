// Guarantees: a selection survives the address, narrows without leaving out what it held, and is undone whole.
import { expect, it } from "vitest";
import { parseDuration } from "./duration";
import { ALL_ERRORS, boundText, narrowedTo, readSelection, selectionParameters, undoneNarrowing, writeSelection, type HeatSelection } from "./heatSelection";
import { readTraceFilter } from "./traceFilter";

const region: HeatSelection = { time: { startMs: 1000, endMs: 5000 }, leastNs: 12_345_678, mostNs: 1_234_567_890, onlyErrors: false };

it.each([region, { ...region, time: null }, { ...region, leastNs: null, mostNs: null }, { ...region, onlyErrors: true }, { ...region, mostNs: null }, ALL_ERRORS])("writes and reads %o", (selection) => {
  expect(readSelection(writeSelection(selection))).toEqual(selection);
});

it.each([null, "", "_", "__", "5-1", "a-b", "1-2_9-3", "1-2_3-4_other"])("reads nothing in %s", (text) => expect(readSelection(text)).toBeNull());

it("rounds bounds outwards to three digits", () => {
  expect([boundText(12_345_678, "down"), boundText(12_345_678, "up"), boundText(1_234_567_890, "up"), boundText(999, "up"), boundText(0, "down"), boundText(1500, "up")]).toEqual(["12.3ms", "12.4ms", "1.24s", "999ns", "0ns", "1.5us"]);
  for (const ns of [1, 17, 1234, 99_999, 1_000_001, 59_999_999_999]) {
    expect(parseDuration(boundText(ns, "down"))).toBeLessThanOrEqual(ns);
    expect(parseDuration(boundText(ns, "up"))).toBeGreaterThanOrEqual(ns);
  }
});

it("narrows traces by their own duration, and spans by the filter", () => {
  expect(narrowedTo(region, readTraceFilter(""), "?range=6h")).toEqual({ sel: null, diff: null, was: "range=6h", range: "1000-5000", min: "12.3ms", max: "1.24s" });
  const search = "?service=cart&filter=kind%20%3D%20server";
  expect(narrowedTo(region, readTraceFilter(search), search)).toMatchObject({ range: "1000-5000", filter: "kind = server and duration >= 12.3ms and duration <= 1.24s", was: "filter=kind+%3D+server" });
  const braces = "?filter=%7Bkind%3Dserver%7D";
  expect(narrowedTo({ ...region, mostNs: null }, readTraceFilter(braces), braces).filter).toBe("{ kind=server && duration >= 12.3ms }");
});

it("goes back to before the first of several selections", () => {
  const first = narrowedTo(region, readTraceFilter("?range=6h&min=5ms"), "?range=6h&min=5ms");
  const second = narrowedTo(region, readTraceFilter(""), `?range=1000-5000&min=12.3ms&was=${encodeURIComponent(first.was ?? "")}`);
  expect(undoneNarrowing(second.was ?? "")).toEqual({ range: "6h", min: "5ms", max: null, filter: null, status: null, was: null });
  expect(undoneNarrowing(narrowedTo(region, readTraceFilter(""), "").was ?? "")).toEqual({ range: null, min: null, max: null, filter: null, status: null, was: null });
});

it("asks the server in its spelling", () => {
  expect(selectionParameters(region)).toEqual({ selection_start: "1000000000", selection_end: "5000000000", selection_min_duration: "12345678ns", selection_max_duration: "1234567890ns", selection_status: undefined });
});
