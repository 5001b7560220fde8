// Guarantees: whatever was changed between two versions of a dashboard is said, once, by what a reader calls it; what only
// stands elsewhere is said in one sentence; two of the same say nothing.
import { expect, it } from "vitest";
import type { Board, BoardVariable, Panel } from "./board";
import { boardDifferences, differenceSentences } from "./boardDifferences";
import { readBoardValue } from "./boardReading";

const PLACE = { x: 0, y: 0, w: 12, h: 8 };
const panel = (id: string, title: string, more: Partial<Panel> = {}): Panel => ({ id, title, kind: "timeseries", ...PLACE, queries: [{ promql: "up" }], ...more });
const board = (panels: Panel[], more: Partial<Board> = {}): Board => {
  const read = readBoardValue({ version: 1, title: "Team", panels, ...more });
  if (read.problem !== undefined) throw new Error(read.problem);
  return read.board;
};
const said = (before: Board, after: Board): string[] => differenceSentences(boardDifferences(before, after));
const A = panel("a", "Rate");

it.each<[string, Panel[], Panel[], string[]]>([
  ["nothing", [A], [A], []],
  ["a panel more, and one less", [A], [panel("b", "Memory")], ["added panels: “Memory”", "removed panels: “Rate”"]],
  ["a query", [A], [panel("a", "Rate", { queries: [{ promql: "down" }] })], ["changed “Rate”: query"]],
  ["several parts of one word", [A], [panel("a", "Rate", { unit: "s", drawing: "bars", x: 3 })], ["changed “Rate”: place or size, how it is drawn"]],
  ["a title", [A], [panel("a", "Requests")], ["“Rate” is called “Requests”"]],
  ["a title and more", [A], [panel("a", "Requests", { kind: "stat" })], ["“Rate” is called “Requests”, and changed: kind"]],
  ["places", [A, panel("b", "B", { y: 8 })], [panel("a", "Rate", { x: 12 }), panel("b", "B", { y: 9 })], ["moved or resized: “Rate”, “B”"]],
  ["a panel without a title", [A], [A, panel("b", " ", { kind: "text" })], ["added panels: one without a title (Text)"]],
  ["the same under another id", [A], [panel("p9", "Rate", { unit: "s" })], ["changed “Rate”: how it is drawn"]],
  ["two of one title, one of them gone", [A, panel("b", "Rate")], [panel("c", "Rate")], ["removed panels: “Rate”"]],
  ["fields in another order", [A], [{ ...PLACE, queries: [{ promql: "up" }], kind: "timeseries", title: "Rate", id: "a" }], []],
])("says of panels: %s", (_, before, after, sentences) => expect(said(board(before), board(after))).toEqual(sentences));

it("says a number where the names are many", () => {
  const many = Array.from({ length: 40 }, (_, number) => panel(`p${number}`, `P${number}`));
  expect(said(board([]), board(many))).toEqual(["added panels: “P0”, “P1”, “P2”, “P3”, “P4”, “P5” and 34 more"]);
});

it("says what became of variables", () => {
  const list = (name: string, values: string[]): BoardVariable => ({ name, kind: "list", values });
  expect(said(board([], { variables: [list("host", ["a"]), list("zone", ["x"])] }), board([], { variables: [list("host", ["a", "b"]), list("service", [])] }))).toEqual([
    "added variables: $service", "removed variables: $zone", "changed variables: $host",
  ]);
});

it("says what became of the whole", () => {
  expect(said(board([]), board([], { title: "Crew", range: "6h", refresh: 30, annotations: [{ title: "Deployments", sql: "select 1" }] }))).toEqual(["changed settings: title, time range, refresh, annotations"]);
});
