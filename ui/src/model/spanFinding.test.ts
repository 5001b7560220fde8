// Guarantees: attribute words are told from words of the skeleton, what is left out leaves the way to what is wanted, and
// figures about a span's peers are what the answer says.
import { describe, expect, it } from "vitest";
import type { Attributes } from "./attributes";
import { attributeStatement, attributeWords, spansHere, wordFor } from "./attributeSearch";
import { percentileText, peerStatement, readPeers } from "./peerDurations";
import { readReverseLinks } from "./reverseLinks";
import { readHidden, shownSpans, writeHidden } from "./shownSpans";
import { skeletonFromRows } from "./skeleton";
import { readPill } from "./spanPills";
import { searchTrace } from "./traceSearch";
import { buildTraceTree } from "./traceTree";
import { visibleNodes } from "./visibleRows";

const tree = buildTraceTree(
  skeletonFromRows("t", [
    { spanId: "a", startNs: 0n, durationNs: 9, service: "front" },
    { spanId: "b", parentSpanId: "a", startNs: 1n, durationNs: 1, service: "cart" },
    { spanId: "c", parentSpanId: "b", startNs: 2n, durationNs: 1, service: "redis" },
    { spanId: "d", parentSpanId: "a", startNs: 3n, durationNs: 1, service: "cart" },
    { spanId: "e", startNs: 4n, durationNs: 1, service: "mail" },
  ]),
);
const nodeOf = (id: string): number => tree.nodeBySpanId.get(id) ?? -1;
const flags = (...ids: string[]): Uint8Array => Uint8Array.from({ length: tree.nodeCount }, (_, node) => (ids.some((id) => nodeOf(id) === node) ? 1 : 0));
const rows = (kept: Uint8Array | null): string => Array.from(visibleNodes(tree, new Set(), null, kept), (node) => tree.spans.spanIds.at(node).replace(/^0+/, "")).join("");

describe("attribute words", () => {
  it("are those that the skeleton does not know", () => {
    const words = attributeWords('cart service=x -http.route="/a b" user.id==7 duration>3ms http.route="/a b" db.system=');
    expect(words.map(({ key, value, isExact }) => [key, value, isExact])).toEqual([["http.route", "/a b", false], ["user.id", "7", true], ["db.system", "", false]]);
  });
  it("find what was handed in, and everything else when excluded", () => {
    const found = new Map([["k=v", flags("b", "d")]]);
    expect(Array.from(searchTrace(tree, "k=v", found))).toEqual([nodeOf("b"), nodeOf("d")]);
    expect(searchTrace(tree, "-k=v", found).length).toBe(3);
    expect(searchTrace(tree, "k=other", found).length).toBe(0);
  });
  it("become a statement without a way out of its quotes", () => {
    expect(attributeStatement("ab", { text: "", key: "it's", value: "O'Neil", isExact: true })).toContain("attributes['it''s'] = 'O''Neil'");
  });
  it("are looked for among spans of a file too", () => {
    const spans: { span_id: string; attributes: Attributes; resource_attributes: Attributes }[] = [{ span_id: "1", attributes: { k: "Value" }, resource_attributes: {} }, { span_id: "2", attributes: {}, resource_attributes: { k: 5 } }];
    const find = (word: string): string[] => spansHere(spans, attributeWords(word)[0]);
    expect([find("k=value"), find("k==value"), find("k==5"), find("k=")]).toEqual([["1"], [], ["2"], ["1", "2"]]);
  });
  it("are written so that they are read again", () => {
    for (const value of ["plain", "two words", "", 'a "quoted" one', "first\nsecond"]) expect(attributeWords(wordFor("k", value))).toHaveLength(1);
    expect(attributeWords(wordFor("k", "two words"))[0]).toMatchObject({ value: "two words", isExact: true });
  });
});

