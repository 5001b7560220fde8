// Owns the statements behind the page of logs. Everything that people typed is quoted here and nowhere else.
// Never sends one. Times are nanoseconds since the epoch as text, because that is what prunes files.
import { sqlText } from "./attributes";
import { attributeTests, leastSeverity, textWords, type AttributeTest, type LogFilter, type Word } from "./logFilter";

export interface NanosecondWindow {
  startNs: string;
  endNs: string;
}

/**
 * How far a list has come. Its order is total: time, then receipt, then everything that is shown; rows alike in all of
 * it are interchangeable. So a moment and how many of its rows are known say exactly where to go on, also where ten
 * thousand rows share a nanosecond. A row that arrives late sorts behind those of its moment that are known.
 */
export interface LogCursor {
  timeNs: string;
  known: number;
}

/** A body may be megabytes; the list shows one line of it. */
export const LISTED_BODY_CHARACTERS = 600;
const LIST_COLUMNS = [
  "time", "received_time", "severity_number", "severity_text", "service_name", "event_name",
  `substr(body, 1, ${LISTED_BODY_CHARACTERS}) as body`, "trace_id", "span_id",
].join(", ");
const TIES = "received_time, service_name, trace_id, span_id, severity_number, body";
const OWN_SERVICE = "spanlake";

const at = (nanoseconds: string): string => `to_timestamp_nanos(${/^-?\d+$/.test(nanoseconds) ? nanoseconds : "0"})`;

function within(window: NanosecondWindow): string[] {
  return [`time >= ${at(window.startNs)}`, `time <= ${at(window.endNs)}`];
}

export function filterConditions(filter: LogFilter): string[] {
  const least = leastSeverity(filter.level);
  return [
    ...(filter.service === "" ? [] : [`service_name = ${sqlText(filter.service)}`]),
    ...(filter.service !== "" || filter.internal ? [] : [`(service_name is distinct from ${sqlText(OWN_SERVICE)})`]),
    ...(least === 0 ? [] : [`severity_number >= ${least}`]),
    ...textWords(filter.text).map(bodyCondition),
    ...attributeTests(filter.attributes).map(attributeCondition),
  ];
}

function bodyCondition({ text, isExcluded }: Word): string {
  const pattern = sqlText(`%${text.replace(/[\\%_]/g, "\\$&")}%`);
  return `${isExcluded ? "not " : ""}concat(coalesce(event_name, ''), ' ', coalesce(body, '')) ilike ${pattern}`;
}

/** Of the record or of its resource: who filters rarely knows, and rarely cares, which of the two has it. */
function attributeCondition({ key, value, isExcluded }: AttributeTest): string {
  const places = ["attributes", "resource_attributes"].map((map) => `${map}[${sqlText(key)}]`);
  const test = value === null ? (isExcluded ? "is null" : "is not null") : `${isExcluded ? "is distinct from" : "="} ${sqlText(value)}`;
  // In brackets each: `is distinct from` would otherwise take the `and` after it as its own.
  return `(${places.map((place) => `(${place} ${test})`).join(isExcluded ? " and " : " or ")})`;
}

function where(conditions: string[]): string {
  return `where ${conditions.join("\n  and ")}`;
}

/** A page of the list, newest first; after `cursor` where there is one. */
export function pageStatement(filter: LogFilter, window: NanosecondWindow, cursor: LogCursor | null, limit: number): string {
  const end = cursor === null ? window.endNs : cursor.timeNs;
  const conditions = [...within({ startNs: window.startNs, endNs: end }), ...filterConditions(filter)];
  const offset = cursor === null || cursor.known === 0 ? "" : `\noffset ${cursor.known}`;
  return `select ${LIST_COLUMNS}\nfrom logs\n${where(conditions)}\norder by time desc, ${TIES}\nlimit ${limit}${offset}`;
}

/** What has arrived since: asked by receipt, so that records which come late are seen as well. */
export function tailStatement(filter: LogFilter, startNs: string, receivedSinceNs: string, limit: number): string {
  const conditions = [`received_time >= ${at(receivedSinceNs)}`, `time >= ${at(startNs)}`, ...filterConditions(filter)];
  return `select ${LIST_COLUMNS}\nfrom logs\n${where(conditions)}\norder by time desc, ${TIES}\nlimit ${limit}`;
}

/** Counts by level in steps of whole milliseconds; level 0 is no severity, 1 trace to 6 fatal. */
export function histogramStatement(filter: LogFilter, window: NanosecondWindow, stepMs: number): string {
  return [
    `select date_bin(interval '${stepMs} milliseconds', time) as bucket,`,
    "  least((severity_number + 3) / 4, 6) as level,",
    "  count(*) as records",
    "from logs",
    where([...within(window), ...filterConditions(filter)]),
    "group by 1, 2",
    "order by 1, 2",
  ].join("\n");
}

/** How far context is looked for, so that a service that is mostly silent does not have everything read. */
export const CONTEXT_HOURS = 6;
const CONTEXT_NS = BigInt(CONTEXT_HOURS) * 3_600_000_000_000n;

/** The lines of one service from a moment on, including all of that moment, backwards or forwards. */
export function contextStatement(service: string, timeNs: string, direction: "before" | "after", limit: number): string {
  const time = BigInt(/^\d+$/.test(timeNs) ? timeNs : "0");
  const bounds = direction === "before" ? { startNs: String(time - CONTEXT_NS), endNs: String(time) } : { startNs: String(time), endNs: String(time + CONTEXT_NS) };
  const conditions = [...within(bounds), `service_name = ${sqlText(service)}`];
  return `select ${LIST_COLUMNS}\nfrom logs\n${where(conditions)}\norder by time ${direction === "before" ? "desc" : "asc"}, ${TIES}\nlimit ${limit}`;
}

/** Everything of the records of one moment; which of them is meant is decided by logRows. */
export function recordStatement(timeNs: string): string {
  const columns = "time, received_time, observed_time, severity_number, severity_text, service_name, event_name, body, trace_id, span_id, attributes, resource_attributes, scope_name";
  return `select ${columns}\nfrom logs\n${where([`time = ${at(timeNs)}`])}\norder by ${TIES}\nlimit 500`;
}

/** The list as a statement for the SQL page. */
export function listForSql(filter: LogFilter, window: NanosecondWindow): string {
  return `select time, severity_text, service_name, body, trace_id\nfrom logs\n${where([...within(window), ...filterConditions(filter)])}\norder by time desc\nlimit 1000`;
}
