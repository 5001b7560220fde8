// Owns what the annotations of a dashboard mark: moments with a word, from rows of SQL or from series. Pure.
import type { Grid } from "./promAnswer";
import { cellText, columnRole, type SqlAnswer } from "./sqlResult";

export interface BoardAnnotation {
  title: string;
  /** The first column of time is the moment, texts are what is said. */
  sql?: string;
  /** Marked where a series begins, or becomes other than 0. */
  promql?: string;
}

export interface Mark {
  seconds: number;
  label: string;
}

/** More lines than this say nothing any more: the newest are kept. */
export const MARKS_MOST = 200;

export function marksOfRows(answer: SqlAnswer, title: string): Mark[] {
  const roles = answer.columns.map(columnRole);
  const time = roles.indexOf("time");
  if (time === -1) return [];
  const words = roles.flatMap((role, place) => (role === "text" ? [place] : []));
  return newest(answer.rows.flatMap((row) => {
    const seconds = Date.parse(String(row[time])) / 1000;
    const said = words.map((place) => row[place]).filter((cell) => cell !== null && cell !== "").map(cellText).join(" ");
    return Number.isFinite(seconds) ? [{ seconds, label: said === "" ? title : said }] : [];
  }));
}

export function marksOfGrid(grid: Grid, title: string): Mark[] {
  return newest(grid.series.flatMap((series) => {
    const label = Object.values(series.labels).join(" ") || title;
    return grid.seconds.flatMap((seconds, place): Mark[] => (isSet(series.values[place]) && place > 0 && !isSet(series.values[place - 1]) ? [{ seconds, label }] : []));
  }));
}

const isSet = (value: number | null | undefined): boolean => value !== null && value !== undefined && value !== 0;

function newest(marks: Mark[]): Mark[] {
  return marks.sort((a, b) => a.seconds - b.seconds).slice(-MARKS_MOST);
}
