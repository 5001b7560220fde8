// Guarantees: changes add up to what one answer would say; after a break nothing is missing and nothing stays that is gone;
// what is not shown is let go.
import { expect, it } from "vitest";
import { applyChange, liveGrid, liveVector, noLiveSeries, resumeMs } from "./liveSeries";
import { liveStepsOf } from "./promRange";

const steps = { startMs: 0, endMs: 4000, stepMs: 1000 };
const HOUR_MS = 3_600_000;

it("puts changes together, each series by its number", () => {
  const state = noLiveSeries();
  applyChange(state, { id: 1, to: 3, first: true, series: [{ n: 0, metric: { job: "b" }, values: [[0, "1"], [3, "2"]] }, { n: 1, metric: { job: "a" }, values: [[1, "5"]] }] }, 0, HOUR_MS);
  applyChange(state, { id: 1, to: 4, series: [{ n: 0, values: [[3, "2.5"], [4, "+Inf"]] }, { n: 1, gone: [1] }] }, 0, HOUR_MS);
  expect(liveGrid(state, steps)).toEqual({ seconds: [0, 1, 2, 3, 4], series: [{ labels: { job: "b" }, values: [1, null, null, 2.5, null] }], histograms: [] });
});

it("is told again from a minute before the break, and what went meanwhile goes", () => {
  const state = noLiveSeries();
  applyChange(state, { id: 1, to: 200, first: true, series: [{ n: 0, metric: { job: "a" }, values: [[100, "1"], [199, "2"]] }, { n: 1, metric: { job: "b" }, values: [[199, "3"]] }] }, 0, HOUR_MS);
  const from = resumeMs(state, 0, 1000);
  expect(from).toBe(140_000);
  // The numbers of another connection are others.
  applyChange(state, { id: 1, to: 260, first: true, series: [{ n: 0, metric: { job: "c" }, values: [[260, "9"]] }, { n: 1, metric: { job: "a" }, values: [[199, "2"], [260, "4"]] }] }, from, HOUR_MS);
  const grid = liveGrid(state, { startMs: 100_000, endMs: 260_000, stepMs: 1000 });
  expect(grid.series.map((series) => [series.labels.job, series.values.filter((value) => value !== null)])).toEqual([["a", [1, 2, 4]], ["c", [9]]]);
});

it("keeps no more than is shown", () => {
  const state = noLiveSeries();
  for (let second = 0; second < 1000; second++) applyChange(state, { id: 1, to: second, first: second === 0, series: [{ n: 0, ...(second === 0 ? { metric: {} } : {}), values: [[second, "1"]] }] }, 0, 60_000);
  expect([...state.known.values()][0].values.size).toBe(61);
});

it("keeps what is known beside an error", () => {
  const state = noLiveSeries();
  applyChange(state, { id: 1, to: 1, first: true, series: [{ n: 0, metric: {}, values: [[1, "1"]] }] }, 0, HOUR_MS);
  applyChange(state, { id: 1, error: "it took longer", errorType: "timeout" }, 0, HOUR_MS);
  expect([state.error?.message, liveGrid(state, steps).series.length]).toEqual(["it took longer", 1]);
  applyChange(state, { id: 1, to: 2 }, 0, HOUR_MS);
  expect(state.error).toBeNull();
});

it("gives last values as an instant query would", () => {
  const state = noLiveSeries();
  applyChange(state, { id: 2, to: 9, first: true, series: [{ n: 0, metric: { a: "1" }, values: [[0, "7"]] }] }, 0, HOUR_MS);
  expect(liveVector(state).result).toEqual([{ metric: { a: "1" }, value: [9, "7"] }]);
});

it("has live steps that end with the one that is open, and as many at every moment", () => {
  const at = (now: number) => liveStepsOf({ startMs: now - 300_000, endMs: now });
  expect(at(1_000_300)).toEqual({ startMs: 701_000, endMs: 1_001_000, stepMs: 1000 });
  expect(at(1_000_000).endMs).toBe(1_000_000);
  expect(liveStepsOf({ startMs: 0, endMs: 15 * 60_000 }).stepMs).toBe(1000);
});