describe("shown spans", () => {
  const nothing = { matching: null, onPath: null, hidden: new Set<string>() };
  it("are all where nothing is asked", () => expect(shownSpans(tree, nothing)).toBeNull());
  it("are the wanted ones and their ancestors", () => {
    const shown = shownSpans(tree, { ...nothing, matching: flags("c") });
    expect([rows(shown?.kept ?? null), shown?.left]).toEqual(["abc", 2]);
    expect(rows(shownSpans(tree, { ...nothing, onPath: new Map([[nodeOf("d"), 1]]) })?.kept ?? null)).toBe("ad");
  });
  it("leave out services, but for those that lead to others", () => {
    expect(rows(shownSpans(tree, { ...nothing, hidden: new Set(["cart"]) })?.kept ?? null)).toBe("abce");
    expect(rows(shownSpans(tree, { ...nothing, hidden: new Set(["redis", "mail"]) })?.kept ?? null)).toBe("abd");
    expect(shownSpans(tree, { ...nothing, hidden: new Set(["not here"]) })).toBeNull();
  });
  it("come back from the address", () => {
    const hidden = new Set(["a", "b,c"]);
    expect(readHidden(writeHidden(hidden))).toEqual(hidden);
    expect(writeHidden(new Set())).toBeNull();
  });
});

describe("peers", () => {
  it("are counted in classes without gaps", () => {
    const peers = readPeers([[24, 60, 60], [27, 39, 39], [28, 1, 1]], 10_000_000);
    expect(peers?.classes.map(({ count, isOwn }) => [count, isOwn])).toEqual([[60, false], [0, false], [0, false], [39, false], [1, true]]);
    expect(peers && percentileText(peers)).toBe("p99");
  });
  it("say nothing where there are few, and never that all were faster", () => {
    expect(percentileText({ count: 19, share: 1, classes: [] })).toBeNull();
    expect(percentileText({ count: 5000, share: 1, classes: [] })).toBe("p99.9");
    expect(percentileText({ count: 24, share: 1, classes: [] })).toBe("p95");
    expect(percentileText({ count: 5000, share: 0.5, classes: [] })).toBe("p50");
    expect(percentileText({ count: 5000, share: 0.0001, classes: [] })).toBe("p1");
    expect(readPeers([], 5)).toBeNull();
  });
  it("are asked of one operation in one hour", () => {
    expect(peerStatement({ service: "a'b", name: "n", startNs: 7_200_000_000_000n, durationNs: 5 })).toContain("start_time >= to_timestamp_nanos(3600000000000)\n  and start_time <= to_timestamp_nanos(7500000000000)\n  and service_name = 'a''b'");
  });
});

it("pills say what the name does not", () => {
  const pill = (row: Partial<Record<number, unknown>>, name = "x") => readPill(["id", name, ...Array.from({ length: 7 }, (_, index) => row[index] ?? null)]);
  expect(pill({ 0: "GET", 1: 200 }, "GET /cart")).toEqual({ text: "200", isBad: false });
  expect(pill({ 0: "POST", 1: 503 }, "order")).toEqual({ text: "POST 503", isBad: true });
  expect(pill({ 2: "grpc", 3: 5 })).toEqual({ text: "gRPC 5", isBad: true });
  expect(pill({ 2: "grpc", 3: 0 })).toEqual({ text: "gRPC", isBad: false });
  expect(pill({ 4: "mysql" })).toEqual({ text: "mysql", isBad: false });
  expect(pill({ 0: "GET" }, "GET /")).toBeNull();
  expect(pill({})).toBeNull();
});

it("links from elsewhere are known by the span that they name", () => {
  const links = readReverseLinks([["s1", "t9", "s9", "cart", "take", "2026-01-01T00:00:00Z"], ["s1", "t8", "s8", "mail", "send", "2026-01-01T00:00:01Z"]]);
  expect(links.get("s1")?.map((link) => link.traceId)).toEqual(["t9", "t8"]);
});
