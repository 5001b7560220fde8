// Guarantees: a broken document says where, a newer one is refused; variables go into each language in its way; answers of
// both languages become the same lines, tables and states.
import { expect, it } from "vitest";
import { isSafeAddress, readBoard, translateBoard, writeBoard } from "./boardReading";
import { barsFromVectors, barsOf, frameFromSql, mergeFrames, reduceValues, stateSpans, tableFromVectors, thresholdOf } from "./boardData";
import { jsonMistake } from "./jsonPlace";
import { chosenOf, mentionedVariables, readChosen, writeChosen, withLinkVariables, withPromVariables, withSqlVariables, withTextVariables } from "./boardVariables";

const panel = { id: "a", title: "A", kind: "timeseries", x: 0, y: 0, w: 12, h: 8, queries: [{ promql: "up" }] };
const board = (change: object = {}): string => JSON.stringify({ version: 1, title: "T", panels: [panel], ...change });
const problem = (text: string): string | undefined => readBoard(text).problem;

it("reads what it writes", () => {
  const read = readBoard(board({ variables: [{ name: "service", kind: "label", label: "service_name", multi: true }], links: [{ title: "x", url: "/sql" }], unknown: 1 })).board;
  expect(read?.variables?.[0]).toEqual({ name: "service", kind: "label", label: "service_name", multi: true });
  if (!read) throw new Error("not read");
  expect(readBoard(writeBoard(read)).board).toEqual(read);
  expect(writeBoard(read)).not.toContain("unknown");
});

it("reads histograms, maps and TraceQL", () => {
  const panels = [{ ...panel, kind: "histogram", queries: [{ traceql: "{ } | rate()", legend: "{{name}}" }] }, { ...panel, id: "b", kind: "map", queries: [], map: { service: "$service", more: 1 } }];
  expect(readBoard(board({ panels })).board?.panels).toEqual([panels[0], { ...panels[1], map: { service: "$service" } }]);
});

it("makes bars of several queries, named by their legends", () => {
  const answer = (...metrics: Record<string, string>[]) => ({ resultType: "vector", result: metrics.map((metric, place): { metric: Record<string, string>; value: [number, string] } => ({ metric, value: [1, String(place + 1)] })) });
  const table = barsFromVectors([{ answer: answer({ job: "a" }), legend: "CPU", letter: "A" }, { answer: answer({ job: "a" }, { job: "b" }), legend: "{{job}} memory", letter: "B" }, { answer: answer({}), legend: "", letter: "C" }]);
  expect(barsOf(table)).toEqual([{ name: "b memory", value: 2 }, { name: "CPU", value: 1 }, { name: "a memory", value: 1 }, { name: "C", value: 1 }]);
});

it("says where a document is wrong", () => {
  expect(problem('{"version": 1,\n "title": }')).toContain("line 2, column 11");
  expect(problem(board({ version: 2 }))).toContain("version 2");
  expect(problem(board({ panels: [{ ...panel, kind: "pie" }] }))).toContain("panels[0].kind");
  expect(problem(board({ panels: [panel, { ...panel, id: "b", w: 30 }] }))).toContain("panels[1].w");
  expect(problem(board({ panels: [panel, panel] }))).toContain("panels[1].id");
  expect(problem(board({ panels: [{ ...panel, queries: [{ promql: "a", sql: "b" }] }] }))).toContain("panels[0].queries[0]");
  expect(problem(board({ panels: [{ ...panel, queries: [{ sql: "a", traceql: "b" }] }] }))).toContain("panels[0].queries[0]");
  expect(problem(board({ panels: [{ ...panel, queries: [{ promql: "a", estimated: "b" }] }] }))).toContain("panels[0].queries[0].estimated");
  expect(problem(board({ panels: [{ ...panel, kind: "map", map: { service: 1 } }] }))).toContain("panels[0].map.service");
  expect(problem(board({ links: [{ title: "x", url: "javascript:alert(1)" }] }))).toContain("links[0].url");
  expect(problem("[]")).toBeDefined();
  expect(problem('{"title":"x"}')).toContain("version");
});

