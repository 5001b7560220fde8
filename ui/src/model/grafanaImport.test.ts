// Guarantees: a Grafana dashboard over Prometheus becomes one of ours that can be read, and what is lost is said.
// The fixtures are written by hand in the shapes of schema versions 39 and 14.
import { expect, it } from "vitest";
import { readBoardValue } from "./boardReading";
import http from "./fixtures/grafana-http.json";
import old from "./fixtures/grafana-old.json";
import { importGrafana } from "./grafanaImport";
import { colourFromGrafana, unitFromGrafana } from "./grafanaUnits";

const imported = importGrafana(http);
const panel = (title: string) => imported?.board.panels.find((one) => one.title === title);

it("gives a board that reads", () => {
  expect(readBoardValue(imported?.board).problem).toBeUndefined();
  expect(imported?.board).toMatchObject({ title: "HTTP of the shop", range: "6h", refresh: 30 });
  expect(imported?.board.panels.map((one) => one.kind)).toEqual(["row", "timeseries", "stat", "gauge", "row", "heatmap", "text", "table", "timeseries"]);
});

it("takes queries, legends, units, thresholds and drawings over", () => {
  expect(panel("Requests")).toMatchObject({ x: 0, w: 12, h: 8, unit: "{request}/s", drawing: "stacked", legend: "table", queries: [{ promql: 'sum by (job) (rate(http_requests_total{job=~"$job", instance=~"${instance}"}[$__rate_interval]))', legend: "{{job}}" }] });
  expect(panel("Requests")?.thresholds).toBeUndefined();
  expect(panel("Errors")).toMatchObject({ unit: "ratio", reduce: "mean", thresholds: [{ value: -0.99, colour: "green" }, { value: 0.01, colour: "yellow" }, { value: 0.05, colour: "red" }] });
  expect(panel("Errors")?.queries?.[0].legend).toBeUndefined();
  expect(panel("CPU")).toMatchObject({ min: 0, max: 100, thresholds: [{ colour: "green" }, { value: 80, colour: "red" }] });
  expect(panel("About")?.text).toBe("Hello you\nalert(1)");
  expect(panel("Durations")?.queries).toEqual([{ promql: "sum by (le) (rate(d_bucket[5m]))" }]);
});

it("takes variables over", () => {
  expect(imported?.board.variables).toEqual([
    { name: "job", title: "Job", default: ["*"], multi: true, all: true, kind: "label", label: "job", metric: 'http_requests_total{env="prod"}' },
    { name: "instance", kind: "label", label: "instance" },
    { name: "window", default: ["5m"], kind: "list", values: ["1m", "5m"] },
    { name: "odd", kind: "text" },
  ]);
});

it("takes repeats, annotations and mappings over", () => {
  expect(panel("Durations")?.repeat).toBe("job");
  expect(imported?.board.annotations).toEqual([{ title: "deploys", promql: "changes(build_info[1m])" }]);
  const mapped = importGrafana({ schemaVersion: 39, panels: [{ type: "stat", title: "Up", repeat: "nobody", valueMaps: [{ value: "2", text: "two" }], fieldConfig: { defaults: { mappings: [{ type: "value", options: { 0: { text: "down" }, 1: { text: "up" } } }, { type: "range", options: { from: 5, to: null, result: { text: "many" } } }, { type: "regex", options: { pattern: "x", result: { text: "y" } } }] } }, targets: [{ expr: "up" }] }] });
  expect(mapped?.board.panels[0].mappings).toEqual([{ from: 0, to: 0, text: "down" }, { from: 1, to: 1, text: "up" }, { from: 5, text: "many" }, { from: 2, to: 2, text: "two" }]);
  expect(mapped?.board.panels[0].repeat).toBeUndefined();
  expect(mapped?.report.join()).toMatch(/not repeated.*some value mappings/);
  expect(readBoardValue(mapped?.board).problem).toBeUndefined();
});

