// Guarantees: every row has its line, every record one line under its span, and heights and keys tell them apart.
import { expect, it } from "vitest";
import { LOG_LINE_PX, lineHeight, lineKey, SPAN_LINE_PX, waterfallLines } from "./waterfallLines";

const rows = Int32Array.from([4, 7, 2]);

it("has the rows alone without records", () => {
  for (const lines of [waterfallLines(rows, null), waterfallLines(rows, () => 0)]) {
    expect([...lines.nodeOf]).toEqual([4, 7, 2]);
    expect([lines.logOf, lines.lineOfRow, lineHeight(lines, 1), lineKey(lines, 1)]).toEqual([null, null, SPAN_LINE_PX, 7]);
  }
});

it("puts records directly under their span", () => {
  const lines = waterfallLines(rows, (node) => (node === 7 ? 2 : 0));
  expect([...lines.nodeOf]).toEqual([4, 7, 7, 7, 2]);
  expect([...(lines.logOf ?? [])]).toEqual([-1, -1, 0, 1, -1]);
  expect([...(lines.lineOfRow ?? [])]).toEqual([0, 1, 4]);
  expect([0, 1, 2, 3, 4].map((line) => lineKey(lines, line))).toEqual([4, 7, "7.0", "7.1", 2]);
  expect(lineHeight(lines, 2)).toBe(LOG_LINE_PX);
});
