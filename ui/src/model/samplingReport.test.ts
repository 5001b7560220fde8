import { describe, expect, it } from "vitest";
import { groupsOf, hourBars, probabilityText, reasonText, spentShare, type SamplingReport } from "./samplingReport";

const hour = (number: number, allotted: number, written: number) => ({ hour: number, allotted_bytes: allotted, level_bytes: allotted, offered_bytes: written * 9, written_bytes: written });
const stratum = (number: number, kept: number) => ({ stratum: number, service: "s", operation: "o", reason: "error", traces: 9, kept_traces: 3, bytes: 100, kept_bytes: kept, probability_min: 0.1, probability_max: 1 });
const report: SamplingReport = {
  day_bytes: 1000, rules: [], problems: [], day_written_bytes: 250, hours: [hour(498_682, 100, 50), hour(498_683, 100, 200)],
  decisions: [{ hour: 498_683, traces: 9, kept_traces: 3, allotted_bytes: 1, offered_bytes: 1, kept_bytes: 1, written_bytes: null, dropped_by_rules: 0, hashed_ids: 0, malformed_trace_states: 0, strata: [stratum(1, 5), stratum(2, 50)] }],
};

describe("the sampler's report", () => {
  it("says how much of the day is spent, where there is a budget", () => {
    expect(spentShare(report)).toBe(0.25);
    expect(spentShare({ ...report, day_bytes: 2 ** 60 })).toBeNull();
  });

  it("lays hours under the tallest, and offered bytes no higher than the picture", () => {
    const bars = hourBars(report.hours);
    expect(bars.map((bar) => [bar.written, bar.allotted, bar.offered])).toEqual([[0.25, 0.5, 1], [1, 0.5, 1]]);
    expect(bars[0].startMs).toBe(498_682 * 3_600_000);
    expect(hourBars([])).toEqual([]);
  });

  it("puts groups that take most first", () => {
    expect(groupsOf(report).map((one) => one.stratum)).toEqual([2, 1]);
    expect(groupsOf({ ...report, decisions: [] })).toEqual([]);
  });

  it("says probabilities as people do", () => {
    const oneIn = (count: string): string => `1 in ${count}`;
    expect([1, 0.5, 0.0025].map((one) => probabilityText(one, oneIn))).toEqual(["1", "0.50", "1 in 400"]);
  });
});

it("names a rule by its own name, and leaves what it does not know", () => {
  const said = { reasons: { error: "it has an error" }, ofRule: (name: string) => `by ${name}` };
  expect([reasonText("error", said), reasonText("rule: pay: all", said), reasonText("newer", said)]).toEqual(["it has an error", "by pay: all", "newer"]);
});