it("takes over what transformations and overrides do to the columns of a table", () => {
  const table = (more: object) => importGrafana({ schemaVersion: 39, panels: [{ type: "table", title: "Top", targets: [{ refId: "A", expr: "a", instant: true }, { refId: "B", expr: "b", instant: true, legendFormat: "errors" }], ...more }] });
  const made = table({
    transformations: [
      { id: "merge" },
      { id: "organize", options: { excludeByName: { Time: true, job: true }, indexByName: { "Value #B": 0, route: 1, "Value #A": 2 }, renameByName: { "Value #A": "Rate", "Value #B": "" } } },
      { id: "sortBy", options: { sort: [{ field: "Rate", desc: true }] } },
    ],
    fieldConfig: { overrides: [{ matcher: { id: "byName", options: "Rate" }, properties: [{ id: "unit", value: "reqps" }] }] },
  });
  expect(made?.report).toEqual([]);
  expect(made?.board.panels[0]).toMatchObject({ columns: [{ name: "errors", order: 0 }, { name: "route", order: 1 }, { name: "A", order: 2, title: "Rate", unit: "{request}/s" }, { name: "job", hidden: true }], sort: { name: "A", descending: true } });
  expect(readBoardValue(made?.board).problem).toBeUndefined();
  const lost = table({ transformations: [{ id: "reduce" }, { id: "calculateField" }], fieldConfig: { overrides: [{ matcher: { id: "byRegexp", options: "/x/" }, properties: [{ id: "unit", value: "s" }] }, { matcher: { id: "byName", options: "route" }, properties: [{ id: "custom.width", value: 3 }, { id: "displayName", value: "Route" }] }] } });
  expect(lost?.report.join("\n")).toMatch(/reduce, calculateField[^]*overrides/);
  expect(lost?.board.panels[0].columns).toEqual([{ name: "route", title: "Route" }]);
});

it("says what it lost", () => {
  const report = imported?.report.join("\n") ?? "";
  for (const word of ["filters", "odd", "overrides", "mappings", "furlongs", "Logs", "echarts", "loki"]) expect(report, word).toContain(word);
  expect(imported?.report.length).toBe(8);
});

it("reads the old form with rows and spans", () => {
  const board = importGrafana(old)?.board;
  expect(readBoardValue(board).problem).toBeUndefined();
  expect(board?.panels.map(({ title, kind, x, y, w }) => [title, kind, x, y, w])).toEqual([["First", "row", 0, 0, 24], ["Up", "stat", 0, 1, 8], ["Load", "timeseries", 8, 1, 16], ["More", "timeseries", 0, 8, 24]]);
  expect(board?.panels[1]).toMatchObject({ unit: "s", reduce: "last", thresholds: [{ value: 10, colour: "yellow" }, { value: 20, colour: "red" }] });
  expect([board?.panels[2].drawing, board?.panels[2].unit, board?.panels[2].legend, board?.panels[3].drawing]).toEqual(["stacked", "By", "none", "bars"]);
});

it("refuses what is none", () => expect([importGrafana({}), importGrafana([]), importGrafana({ panels: [{ a: 1 }] }), importGrafana(null)]).toEqual([null, null, null, null]));

it("survives anything", () => {
  for (const value of [1, "x", null, [], {}, true]) {
    expect(() => importGrafana({ schemaVersion: 1, title: value, panels: [{ type: value, title: value, gridPos: value, targets: value, fieldConfig: value, options: value }, value], templating: value, annotations: value, time: value })).not.toThrow();
    expect(() => importGrafana({ schemaVersion: 1, panels: [{ targets: [{ expr: value, datasource: value }], fieldConfig: { defaults: { thresholds: { steps: [value, { color: value, value }] }, unit: value } } }], templating: { list: [{ name: value, type: "query", query: value, current: value }] } })).not.toThrow();
  }
});

it("knows units and colours", () => {
  expect([unitFromGrafana("Bps"), unitFromGrafana("none"), unitFromGrafana("suffix: rows"), unitFromGrafana("toString")]).toEqual(["By/s", "", "rows", null]);
  expect(["semi-dark-orange", "#73BF69", "#F2495C", "transparent", "rgba(50, 172, 45, 0.97)"].map(colourFromGrafana)).toEqual(["yellow", "green", "red", null, "green"]);
});
