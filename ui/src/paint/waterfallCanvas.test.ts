import { describe, expect, it, vi } from "vitest";
import type { Palette } from "./palette";
import { paintWaterfall, type PaintedRow } from "./waterfallCanvas";

/** A context that knows what is clipped, and where its origin lies. */
function fakeCanvas() {
  const kept: { clips: number; x: number }[] = [];
  let now = { clips: 0, x: 0 };
  const cleared: number[] = [];
  const names: number[] = [];
  const known: Record<string, (...given: number[]) => void> = {
    save: () => kept.push({ ...now }),
    restore: () => (now = kept.pop() ?? now),
    clip: () => now.clips++,
    setTransform: () => (now.x = 0),
    translate: (x) => (now.x += x),
    clearRect: () => cleared.push(now.clips),
    fillRect: () => now.x === 0 && names.push(now.clips),
  };
  const context = new Proxy({}, { get: (_, name) => known[String(name)] ?? ((): { width: number } => ({ width: 10 })), set: () => true });
  const canvas = { width: 0, height: 0, getContext: () => context } as unknown as HTMLCanvasElement;
  return { canvas, cleared, names };
}

const row: PaintedRow = {
  top: 0, indent: 28, isOpen: true, colour: "#123456", isFailed: false, isNegative: false, isDim: false, isFold: false, label: "1 ms", logs: 0, pill: null, name: null, isMarked: false,
  picture: { bars: [{ x: 1, width: 20 }], outside: [], critical: [], ticks: [], label: { x: 30, align: "left", isInside: false, offscreen: null } },
};

describe("the waterfall's canvas", () => {
  it("is painted again for other rows as if nothing had been on it", () => {
    vi.stubGlobal("window", { devicePixelRatio: 1 });
    const { canvas, cleared, names } = fakeCanvas();
    const frame = { width: 500, height: 336, nameWidth: 200, names: { from: 8, to: 194, toEvents: 162, right: 200 }, font: "11px sans-serif" };
    for (let time = 0; time < 3; time++) paintWaterfall(canvas, [row], frame, {} as Palette);
    expect(cleared).toEqual([0, 0, 0]);
    expect(new Set(names)).toEqual(new Set([1]));
    vi.unstubAllGlobals();
  });
});
