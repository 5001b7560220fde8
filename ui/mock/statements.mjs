// Owns answers to the statements that the pages of logs and services send: their few forms, one condition a line.
// It is no SQL engine: what it does not know it refuses, so that a test sees when a page asks in a new way.
import { SPAN_JOIN, joinedCalls } from "./joins.mjs";

const nanoseconds = (text) => BigInt(text);
const unquote = (text) => text.replaceAll("''", "'");
const TEXT = "'((?:[^']|'')*)'";

/** Each form of a condition, and the test it makes of a row. */
const CONDITIONS = [
  [new RegExp(`^(time|start_time|received_time) (>=|<=|<|=) to_timestamp_nanos\\((-?\\d+)\\)$`), (name, sign, bound) => (row) => compare(BigInt(row[name]), sign, nanoseconds(bound))],
  [new RegExp(`^service_name = ${TEXT}$`), (name) => (row) => row.service_name === unquote(name)],
  [new RegExp(`^name = ${TEXT}$`), (name) => (row) => row.name === unquote(name)],
  [new RegExp(`^\\(service_name is distinct from ${TEXT}\\)$`), (name) => (row) => row.service_name !== unquote(name)],
  [/^severity_number >= (\d+)$/, (least) => (row) => row.severity_number >= Number(least)],
  [new RegExp(`^(not )?concat\\(coalesce\\(event_name, ''\\), ' ', coalesce\\(body, ''\\)\\) ilike '%(.*)%'$`), (not, pattern) => {
    const wanted = unquote(pattern).replace(/\\([\\%_])/g, "$1").toLowerCase();
    return (row) => `${row.event_name} ${row.body}`.toLowerCase().includes(wanted) === !not;
  }],
  [new RegExp(`^\\(\\(attributes\\[${TEXT}\\] (=|is distinct from) ${TEXT}\\) (?:and|or) .*\\)$`), (key, sign, value) => (row) => [row.attributes, row.resource_attributes].some((map) => String(map?.[unquote(key)]) === unquote(value)) === (sign === "=")],
  [new RegExp(`^\\(\\(attributes\\[${TEXT}\\] is (not )?null\\) (?:and|or) .*\\)$`), (key, not) => (row) => [row.attributes, row.resource_attributes].some((map) => map?.[unquote(key)] !== undefined) === Boolean(not)],
  [/^\(kind in \('server', 'consumer'\) or parent_span_id is null\)$/, () => (row) => row.kind === "server" || row.kind === "consumer" || row.parent_span_id === null],
];

function compare(a, sign, b) {
  return sign === ">=" ? a >= b : sign === "<=" ? a <= b : sign === "<" ? a < b : a === b;
}

const quantile = (q) => (rows) => {
  const sorted = rows.map((row) => Number(row.duration)).sort((a, b) => a - b);
  return sorted.length === 0 ? null : Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]);
};
const extreme = (name, later) => (rows) => iso(rows.reduce((best, row) => ((BigInt(row[name]) > best) === later ? BigInt(row[name]) : best), BigInt(rows[0][name])));

const ENTRIES = String.raw`\(kind in \('server', 'consumer'\) or parent_span_id is null\)`;
const entriesOf = (rows) => rows.filter((row) => row.kind === "server" || row.kind === "consumer" || row.parent_span_id === null);

const AGGREGATES = [
  [new RegExp(`^count\\(\\*\\) filter \\(where ${ENTRIES}( and status_code = 'error')?\\)$`), (failed) => (rows) => entriesOf(rows).filter((row) => !failed || row.status.code === "error").length],
  [new RegExp(`^cast\\(approx_percentile_cont\\(duration, ([\\d.]+)\\) filter \\(where ${ENTRIES}\\) as bigint\\)$`), (q) => (rows) => quantile(Number(q))(entriesOf(rows))],
  [/^count\(\*\) filter \(where duration <= (\d+)\)$/, (most) => (rows) => rows.filter((row) => Number(row.duration) <= Number(most)).length],
  [/^count\(\*\)$/, () => (rows) => rows.length],
  [/^count\(\*\) filter \(where status_code = 'error'\)$/, () => (rows) => rows.filter((row) => row.status.code === "error").length],
  [/^cast\(approx_percentile_cont\(duration, ([\d.]+)\) as bigint\)$/, (q) => quantile(Number(q))],
  [/^cast\(sum\(duration\) as bigint\)$/, () => (rows) => rows.reduce((sum, row) => sum + Number(row.duration), 0)],
  [/^(min|max)\((time|start_time)\)$/, (which, name) => extreme(name, which === "max")],
];
const SCALARS = [
  [/^date_bin\(interval '(\d+) milliseconds', (time|start_time)\)$/, (step, name) => (row) => iso((BigInt(row[name]) / BigInt(step * 1e6)) * BigInt(step * 1e6))],
  [/^cast\(floor\(log10\(greatest\(duration, 1\)\) \* (\d+)\) as bigint\)$/, (classes) => (row) => Math.floor(Math.log10(Math.max(Number(row.duration), 1)) * Number(classes))],
  [/^least\(\(severity_number \+ 3\) \/ 4, 6\)$/, () => (row) => Math.min(Math.floor((row.severity_number + 3) / 4), 6)],
  [/^substr\(body, 1, (\d+)\)$/, (count) => (row) => [...row.body].slice(0, count).join("")],
  [/^service_version$/, () => (row) => row.resource_attributes["service.version"] ?? null],
  [/^(time|start_time|received_time|observed_time)$/, (name) => (row) => iso(row[name])],
  [/^(service_name|name|kind|severity_number|severity_text|event_name|body|trace_id|span_id|attributes|resource_attributes|scope_name)$/, (name) => (row) => row[name]],
];

