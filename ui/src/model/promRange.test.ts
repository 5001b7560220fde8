// Guarantees: steps are round and few, and the windows of rates hold at least two points of an SDK's usual interval.
import { expect, it } from "vitest";
import { promDuration, stepsOf, withSteps } from "./promRange";

it("takes round steps that begin at whole ones", () => {
  expect(stepsOf({ startMs: 1_000_003, endMs: 4_600_003 })).toEqual({ stepMs: 10_000, startMs: 1_010_000, endMs: 4_600_000 });
  expect(stepsOf({ startMs: 0, endMs: 604_800_000 }).stepMs).toBe(1_800_000);
  expect(stepsOf({ startMs: 5, endMs: 6 })).toEqual({ stepMs: 1000, startMs: 1000, endMs: 1000 });
});

it("writes durations", () => expect([promDuration(15_000), promDuration(120_000), promDuration(90_000), promDuration(3_600_000), promDuration(172_800_000), promDuration(1)]).toEqual(["15s", "2m", "90s", "1h", "2d", "1ms"]));

it("fills in variables and leaves others", () => {
  const steps = { startMs: 0, endMs: 3_600_000, stepMs: 10_000 };
  expect(withSteps("rate(a[$__rate_interval]) + b[${__interval}] + $other", steps)).toBe("rate(a[2m]) + b[10s] + $other");
  expect(withSteps("a[$__range] $__rate_interval", { ...steps, stepMs: 900_000 })).toBe("a[1h] 20m");
  expect(withSteps("$__rate_interval", { ...steps, stepMs: 3_600_000 })).toBe("65m");
});
