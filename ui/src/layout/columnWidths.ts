// Owns how wide the columns of a result grid are: from the names and the first rows, within bounds. Pure.
import { cellText, columnRole, type SqlAnswer } from "../model/sqlResult";

const CHARACTER_PX = 7.3;
/** Names are bold. */
const NAME_CHARACTER_PX = 7.9;
const PADDING_PX = 26;
const LEAST_PX = 70;
const MOST_PX = 420;
const LOOK_AT_ROWS = 100;

export function columnWidths(answer: SqlAnswer): number[] {
  return answer.columns.map((column, index) => {
    let longest = 0;
    for (const row of answer.rows.slice(0, LOOK_AT_ROWS)) longest = Math.max(longest, Math.min(cellText(row[index]).length, 80));
    if (columnRole(column) === "duration") longest = 10;
    const inner = Math.max(longest * CHARACTER_PX, column.name.length * NAME_CHARACTER_PX);
    return Math.round(Math.min(Math.max(inner + PADDING_PX, LEAST_PX), MOST_PX));
  });
}
