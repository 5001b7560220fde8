// Guarantees: every shipped dashboard can be read, says all its titles in both languages, and counts no sample as the whole.
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

it.each(Object.entries(files))("%s asks with weights where spans were sampled out", (_, value) => {
  const queries = (readBoardValue(value).board?.panels ?? []).flatMap((panel) => panel.queries ?? []);
  const counting = queries.filter(({ sql }) => sql !== undefined && /from spans/.test(sql) && /count\(|approx_percentile_cont|sum\(/.test(sql));
  for (const { sql, estimated } of counting) {
    expect(estimated, sql).toBeDefined();
    // Conditions, groups and names stay the same.
    const rest = (text: string) => text.replace(/get_field\((.*), 'value'\)/g, "").replace(/cast\(approx_percentile_cont\(.*?\) as bigint\)/g, "").replace(/count\(\*\)( filter \(where .*?\))?/g, "");
    expect(rest(estimated ?? "")).toBe(rest(sql ?? ""));
  }
});
