// Guarantees: a name is kept once, what cannot be kept changes nothing, and what another version stored does no harm.
import { expect, it } from "vitest";
import { readStatements, withStatement } from "./savedStatements";

it("keeps each name once, newest first", () => {
  const list = withStatement(withStatement(withStatement([], { name: " a ", query: "select 1" }), { name: "b", query: "select 2" }), { name: "a", query: "select 3\n" });
  expect(list).toEqual([{ name: "a", query: "select 3" }, { name: "b", query: "select 2" }]);
  expect(withStatement(list, { name: " ", query: "x" })).toEqual(list);
  expect(withStatement(list, { name: "c", query: "  " })).toEqual(list);
  expect(withStatement(list, { name: "c", query: "x".repeat(30_000) })).toEqual(list);
});

it("reads only what it wrote", () => {
  expect(readStatements(null)).toEqual([]);
  expect(readStatements("{")).toEqual([]);
  expect(readStatements('[{"name":"a","query":"q"},{"name":""},null,7]')).toEqual([{ name: "a", query: "q" }]);
});
