// Guarantees: what people read and type is written and understood as intended.
import { describe, expect, it } from "vitest";
import { spansWithAttribute, sqlText } from "./attributes";
import { durationForServer, formatDuration, parseDuration } from "./duration";
import { exceptionOf } from "./exception";
import { howLongAgo, millisecondsOf, nanosecondsOf, readRange, rfc3339, writeRange } from "./instant";
import { formatBytes, formatValue, formatWithUnit } from "./numbers";
import { severityLevel } from "./severity";
import { portOf, snippets } from "./snippets";
import { normaliseTraceId, shortTraceId } from "./traceId";

const HEX = "5b8efff798038103d269b633813fc60c";

describe("durations", () => {
  it.each([
    [0, "0 ns"], [999, "999 ns"], [1000, "1 µs"], [1530, "1.53 µs"], [153e6, "153 ms"], [12.3e6, "12.3 ms"], [999.96e6, "1 s"], [1.5e9, "1.5 s"],
    [59.9e9, "59.9 s"], [125e9, "2 min 5 s"], [3600e9, "1 h"], [90_000e9, "1 d 1 h"], [-7e6, "−7 ms"], [NaN, "–"],
  ])("%d is %s", (nanoseconds, text) => expect(formatDuration(nanoseconds)).toBe(text));
  it.each<[string, number | null]>([["150ms", 150e6], ["1.5 s", 1.5e9], ["2m", 120e9], ["10", 10e6], ["5us", 5000], ["x", null], ["", null], ["-3ms", null]])("reads %s", (text, nanoseconds) =>
    expect(parseDuration(text)).toBe(nanoseconds),
  );
});

it("writes durations for the server", () => expect(["10", "1.5 s", "0.25ms", "7ns", "x"].map(durationForServer)).toEqual(["10ms", "1500ms", "250us", "7ns", ""]));

describe("trace ids", () => {
  it.each<[string, string | null]>([
    [HEX, HEX], [HEX.toUpperCase(), HEX], [` ${HEX} `, HEX], [`0x${HEX}`, HEX], [`"${HEX}"`, HEX], ["5b8efff7-9803-8103-d269-b633813fc60c", HEX],
    ["W47/95gDgQPSabYzgT/GDA==", HEX], ["W47_95gDgQPSabYzgT_GDA", HEX], [`00-${HEX}-00f067aa0ba902b7-01`, HEX], [`trace_id=${HEX}`, HEX],
    ["d269b633813fc60c", `0000000000000000d269b633813fc60c`], ["", null], ["0000", null], ["hello", null], [`${HEX}00`, null],
  ])("reads %s", (text, traceId) => expect(normaliseTraceId(text)).toBe(traceId));
  it("shortens", () => expect(shortTraceId("0000000000000000d269b633813fc60c")).toBe("d269b633"));
});

describe("moments", () => {
  it("keeps nanoseconds when copying", () => expect(rfc3339("1732165200123456789")).toBe("2024-11-21T05:00:00.123456789Z"));
  it.each([["2024-11-21T05:00:00.123456789Z", "1732165200123456789"], ["2024-11-21T05:00:00.5Z", "1732165200500000000"], ["2024-11-21T05:00:00", "1732165200000000000"], ["2024-13-99T05:00:00Z", "0"], ["yesterday", "0"]])("reads %s as SQL writes it", (text, nanoseconds) =>
    expect(nanosecondsOf(text)).toBe(nanoseconds),
  );
  it("reads nanosecond texts", () => {
    expect(millisecondsOf("1732165200123456789")).toBeCloseTo(1732165200123.456, 2);
    expect(millisecondsOf("not a number")).toBe(0);
  });
  it("says how long ago", () => expect([howLongAgo(0, 500), howLongAgo(0, 61_000), howLongAgo(9000, 0)]).toEqual(["now", "1 min ago", "now"]));
  it("reads ranges back", () => {
    expect(readRange("15m", 1_000_000)).toEqual({ startMs: 100_000, endMs: 1_000_000 });
    expect(readRange(writeRange({ startMs: 5, endMs: 9 }), 0)).toEqual({ startMs: 5, endMs: 9 });
    expect([readRange("9-5", 0), readRange("junk", 0)]).toEqual([null, null]);
  });
});

it("writes numbers with their unit", () => {
  expect([formatValue(0), formatValue(1234), formatValue(12_345_678), formatValue(0.00001), formatValue(null), formatValue(Infinity)]).toEqual(["0", "1234", "12.35M", "1.00e-5", "–", "∞"]);
  expect([formatBytes(81_920), formatWithUnit(0.0125, "s"), formatWithUnit(5, "1"), formatWithUnit(5, "{request}"), formatWithUnit(2e9, "By")]).toEqual(["81.9 kB", "12.5 ms", "5", "5", "2.0 GB"]);
});

it("quotes what goes into SQL", () => {
  expect(sqlText("it's")).toBe("'it''s'");
  expect(spansWithAttribute("attributes", "a'b", "x' or 1=1 --")).toContain("attributes['a''b'] = 'x'' or 1=1 --'");
});

it("tells an application's frames from a library's", () => {
  const exception = exceptionOf("exception", { "exception.type": "E", "exception.stacktrace": "E: boom\n    at run (/app/a.js:1:1)\n    at next (/app/node_modules/x.js:2:2)\nCaused by: F\n" });
  expect(exception?.lines.map((line) => `${line.kind}${line.foreign ? "*" : ""}`)).toEqual(["text", "frame", "frame*", "cause"]);
  expect(exceptionOf("retry", {})).toBeNull();
});

it("names severities", () => expect([0, 1, 5, 9, 13, 17, 21, 99].map(severityLevel)).toEqual([null, "trace", "debug", "info", "warn", "error", "fatal", "fatal"]));

it("puts the actual ports into what is pasted", () => {
  expect([portOf("127.0.0.1:4999", 1), portOf("[::]:4318", 1), portOf("", 4318)]).toEqual([4999, 4318, 4318]);
  for (const snippet of snippets("lake", 5318, 5317)) expect(snippet.text).toMatch(/http:\/\/lake:531[78]/);
});
