// Guarantees: an id is found by its text whatever its form, and the first span to use one keeps it.
import { expect, it } from "vitest";
import { HEX_SPELLING, ListedSpelling, SpanIdIndex, SpanIds } from "./spanIds";

it("finds ids of eight bytes by their text", () => {
  const ids = new SpanIds(Uint32Array.of(0, 1, 0xffffffff, 0xfffffffe, 0, 1, 0, 0), HEX_SPELLING);
  const index = new SpanIdIndex(ids);
  expect([ids.at(1), ids.at(3), ids.isNone(3)]).toEqual(["fffffffffffffffe", "0000000000000000", true]);
  expect([index.get("0000000000000001"), index.get("fffffffffffffffe"), index.get("0000000000000002"), index.has("0000000000000000")]).toEqual([0, 1, undefined, true]);
  expect([...index.repeated]).toEqual([2]);
  expect([index.get("1"), index.get("FFFFFFFFFFFFFFFE"), index.get("")]).toEqual([undefined, undefined, undefined]);
});

it("finds ids of any form, across both columns", () => {
  const spelling = new ListedSpelling();
  const ids = spelling.list(["a", "", "b/1", "a"]);
  const parents = spelling.list(["", "a", "never"]);
  const index = new SpanIdIndex(ids);
  expect([index.get("a"), index.get("b/1"), index.get("never"), index.get("other"), index.get("")]).toEqual([0, 2, undefined, undefined, 1]);
  expect([parents.isNone(0), parents.at(1), index.find(parents.words[2], parents.words[3])]).toEqual([true, "a", 0]);
});

it("keeps a hundred thousand apart", () => {
  const words = new Uint32Array(200_000);
  for (let at = 0; at < 100_000; at++) words.set([at * 65_536, at % 3], 2 * at);
  const ids = new SpanIds(words, HEX_SPELLING);
  const index = new SpanIdIndex(ids);
  const wrong = Array.from({ length: 100_000 }, (_, at) => at).filter((at) => index.get(ids.at(at)) !== at && !index.repeated.has(at));
  expect(wrong).toEqual([]);
});
