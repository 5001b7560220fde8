// Guarantees: what is meant comes first, nothing unlike it is offered, and recent traces are kept each once.
import { describe, expect, it } from "vitest";
import { findEntries, matchScore, type PaletteEntry } from "./palette";
import { readRecent, withRecent } from "./recentTraces";

const entry = (title: string, group: PaletteEntry["group"] = "pages", words = ""): PaletteEntry => ({ id: title, group, title, words });
const titles = (list: PaletteEntry[]): string[] => list.map((one) => one.title);

describe("matching", () => {
  it("prefers the beginning of the text, then of a word, then any part, then letters in order", () => {
    const scores = ["logs of cart", "cart logs", "catalogs", "large old things"].map((text) => matchScore(text, "logs"));
    expect(scores[0]).toBeGreaterThan(scores[1]);
    expect(scores[1]).toBeGreaterThan(scores[2]);
    expect(scores[3]).toBe(-1);
    expect(matchScore("checkout", "ckot")).toBeGreaterThan(0);
    expect(matchScore("checkout", "zz")).toBe(-1);
  });
  it("wants every word", () => expect(titles(findEntries([entry("Logs of cart"), entry("Logs of checkout"), entry("cart")], "logs cart"))).toEqual(["Logs of cart"]));
  it("keeps groups together, the best first", () => {
    const list = [entry("Services"), entry("Metrics"), entry("metric-writer", "services"), entry("set metric", "settings")];
    expect(titles(findEntries(list, "metric"))).toEqual(["Metrics", "metric-writer", "set metric"]);
  });
  it("finds by hidden words, and shows all where nothing is typed", () => {
    expect(titles(findEntries([entry("Switch to dark", "settings", "theme")], "theme"))).toEqual(["Switch to dark"]);
    expect(findEntries([entry("a"), entry("b")], "  ")).toHaveLength(2);
  });
});

describe("recent traces", () => {
  it("are each kept once, newest first, and not for ever", () => {
    const some = Array.from({ length: 30 }, (_, index) => ({ traceId: String(index), title: "t", at: index }));
    const next = withRecent(some, { traceId: "7", title: "x".repeat(999), at: 99 });
    expect([next.length, next[0].traceId, next[0].title.length, next.filter((one) => one.traceId === "7").length]).toEqual([30, "7", 200, 1]);
  });
  it("survive whatever is stored", () => expect([readRecent(null), readRecent("{"), readRecent('[1,{"traceId":1}]'), readRecent("{}")]).toEqual([[], [], [], []]));
});