it("finds where JSON ends to be JSON", () => {
  expect(['{"a": [1, 2.5e3, "x\\n"], "b": {}}', "[]", '{"a" 1}', "[1,]", '{"a":1', "tru", '{"a":"\n"}', "1 2"].map(jsonMistake)).toEqual([null, null, 5, 3, 6, 0, 5, 2]);
});

it("takes only addresses that lead somewhere", () => expect(["/a", "https://a.b", "//evil", "/\\evil", "javascript:x", "data:x", ""].map(isSafeAddress)).toEqual([true, true, false, false, false, false, false]));

it("speaks another language where it is brought", () => {
  const read = readBoard(board({ translations: { "zh-CN": { A: "甲", T: "题" } } })).board;
  if (!read) throw new Error("not read");
  const translated = translateBoard(read, "zh-CN");
  expect([translated.title, translated.panels[0].title, translateBoard(read, "en").title]).toEqual(["题", "甲", "T"]);
});

const one = { values: ["a.b"], isAll: false };
const two = { values: ["a.b", 'c"'], isAll: false };
const all = { values: ["x", "y"], isAll: true };
const steps = { startMs: 1000, endMs: 61_000, stepMs: 1000 };

it("puts values into PromQL", () => {
  expect(withPromVariables('x{a="$v", b=~"$v"}', { v: one })).toBe('x{a="a.b", b=~"a\\\\.b"}');
  expect(withPromVariables('x{b=~"p-${v}"}', { v: two })).toBe('x{b=~"p-a\\\\.b|c\\""}');
  expect(withPromVariables('x{b!~"$v"} + $__interval', { v: all })).toBe('x{b!~".*"} + $__interval');
  expect(withPromVariables('x{a=~"${v:raw}"}', { v: { values: ["sd[a-z]+"], isAll: false } })).toBe('x{a=~"sd[a-z]+"}');
  expect(withPromVariables('topk($n, x{a=~"${v:regex}"})', { n: { values: ["5"], isAll: false }, v: one })).toBe('topk(5, x{a=~"a\\\\.b"})');
  expect(withPromVariables("rate(x[$__rate_interval])", {})).toBe("rate(x[$__rate_interval])");
});

it("puts values into SQL, always quoted", () => {
  expect(withSqlVariables("name in ($v)", { v: { values: ["it's", "b"], isAll: false } }, steps)).toBe("name in ('it''s', 'b')");
  expect(withSqlVariables("$__timeFilter(start_time) and date_bin($__interval, t)", {}, steps)).toBe("start_time >= to_timestamp_nanos(1000000000)\n  and start_time < to_timestamp_nanos(61000000000) and date_bin(interval '1000 milliseconds', t)");
  expect(withSqlVariables("x in ($v)", { v: { values: [], isAll: false } }, steps)).toBe("x in ('')");
});

it("puts values into titles and addresses", () => {
  expect(withTextVariables("of $v and $$w", { v: two })).toBe('of a.b, c" and $$w');
  expect(withLinkVariables("/services/${v}", { v: { values: ["a/b"], isAll: false } })).toBe("/services/a%2Fb");
  expect(mentionedVariables("$a ${b:regex} $a")).toEqual(["a", "b"]);
});

const sql = (columns: [string, string][], rows: unknown[][]) => ({ columns: columns.map(([name, type]) => ({ name, type })), rows, stats: { rows: rows.length, truncated: false, elapsed_ms: 1 } });

