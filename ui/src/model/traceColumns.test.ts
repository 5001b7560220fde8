// Guarantees: any text makes a list with at least its two first columns; sorting is stable and the server's order is
// kept where nothing else was asked for.
import { expect, it } from "vitest";
import type { TraceSummary } from "../api/types";
import { fittingColumns, nextTraceSort, readColumns, readTraceSort, sortTraces, toggledColumns } from "./traceColumns";

const trace = (id: string, duration: number, errors: number, service = "a"): TraceSummary => ({ trace_id: id, root_service: service, root_name: "", start_time: id, duration: String(duration), span_count: 1, error_count: errors, services: [] });

it("reads and toggles columns", () => {
  expect(readColumns(null)).toEqual(["start", "root", "duration", "spans", "errors", "services"]);
  expect(readColumns("nonsense,traceId")).toEqual(["start", "root", "traceId"]);
  expect(toggledColumns(readColumns(null), "traceId")).toBe("duration,spans,errors,services,traceId");
  expect(readColumns(toggledColumns(readColumns("duration"), "duration"))).toEqual(["start", "root"]);
});

it("lets columns go where there is no room", () => {
  const all = readColumns("duration,spans,errors,services,traceId");
  expect([0, 1100].map((width) => fittingColumns(all, width))).toEqual([all, all]);
  expect(fittingColumns(all, 700)).toEqual(["start", "root", "duration", "spans", "errors"]);
  expect(fittingColumns(all, 500)).toEqual(["start", "root", "duration", "errors"]);
});

it("reads the order, also of earlier links", () => {
  expect([readTraceSort(null), readTraceSort("slowest"), readTraceSort("root"), readTraceSort("-services")]).toEqual([
    { column: "start", descending: true }, { column: "duration", descending: true }, { column: "root", descending: false }, { column: "start", descending: true },
  ]);
  expect([nextTraceSort(readTraceSort(null), "duration"), nextTraceSort(readTraceSort("-duration"), "duration"), nextTraceSort(readTraceSort("duration"), "start"), nextTraceSort(readTraceSort(null), "start"), nextTraceSort(readTraceSort(null), "root")]).toEqual(["-duration", "duration", null, "start", "root"]);
});

it("sorts what is loaded, equal ones as they came", () => {
  const traces = [trace("3", 5, 0), trace("2", 9, 1, "b"), trace("1", 5, 1)];
  const ids = (sortText: string | null): string => sortTraces(traces, readTraceSort(sortText)).map((one) => one.trace_id).join("");
  expect([ids(null), ids("start"), ids("-duration"), ids("duration"), ids("-errors"), ids("root")]).toEqual(["321", "123", "231", "312", "213", "312"]);
});
