// Guarantees: an address holds the whole of what is shown, and formulas mean the queries whose letters they name.
import { expect, it } from "vitest";
import { expandFormula, nextLetter, readExplorer, writeQueries, type ExplorerQuery } from "./explorerState";

const query = (letter: ExplorerQuery["letter"], text: string, isHidden = false): ExplorerQuery => ({ letter, text, isHidden });

it("comes back from the address as it went there", () => {
  const queries = [query("a", 'sum(rate(x{a="b"}[5m]))'), query("c", "= a / 2", true)];
  const search = new URLSearchParams(Object.entries(writeQueries(queries)).filter((entry): entry is [string, string] => entry[1] !== null));
  expect(readExplorer(search)).toEqual({ queries, drawing: "lines", compare: null });
});

it("takes only what it knows", () => {
  expect(readExplorer(new URLSearchParams("draw=pie&compare=3y"))).toEqual({ queries: [], drawing: "lines", compare: null });
  expect(readExplorer(new URLSearchParams("a=x&draw=bars&compare=7d"))).toMatchObject({ drawing: "bars", compare: "7d" });
});

it("expands formulas", () => {
  const queries = [query("a", "sum(x)"), query("b", "y"), query("c", "= A + B"), query("d", "= d + 1")];
  expect(expandFormula("= A / B * 100", queries)).toBe("(sum(x)) / (y) * 100");
  expect(expandFormula("= c * 2", queries)).toBe("((sum(x)) + (y)) * 2");
  expect(expandFormula('= sum by (a) (z{a="b"}[a]) + abs(A)', queries)).toBe('sum by (a) (z{a="b"}[a]) + abs((sum(x)))');
  expect(expandFormula("= A + E", queries)).toBeNull();
  expect(expandFormula("= D", queries)).toBeNull();
  expect(expandFormula("=", queries)).toBeNull();
});

it("gives the next free letter", () => {
  expect(nextLetter([query("a", ""), query("c", "")])).toBe("b");
  expect(nextLetter([..."abcdefgh"].map((letter) => query(letter as "a", "")))).toBeNull();
});
