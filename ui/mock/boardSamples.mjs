// Owns dashboards that a team has made, for tests and pictures: one with versions, one that is a file. Never answers a request.
import { boardOfVersions } from "./boards.mjs";

const place = (x, y, w, h) => ({ x, y, w, h });
const rate = { id: "rate", title: "Requests", kind: "timeseries", unit: "{request}/s", ...place(0, 0, 12, 8), queries: [{ promql: "sum by (job) (rate(http_server_request_duration_seconds_count[$__rate_interval]))", legend: "{{job}}" }] };
const memory = { id: "memory", title: "Memory", kind: "timeseries", unit: "By", ...place(12, 0, 12, 8), queries: [{ promql: "sum by (job) (process_memory_usage_bytes)", legend: "{{job}}" }] };
const jobs = {
  id: "jobs", title: "Jobs", kind: "table", ...place(0, 8, 24, 9),
  queries: [{ promql: "sum by (job) (process_memory_usage_bytes)" }, { promql: "sum by (job) (rate(http_server_request_duration_seconds_count[5m]))" }],
  columns: [{ name: "B", title: "Requests", unit: "{request}/s", order: 0 }, { name: "job", title: "Service", order: 1 }, { name: "A", title: "Memory", unit: "By", order: 2 }],
  sort: { name: "A", descending: true },
};
const note = { id: "note", title: "", kind: "text", text: "Ask **payments** before you restart anything.", ...place(0, 17, 24, 3) };
const board = (more) => ({ version: 1, title: "The team's own", range: "1h", ...more });

/** Three versions: each says something else than the one before it. */
export const VERSIONS = [
  board({ panels: [rate, note] }),
  board({ panels: [rate, { ...memory, unit: undefined }, note], variables: [{ name: "zone", kind: "list", values: ["a", "b"] }] }),
  board({ title: "The team", range: "15m", refresh: 30, panels: [{ ...rate, title: "Requests a second", drawing: "stacked" }, memory, jobs] }),
];

/** For `state.boards`. */
export function teamBoards() {
  return new Map([
    ["team", boardOfVersions(VERSIONS)],
    ["on-call", { ...boardOfVersions([board({ title: "On call", panels: [rate, jobs] })]), file: "/etc/spanlake/dashboards/on-call.json" }],
  ]);
}
