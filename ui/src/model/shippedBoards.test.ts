// Guarantees: every shipped dashboard can be read, and says all its titles in both languages.
import { expect, it } from "vitest";
import { readBoardValue } from "./boardReading";

const files = import.meta.glob<unknown>("../boards/*.json", { import: "default", eager: true });

it("ships boards", () => expect(Object.keys(files).length).toBeGreaterThanOrEqual(5));

it.each(Object.entries(files))("%s reads and is translated", (_, value) => {
  const { board, problem } = readBoardValue(value);
  expect(problem).toBeUndefined();
  const words = board?.translations?.["zh-CN"] ?? {};
  const said = [board?.description, ...(board?.panels ?? []).flatMap((panel) => [panel.title, panel.description]), ...(board?.panels ?? []).flatMap((panel) => panel.queries?.map((query) => query.legend)).filter((legend) => legend !== undefined && /[a-z]{2}/i.test(legend.replace(/\{\{.*?\}\}/g, ""))), ...(board?.variables ?? []).map((variable) => variable.title)];
  expect(said.filter((text) => text !== undefined && words[text] === undefined)).toEqual([]);
});