it("makes lines of rows", () => {
  const answer = sql([["time", "Timestamp(ns)"], ["service_name", "Utf8"], ["n", "Int64"], ["p95_duration", "Int64"]], [["1970-01-01T00:01:00Z", "b", 120, 2e9], ["1970-01-01T00:00:00Z", "a", 60, 1e9]]);
  const frame = frameFromSql(answer, { grid: { startMs: 0, endMs: 120_000, stepMs: 60_000 }, perSecond: true, zero: false });
  expect(frame.seconds).toEqual([0, 60]);
  expect(frame.series.map((series) => [series.labels.service_name, series.column, series.values])).toEqual([["b", "n", [0, 2]], ["b", "p95_duration", [0, 2]], ["a", "n", [1, 0]], ["a", "p95_duration", [1, 0]]]);
  const odd = frameFromSql(answer, { grid: { startMs: 0, endMs: 120_000, stepMs: 7000 }, perSecond: false, zero: false });
  expect([odd.seconds, odd.series[0].values]).toEqual([[0, 60], [null, 120]]);
  expect(frameFromSql(sql([["a", "Utf8"]], []), { grid: null, perSecond: false, zero: true }).series).toEqual([]);
});

it("merges queries on one list of moments", () => {
  const merged = mergeFrames([{ seconds: [1, 3], series: [{ labels: {}, values: [1, 3] }] }, { seconds: [2], series: [{ labels: {}, values: [2] }] }]);
  expect(merged.seconds).toEqual([1, 2, 3]);
  expect(merged.series.map((series) => series.values)).toEqual([[1, null, 3], [null, 2, null]]);
});

it("reduces and colours", () => {
  expect([reduceValues([1, null, 5], "last"), reduceValues([1, 5], "sum"), reduceValues([], "mean"), reduceValues([1, 5], "least")]).toEqual([5, 6, null, 1]);
  const thresholds = [{ value: 0, colour: "green" as const }, { value: 10, colour: "red" as const }, { value: 5, colour: "yellow" as const }];
  expect([-1, 0, 5, 12, null].map((value) => thresholdOf(value, thresholds))).toEqual([null, "green", "yellow", "red", null]);
});

it("joins states", () => {
  expect(stateSpans([1, 1, 0, null, 0])).toEqual([{ from: 0, to: 2, value: 1 }, { from: 2, to: 3, value: 0 }, { from: 4, to: 5, value: 0 }]);
  expect(stateSpans([1, 2, 7], [{ value: 5, colour: "red" }])).toEqual([{ from: 0, to: 2, value: 1 }, { from: 2, to: 3, value: 7 }]);
});

it("makes a table of vectors, and bars of a table", () => {
  const vector = (values: [string, string][]) => ({ resultType: "vector", result: values.map(([job, value]) => ({ metric: { job }, value: [1, value] as [number, string] })) });
  const table = tableFromVectors([{ answer: vector([["a", "1"], ["b", "2"]]), name: "x" }, { answer: vector([["b", "5"]]), name: "y" }]);
  expect(table.columns.map((column) => column.name)).toEqual(["job", "x", "y"]);
  expect(table.rows).toEqual([["a", 1, null], ["b", 2, 5]]);
  expect(barsOf(table)).toEqual([{ name: "b", value: 2 }, { name: "a", value: 1 }]);
});

it("keeps chosen values in the address, with whatever is in them", () => {
  expect(readChosen(writeChosen(["a,b", "c\\d", "e"]))).toEqual(["a,b", "c\\d", "e"]);
  const options = ["x", "y"];
  expect(chosenOf({ kind: "label", all: true }, null, options)).toEqual({ values: options, isAll: true });
  expect(chosenOf({ kind: "label" }, null, options)).toEqual({ values: ["x"], isAll: false });
  expect(chosenOf({ kind: "label", multi: true }, "x,z", options)).toEqual({ values: ["x", "z"], isAll: false });
  expect(chosenOf({ kind: "label", default: ["y"] }, null, options)).toEqual({ values: ["y"], isAll: false });
  expect(chosenOf({ kind: "text" }, "free text, as it is", [])).toEqual({ values: ["free text, as it is"], isAll: false });
});
