import { describe, expect, it } from "vitest";
import { isDoorInUse, mainReason, pinOfTime, type Door, type Why } from "./pins";

const none = { spans: 0, logs: 0, exemplars: 0 };
const door = (change: Partial<Door>): Door => ({ services: [], overload_probability: 1, counts: { dropped_by_setting: none, dropped_by_overload: none }, warning: null, ...change });
const stored = (reason: string, rows: number) => ({ reason, rows, probability: 0.5, explanation: "" });
const why = (reasons: Why["stored"]): Why => ({ rows: 9, undecided_rows: 0, stored: reasons, outlook: null, is_sampled: true });

describe("pins", () => {
  it("are made of a service and two moments, in nanoseconds", () => {
    expect(pinOfTime(" cart ", 1000, 2000)).toEqual({ service: "cart", start: "1000000000", end: "2000000000" });
    expect(pinOfTime("", 1000, 2000)).toEqual({ start: "1000000000", end: "2000000000" });
    expect(pinOfTime("cart", 2000, 2000)).toBeNull();
    expect(pinOfTime("cart", Number.NaN, 2000)).toBeNull();
  });
});

describe("why a trace is there", () => {
  it("is what most of its rows say", () => {
    expect(mainReason(why([stored("door", 2), stored("error", 7)]))?.reason).toBe("error");
    expect(mainReason(why([]))).toBeNull();
  });
});

describe("the door", () => {
  it("is in use where it is set, sheds, or has shed", () => {
    expect(isDoorInUse(door({}))).toBe(false);
    expect(isDoorInUse(null)).toBe(false);
    expect(isDoorInUse(door({ warning: "more comes" }))).toBe(true);
    expect(isDoorInUse(door({ services: [{ service: "", probability: 0.5 }] }))).toBe(true);
    expect(isDoorInUse(door({ counts: { dropped_by_setting: none, dropped_by_overload: { ...none, spans: 1 } } }))).toBe(true);
  });
});
