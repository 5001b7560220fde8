// Guarantees: of dashboards in the shape of the most used public ones at least nine panels of ten are drawn: hosts (Node
// Exporter Full), MySQL (MySQL Overview, the old form) and span metrics (OpenTelemetry APM). The fixtures are written by hand in
// those shapes. Drawn means: a kind of ours, asked by queries in which no variable is left that nobody knows.
import { expect, it } from "vitest";
import { readBoardValue } from "./boardReading";
import { withPromVariables, type ChosenValues } from "./boardVariables";
import type { Board, Panel } from "./board";
import apm from "./fixtures/grafana-apm.json";
import mysql from "./fixtures/grafana-mysql.json";
import node from "./fixtures/grafana-node.json";
import { importGrafana, type Imported } from "./grafanaImport";
import { listFrom, recordFrom } from "./loose";
import { withSteps } from "./promRange";

const STEPS = { startMs: 0, endMs: 3_600_000, stepMs: 15_000 };

/** Panels in the file, those of closed rows too, without the rows. */
function panelsIn(file: unknown): number {
  const source = recordFrom(file);
  const all = [...listFrom(source.panels), ...listFrom(source.rows)].flatMap((one) => [one, ...listFrom(one.panels)]);
  return all.filter((one) => one.type !== undefined && one.type !== "row").length;
}

/** As it is sent with one value for every variable. */
function sent(text: string, board: Board): string {
  const chosen: ChosenValues = Object.fromEntries((board.variables ?? []).map((variable) => [variable.name, { values: [variable.default?.[0] ?? variable.values?.[0] ?? "value"], isAll: false }]));
  return withSteps(withPromVariables(text, chosen), STEPS);
}

function isDrawn(panel: Panel, board: Board): boolean {
  if (panel.kind === "text") return (panel.text ?? "") !== "";
  if (panel.kind === "map") return true;
  if (panel.kind === "traces") return panel.traces?.filter !== undefined;
  const queries = (panel.queries ?? []).map((query) => query.promql ?? query.traceql ?? "");
  return queries.length > 0 && queries.every((query) => query !== "" && !sent(query, board).includes("$"));
}

function imported(file: unknown): Imported {
  const made = importGrafana(file);
  if (!made) throw new Error("not taken as a dashboard of Grafana's");
  expect(readBoardValue(made.board).problem).toBeUndefined();
  return made;
}

it.each([["Node Exporter Full", node, 36], ["MySQL Overview", mysql, 31], ["OpenTelemetry APM", apm, 21]] as const)("%s is drawn", (title, file, count) => {
  const { board } = imported(file);
  expect(board.title).toBe(title);
  expect(panelsIn(file)).toBe(count);
  const drawn = board.panels.filter((panel) => panel.kind !== "row" && isDrawn(panel, board));
  expect(drawn.length / count).toBeGreaterThanOrEqual(0.9);
});

const panel = ({ board }: Imported, title: string): Panel | undefined => board.panels.find((one) => one.title === title);

it("takes what these boards are made of", () => {
  const hosts = imported(node);
  expect(panel(hosts, "Pressure")).toMatchObject({ kind: "bar", queries: [{ legend: "CPU" }, { legend: "Mem" }, { legend: "I/O" }] });
  expect(panel(hosts, "Disk IOps")?.queries?.[0].promql).toContain('device=~"${diskdevices:raw}"');
  expect(sent(panel(hosts, "Disk IOps")?.queries?.[0].promql ?? "", hosts.board)).toContain('device=~"[a-z]+|nvme');
  expect(panel(hosts, "Network Operational Status")).toMatchObject({ kind: "state", mappings: [{ text: "DOWN" }, { text: "UP" }] });
  expect(hosts.report.join()).not.toMatch(/mappings|datasource|left out: /);

  const database = imported(mysql);
  expect(panel(database, "Buffer Pool Size of Total RAM")).toMatchObject({ kind: "stat", thresholds: [{ colour: "red" }, { value: 40, colour: "yellow" }, { value: 80, colour: "green" }] });
  expect(database.board.variables?.[0]).toMatchObject({ name: "interval", kind: "list", values: ["$__rate_interval", "1s", "5s", "1m", "5m", "1h", "6h", "1d"] });
  expect(sent(panel(database, "MySQL Questions")?.queries?.[0].promql ?? "", database.board)).toContain("[2m]");

  const services = imported(apm);
  expect(panel(services, "Failed traces")).toMatchObject({ kind: "traces", traces: { filter: '{ resource.service.name = "$service" && status = error }', limit: 20 } });
  expect(panel(services, "Service graph")).toMatchObject({ kind: "map", map: { service: "$service" } });
  expect(panel(services, "How latencies spread")?.kind).toBe("histogram");
  expect(services.board.variables?.find((one) => one.name === "instance")).toMatchObject({ kind: "label", label: "service_instance_id", metric: 'target_info{service_name="$service"}' });
  expect(panel(services, "Operations")?.columns).toEqual([{ name: "A", title: "Rate" }, { name: "B", title: "p95", unit: "ms" }]);
  expect(services.report.join("\n")).toMatch(/Logs of the service/);
});

it("takes TraceQL that makes series", () => {
  const made = imported({ schemaVersion: 39, panels: [{ type: "timeseries", title: "T", datasource: { type: "tempo" }, targets: [{ query: "{ status = error } | rate() by (name)", queryType: "traceql", legendFormat: "{{name}}" }, { query: "{ }", queryType: "traceql" }] }] });
  expect(made.board.panels[0].queries).toEqual([{ traceql: "{ status = error } | rate() by (name)", legend: "{{name}}" }]);
  expect(made.report.join()).toContain("tempo");
});
