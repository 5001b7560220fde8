// Owns what a table of a dashboard makes of its columns: which are shown, in which order, under which names, and by which its
// rows are sorted. Pure; a table without such wishes stays as it is.
import { cellNumber, cellText, type SqlAnswer, type SqlCell } from "./sqlResult";

export interface ColumnRule {
  /** As the answer calls it: a label, a column of SQL, a query's legend or letter. */
  name: string;
  /** What is written in its place. */
  title?: string;
  hidden?: boolean;
  /** Columns with an order come first, the least at first; others keep theirs. */
  order?: number;
  /** Of its numbers, in place of the panel's. */
  unit?: string;
}

export interface ColumnSort {
  name: string;
  descending?: boolean;
}

/** The table as wished; `units` of its columns where they are not the panel's. */
export function withColumns(answer: SqlAnswer, rules: readonly ColumnRule[], sort: ColumnSort | undefined): { answer: SqlAnswer; units: (string | undefined)[] } {
  if (answer.whole || (rules.length === 0 && !sort)) return { answer, units: [] };
  const placeOf = (name: string): number => answer.columns.findIndex((column) => column.name === name);
  const orderOf = (rule: ColumnRule | undefined): number => rule?.order ?? Infinity;
  const shown = answer.columns
    .map(({ name }, place) => ({ place, rule: rules.find((rule) => rule.name === name) }))
    .filter(({ rule }) => rule?.hidden !== true)
    .sort((a, b) => (orderOf(a.rule) === orderOf(b.rule) ? a.place - b.place : orderOf(a.rule) - orderOf(b.rule)));
  const by = sort ? placeOf(sort.name) : -1;
  const rows = by === -1 ? answer.rows : [...answer.rows].sort((left, right) => compared(left[by], right[by], sort?.descending ? -1 : 1));
  return {
    answer: {
      ...answer,
      columns: shown.map(({ rule, place }) => ({ ...answer.columns[place], name: rule?.title ?? answer.columns[place].name })),
      rows: rows.map((row) => shown.map(({ place }) => row[place])),
    },
    units: shown.map(({ rule }) => rule?.unit),
  };
}

/** Numbers by size, texts by letters; what is missing after all, whichever way. */
function compared(left: SqlCell, right: SqlCell, way: 1 | -1): number {
  const [isLeft, isRight] = [left ?? null, right ?? null].map((cell) => cell !== null);
  if (!isLeft || !isRight) return Number(isRight) - Number(isLeft);
  const [a, b] = [cellNumber(left), cellNumber(right)];
  return way * (a !== null && b !== null ? a - b : cellText(left).localeCompare(cellText(right)));
}
