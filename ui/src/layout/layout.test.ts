// Guarantees: places are finite and within bounds for every input, and zooming keeps the moment under the pointer.
import { describe, expect, it } from "vitest";
import { skeletonFromRows } from "../model/skeleton";
import { buildTraceTree } from "../model/traceTree";
import { indentOf, placeBar, placeMoment } from "./bars";
import { layOutOverview } from "./overview";
import { niceStep, rulerTicks } from "./ruler";
import { nearestPoint, placePoints, scatterScale } from "./scatter";
import { clampWindow, fullWindow, isFull, panBy, readWindow, windowAround, writeWindow, zoomAt } from "./timeWindow";

describe("time window", () => {
  it("keeps the anchor where it is", () => {
    const zoomed = zoomAt({ startNs: 0, endNs: 1000e6 }, 0.25, 0.5, 1000e6);
    expect(zoomed).toEqual({ startNs: 125e6, endNs: 625e6 });
    expect(zoomed.startNs + 0.25 * (zoomed.endNs - zoomed.startNs)).toBe(250e6);
  });
  it("stays inside the trace and no narrower than it may be", () => {
    expect(panBy({ startNs: 0, endNs: 500 }, -1, 1000)).toEqual({ startNs: 0, endNs: 500 });
    expect(panBy({ startNs: 600, endNs: 900 }, 5, 1000)).toEqual({ startNs: 700, endNs: 1000 });
    expect(zoomAt(fullWindow(1000), 0.5, 1e-9, 1000)).toEqual({ startNs: 450, endNs: 550 });
    expect(clampWindow({ startNs: -5, endNs: 1e9 }, 0)).toEqual({ startNs: 0, endNs: 1 });
  });
  it("survives the address", () => {
    expect(readWindow(writeWindow({ startNs: 200, endNs: 700 }), 1000)).toEqual({ startNs: 200, endNs: 700 });
    for (const text of [null, "", "x", "9-3", "1-"]) expect(isFull(readWindow(text, 1000), 1000)).toBe(true);
  });
  it("shows a span with air round it", () => {
    expect(windowAround(400_000, 500_000, 1e6)).toEqual({ startNs: 390_000, endNs: 510_000 });
  });
});

describe("bars", () => {
  const window = { startNs: 0, endNs: 100 };
  it("are placed in percent", () => expect(placeBar(20, 50, window)).toEqual({ left: 20, width: 30, label: "right", offscreen: null }));
  it("have moments placed, and none off screen", () => {
    expect([0, 25, 100, -1, 101, NaN].map((at) => placeMoment(at, window))).toEqual([0, 25, 100, null, null, null]);
    expect(placeMoment(5, { startNs: 7, endNs: 7 })).toBeNull();
  });
  it("put the label where there is room", () => {
    expect(placeBar(60, 99, window).label).toBe("left");
    expect(placeBar(1, 99, window).label).toBe("inside");
  });
  it("say on which side they are off screen", () => {
    expect(placeBar(-50, -10, window).offscreen).toBe("before");
    expect(placeBar(150, 160, window).offscreen).toBe("after");
  });
  it("are finite whatever comes", () => {
    for (const [start, end] of [[NaN, 5], [5, Infinity], [50, 20], [-1e18, 1e18]]) {
      const place = placeBar(start, end, window);
      expect(Number.isFinite(place.left) && place.width >= 0 && place.width <= 104).toBe(true);
    }
    expect(placeBar(0, 5, { startNs: 5, endNs: 5 }).width).toBe(0);
  });
  it("indent without end, but never past the column", () => {
    expect(indentOf(3, 14, 200)).toBe(42);
    let before = -1;
    for (const depth of [0, 5, 20, 100, 5000]) {
      const indent = indentOf(depth, 14, 200);
      expect(indent).toBeGreaterThan(before);
      expect(indent).toBeLessThan(200);
      before = indent;
    }
  });
});

describe("ruler", () => {
  it("steps by 1, 2 or 5", () => expect([niceStep(100, 10), niceStep(130, 10), niceStep(370, 10), niceStep(0, 10)]).toEqual([10, 20, 50, 1]));
  it("labels with one unit and enough digits", () => {
    expect(rulerTicks({ startNs: 0, endNs: 674e6 }, 800).map((tick) => tick.label)).toEqual(["0", "100 ms", "200 ms", "300 ms", "400 ms", "500 ms", "600 ms"]);
    expect(rulerTicks({ startNs: 30e9, endNs: 30.1e9 }, 700)[1].label).toBe("30.02 s");
  });
  it("has no ticks without room or time", () => expect([rulerTicks({ startNs: 0, endNs: 0 }, 800), rulerTicks({ startNs: 0, endNs: 5 }, 0)]).toEqual([[], []]));
  it("gives labels that differ", () => {
    for (const endNs of [90, 1234, 5e5, 7.7e8, 3e10, 9e12]) {
      const labels = rulerTicks({ startNs: 0, endNs }, 1000).map((tick) => tick.label);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });
});

it("lays the overview out inside its box", () => {
  const rows = Array.from({ length: 1000 }, (_, index) => ({ spanId: `s${index}`, parentSpanId: index ? "s0" : "", startNs: BigInt(index), durationNs: 5 }));
  const layout = layOutOverview(buildTraceTree(skeletonFromRows("t", rows)), 800, 52);
  for (let index = 0; index < 1000; index++) {
    expect(layout.y[index] + layout.rowHeight).toBeLessThanOrEqual(53);
    expect(layout.x[index]).toBeLessThanOrEqual(800);
  }
});

it("finds the point under the pointer", () => {
  const inputs = [{ timeMs: 0, durationNs: 1e6, spanCount: 1 }, { timeMs: 100, durationNs: 1e9, spanCount: 50 }];
  const box = { width: 200, height: 100, padding: { left: 0, right: 0, top: 0, bottom: 0 } };
  const points = placePoints(inputs, scatterScale(inputs, 0, 100), box);
  expect(points.map((point) => [point.x, point.y])).toEqual([[0, 100], [200, 25]]);
  expect([nearestPoint(points, 195, 20), nearestPoint(points, 100, 50)]).toEqual([1, -1]);
  expect(scatterScale([], 0, 0).mostNs).toBeGreaterThan(0);
});
