// Guarantees: a search keeps what is looked for and nothing of where one was looking; broken storage is no searches.
import { expect, it } from "vitest";
import { readSaved, searchToKeep, suggestedName, withSaved } from "./savedSearches";

it("keeps the search, not the looking, in one order", () => {
  expect(searchToKeep("?filter=a%20%3D%201&sel=1-2&diff=on&live=off&service=cart&internal=true&was=-")).toBe("service=cart&filter=a+%3D+1");
  expect(searchToKeep("?service=a&filter=b")).toBe(searchToKeep("?filter=b&service=a&facets=off"));
});

it("has each name once, the newest first", () => {
  const list = withSaved(withSaved([], { name: " one ", search: "a" }), { name: "two", search: "b" });
  expect(withSaved(list, { name: "one", search: "c" })).toEqual([{ name: "one", search: "c" }, { name: "two", search: "b" }]);
  expect(withSaved(list, { name: "  ", search: "c" })).toEqual(list);
});

it.each([null, "", "{", "{}", '[1,null,{"name":""},{"name":"a"}]'])("reads nothing in %s", (stored) => expect(readSaved(stored)).toEqual([]));

it("suggests a name from what is looked for", () => {
  expect(suggestedName("?service=cart&status=error&min=1s")).toBe("cart error > 1s");
});