const iso = (ns) => `${new Date(Number(BigInt(ns) / 1_000_000n)).toISOString().slice(0, 19)}.${String(BigInt(ns) % 1_000_000_000n).padStart(9, "0")}Z`;

function first(forms, text) {
  for (const [form, make] of forms) {
    const match = form.exec(text);
    if (match) return make(...match.slice(1));
  }
  return null;
}

class Unknown extends Error {}

function known(forms, text) {
  const made = first(forms, text);
  if (!made) throw new Unknown(`the mock does not know: ${text}`);
  return made;
}

/** Commas outside brackets. */
function splitList(text) {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    if (letter === "(") depth++;
    if (letter === ")") depth--;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

function columnsOf(list) {
  return splitList(list).map((item) => {
    const match = /^(.*?)(?: as (\w+))?$/s.exec(item);
    const expression = match[1].replace(/\s+/g, " ");
    const aggregate = first(AGGREGATES, expression);
    return { name: match[2] ?? expression, aggregate, scalar: aggregate ? null : known(SCALARS, expression) };
  });
}

/** Null for statements of other forms. `logs` and `spans` are rows; times are texts of nanoseconds. */
export function runPageStatement(query, tables) {
  const join = SPAN_JOIN.exec(query);
  if (join) return joinedCalls(join, tables.spans());
  const match = /^select (.*?)\nfrom (logs|spans)\nwhere (.*?)(?:\ngroup by [\d, ]+)?(?:\norder by (.*?))?(?:\nlimit (\d+))?(?:\noffset (\d+))?$/s.exec(query.trim());
  if (!match || !query.includes("to_timestamp_nanos(")) return null;
  const [, list, table, where, order, limit, offset] = match;
  try {
    const columns = columnsOf(list);
    const tests = where.split("\n  and ").map((condition) => known(CONDITIONS, condition));
    const rows = tables[table]().filter((row) => tests.every((test) => test(row)));
    const values = columns.some((column) => column.aggregate) ? grouped(columns, rows) : listed(columns, rows, order ?? "");
    const sorted = columns.some((column) => column.aggregate) ? ordered(values, columns, order ?? "") : values;
    return { columns: columns.map((column) => column.name), rows: sorted.slice(Number(offset ?? 0), Number(offset ?? 0) + Number(limit ?? 100_000)) };
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return { refused: error.message };
  }
}

function listed(columns, rows, order) {
  const sign = /^time desc/.test(order) ? -1 : 1;
  const time = (row) => BigInt(row.time ?? row.start_time);
  const ties = (row) => [row.received_time, row.service_name, row.trace_id, row.span_id, row.body].join("\u0000");
  return [...rows]
    .sort((a, b) => (time(a) === time(b) ? (ties(a) < ties(b) ? -1 : 1) : time(a) < time(b) ? -sign : sign))
    .map((row) => columns.map((column) => column.scalar(row)));
}

function grouped(columns, rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify(columns.filter((column) => column.scalar).map((column) => column.scalar(row)));
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((group) => columns.map((column) => (column.scalar ? column.scalar(group[0]) : column.aggregate(group))));
}

/** By one column, given by name or number; the rest stay as they come. */
function ordered(rows, columns, order) {
  const [, by, direction] = /^(\w+)( desc)?/.exec(order) ?? [];
  const place = /^\d+$/.test(by ?? "") ? Number(by) - 1 : columns.findIndex((column) => column.name === by);
  if (place < 0 || by === undefined) return rows;
  const sign = direction ? -1 : 1;
  return rows.sort((a, b) => (a[place] < b[place] ? -sign : a[place] > b[place] ? sign : 0));
}
