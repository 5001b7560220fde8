// Owns the rows of the page of logs: reading them from an answer, naming one in an address, adding what is older and
// what is new without showing a record twice. Never fetches and never draws.
import { nanosecondsOf } from "./instant";
import { hashName } from "./serviceColour";
import { LISTED_BODY_CHARACTERS, type LogCursor } from "./logStatements";
import type { SqlAnswer } from "./sqlResult";

export interface LogRow {
  timeNs: string;
  receivedNs: string;
  severityNumber: number;
  severityText: string;
  service: string;
  eventName: string;
  /** One that is long is cut by the statement. */
  body: string;
  traceId: string;
  spanId: string;
}

export interface LogList {
  rows: LogRow[];
  startNs: string;
  endNs: string;
  hasOlder: boolean;
}

const text = (cell: unknown): string => (cell === null || cell === undefined ? "" : typeof cell === "object" ? JSON.stringify(cell) : String(cell));

/** Reads columns by their names, so that statements may order them as they like. */
export function cellReader(answer: SqlAnswer): (row: unknown[], name: string) => unknown {
  const places = new Map(answer.columns.map((column, index) => [column.name, index]));
  return (row, name) => {
    const place = places.get(name);
    return place === undefined ? null : row[place];
  };
}

export function readLogRows(answer: SqlAnswer): LogRow[] {
  const cell = cellReader(answer);
  return answer.rows.map((row) => ({
    timeNs: nanosecondsOf(text(cell(row, "time"))),
    receivedNs: nanosecondsOf(text(cell(row, "received_time"))),
    severityNumber: Number(cell(row, "severity_number") ?? 0),
    severityText: text(cell(row, "severity_text")),
    service: text(cell(row, "service_name")),
    eventName: text(cell(row, "event_name")),
    body: text(cell(row, "body")),
    traceId: text(cell(row, "trace_id")),
    spanId: text(cell(row, "span_id")),
  }));
}

/** Alike for records that nothing tells apart in the list. */
export function rowIdentity(row: LogRow): string {
  return [row.timeNs, row.receivedNs, row.service, row.traceId, row.spanId, row.severityNumber, row.body].join("\u0000");
}

/** As much of a body as the list has: characters as SQL counts them, not halves of them. */
function listedBody(body: string): string {
  if (body.length <= LISTED_BODY_CHARACTERS) return body;
  return [...body.slice(0, 2 * LISTED_BODY_CHARACTERS)].slice(0, LISTED_BODY_CHARACTERS).join("");
}

/** A short name for the address: the moment, and a number made of the rest. The same for the whole record and its row. */
export function rowKey(row: LogRow): string {
  return `${row.timeNs}.${hashName([row.service, row.traceId, row.spanId, row.severityNumber, listedBody(row.body)].join("\u0000")).toString(36)}`;
}

export function timeOfKey(key: string): string | null {
  return /^(\d{1,20})\.[0-9a-z]+$/.exec(key)?.[1] ?? null;
}

export function cursorAfter(rows: readonly LogRow[]): LogCursor | null {
  const last = rows.at(-1);
  if (!last) return null;
  let known = 0;
  for (let index = rows.length - 1; index >= 0 && rows[index].timeNs === last.timeNs; index--) known++;
  return { timeNs: last.timeNs, known };
}

/** The rows of an answer that are not known yet; where alike ones come more often than known, the surplus is new. */
export function newRows(known: readonly LogRow[], answered: readonly LogRow[]): LogRow[] {
  const left = new Map<string, number>();
  const ofAnswer = new Set(answered.map((row) => row.timeNs));
  for (const row of known) {
    if (!ofAnswer.has(row.timeNs)) continue;
    const identity = rowIdentity(row);
    left.set(identity, (left.get(identity) ?? 0) + 1);
  }
  return answered.filter((row) => {
    const identity = rowIdentity(row);
    const count = left.get(identity) ?? 0;
    if (count > 0) left.set(identity, count - 1);
    return count === 0;
  });
}

function isBefore(a: LogRow, b: LogRow): boolean {
  if (a.timeNs.length !== b.timeNs.length) return a.timeNs.length > b.timeNs.length;
  return a.timeNs > b.timeNs;
}

/** Both newest first; of the same moment, those known stay in front. */
export function mergeNewestFirst(known: readonly LogRow[], added: readonly LogRow[]): LogRow[] {
  const merged: LogRow[] = [];
  let next = 0;
  for (const row of known) {
    while (next < added.length && isBefore(added[next], row)) merged.push(added[next++]);
    merged.push(row);
  }
  return merged.concat(added.slice(next));
}

/** A page that is live for a day must not grow for a day. */
export const LIVE_ROWS_MAX = 5000;

/** What a poll brings, put in; the same object where nothing is new, so that nothing is drawn again. */
export function withTail(list: LogList, answered: readonly LogRow[]): LogList {
  const oldest = list.hasOlder ? list.rows.at(-1) : undefined;
  // Older than what is shown is not new here: "show older" finds it.
  const added = newRows(list.rows, answered).filter((row) => !oldest || isBefore(row, oldest) || row.timeNs === oldest.timeNs);
  if (added.length === 0) return list;
  const rows = mergeNewestFirst(list.rows, added);
  if (rows.length <= LIVE_ROWS_MAX) return { ...list, rows };
  return { ...list, rows: rows.slice(0, LIVE_ROWS_MAX), hasOlder: true };
}

export function withOlder(list: LogList, page: readonly LogRow[], limit: number): LogList {
  return { ...list, rows: [...list.rows, ...page], hasOlder: page.length >= limit };
}

/** Lines before (oldest first), the line itself and lines after, of two answers that both hold the line's moment. */
export function contextOf(row: LogRow, before: readonly LogRow[], after: readonly LogRow[], count: number): { before: LogRow[]; after: LogRow[] } {
  const key = rowKey(row);
  const isOther = (other: LogRow): boolean => other.timeNs !== row.timeNs;
  // Lines of the same moment stand in the order of ties on both sides of the line.
  const sameMoment = after.filter((other) => other.timeNs === row.timeNs);
  const place = sameMoment.findIndex((other) => rowKey(other) === key);
  const [tiesBefore, tiesAfter] = place === -1 ? [[], sameMoment] : [sameMoment.slice(0, place), sameMoment.slice(place + 1)];
  return {
    before: [...before.filter(isOther).reverse(), ...tiesBefore].slice(-count),
    after: [...tiesAfter, ...after.filter(isOther)].slice(0, count),
  };
}
