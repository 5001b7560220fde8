// Guarantees: golden pictures of rows: bars within, before and after the parent's time, off screen, folded, with ticks.
import { describe, expect, it } from "vitest";
import { skeletonFromRows } from "../model/skeleton";
import { buildTraceTree } from "../model/traceTree";
import { foldPicture, spanPicture, tickAt } from "./rowPicture";

const tree = buildTraceTree(
  skeletonFromRows("t", [
    { spanId: "a", startNs: 100n, durationNs: 400 },
    { spanId: "b", parentSpanId: "a", startNs: 50n, durationNs: 100 },
    { spanId: "c", parentSpanId: "a", startNs: 400n, durationNs: 550 },
    { spanId: "d", parentSpanId: "a", startNs: 600n, durationNs: 100 },
    { spanId: "e", parentSpanId: "a", startNs: 200n, durationNs: 0 },
    { spanId: "f", parentSpanId: "nowhere", startNs: 900n, durationNs: 150 },
  ]),
);
const at = (id: string, window = { startNs: 0, endNs: 1000 }, extra = {}) => spanPicture({ tree, node: tree.nodeBySpanId.get(id) ?? -1, window, width: 1000, ...extra });
/** `from+width` of each stretch; the trace begins at 50. */
const text = (stretches: readonly { x: number; width: number }[]): string => stretches.map(({ x, width }) => `${Math.round(x)}+${Math.round(width)}`).join(" ");
const GOLDEN: [string, string, string, string][] = [
  ["a", "50+400", "", "left 457"],
  ["b", "50+50", "0+50", "left 107"],
  ["c", "350+100", "450+450", "right 343"],
  ["d", "", "550+100", "left 657"],
  ["e", "150+2", "", "left 159"],
  ["f", "850+150", "", "right 843"],
];

describe("pictures of rows", () => {
  it.each(GOLDEN)("%s", (id, bars, outside, label) => {
    const picture = at(id);
    expect([text(picture.bars), text(picture.outside), `${picture.label.align} ${Math.round(picture.label.x)}`]).toEqual([bars, outside, label]);
  });
  it("say on which side a bar lies that is not on screen", () => {
    const before = at("b", { startNs: 500, endNs: 600 });
    expect([before.bars, before.label.offscreen, before.label.align]).toEqual([[], "before", "left"]);
    expect(at("d", { startNs: 0, endNs: 100 }).label).toMatchObject({ offscreen: "after", align: "right" });
  });
  it("have critical parts and ticks, and find the tick under the pointer", () => {
    const picture = at("a", undefined, { segments: [{ node: 0, startNs: 50, endNs: 250 }], marks: [{ atNs: 100, name: "retry", isException: false }] });
    expect(text(picture.critical)).toBe("50+200");
    expect(tickAt(picture, 103, 1000)?.names).toEqual(["retry"]);
    expect(tickAt(picture, 120, 1000)).toBeNull();
  });
  it("have their label where it is not cut off, on a phone, too", () => {
    const label = (id: string) => at(id, undefined, { width: 190 }).label;
    expect([label("d"), label("a"), label("b")]).toMatchObject([{ align: "right", isInside: false }, { align: "left", isInside: false }, { align: "left", isInside: false }]);
    expect(label("c")).toMatchObject({ align: "left", isInside: true });
  });
  it("of a fold hold all its members", () => {
    const picture = foldPicture({ tree, node: 1, window: { startNs: 0, endNs: 1000 }, width: 1000 }, [1, 4]);
    expect(text(picture.bars)).toBe("0+100 150+2");
    expect(picture.label).toMatchObject({ align: "left", isInside: false });
  });
  it("are finite whatever the window", () => {
    for (const window of [{ startNs: 5, endNs: 5 }, { startNs: -1e18, endNs: 1e18 }, { startNs: NaN, endNs: 1 }]) {
      for (const id of "abcdef") for (const { x, width } of [...at(id, window).bars, ...at(id, window).outside]) expect(Number.isFinite(x) && Number.isFinite(width)).toBe(true);
    }
  });
});
