// Owns reading a dashboard's document: what is wrong with it is said with its place, and a newer version is refused rather
// than half understood. Unknown fields are kept out. Never loads one.
import { texts } from "../texts";
import type { BoardAnnotation } from "./boardAnnotations";
import type { ColumnRule, ColumnSort } from "./boardColumns";
import type { ValueMapping } from "./boardMappings";
import { jsonMistake } from "./jsonPlace";
import { BOARD_VERSION, GRID_COLUMNS, PANEL_KINDS, REDUCTIONS, THRESHOLD_COLOURS, VARIABLE_KINDS, type Board, type BoardLink, type BoardVariable, type MapQuery, type Panel, type PanelQuery, type Threshold, type TraceQuery } from "./board";

export type ReadBoard = { board: Board; problem?: undefined } | { board?: undefined; problem: string };

class Wrong extends Error {}

const PANELS_MOST = 200;

export function readBoard(text: string): ReadBoard {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: texts.boards.problems.json(jsonPlace(text)) };
  }
  return readBoardValue(value);
}

export function readBoardValue(value: unknown): ReadBoard {
  try {
    return { board: boardOf(value) };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message };
    throw error;
  }
}

/** `line 3, column 5`. */
function jsonPlace(text: string): string {
  const before = text.slice(0, jsonMistake(text) ?? text.length).split("\n");
  return texts.sql.at(before.length, before[before.length - 1].length + 1);
}

type Fields = Record<string, unknown>;

function fail(place: string, wanted: string): never {
  throw new Wrong(texts.boards.problems.field(place, wanted));
}

function fieldsOf(value: unknown, place: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(place, texts.boards.problems.object);
  return value as Fields;
}

function textOf(fields: Fields, name: string, place: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") fail(`${place}${name}`, texts.boards.problems.text);
  return value;
}

function numberOf(fields: Fields, name: string, place: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) fail(`${place}${name}`, texts.boards.problems.number);
  return value;
}

function flagOf(fields: Fields, name: string, place: string): boolean | undefined {
  const value = fields[name];
  if (value !== undefined && value !== null && typeof value !== "boolean") fail(`${place}${name}`, "true / false");
  return value === true || undefined;
}

function oneOf<T extends string>(fields: Fields, name: string, all: readonly T[], place: string): T | undefined {
  const value = textOf(fields, name, place);
  if (value === undefined) return undefined;
  if (!(all as readonly string[]).includes(value)) fail(`${place}${name}`, all.join(", "));
  return value as T;
}

function listOf<T>(fields: Fields, name: string, place: string, read: (value: unknown, place: string) => T): T[] | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) fail(`${place}${name}`, texts.boards.problems.list);
  return value.map((one: unknown, index) => read(one, `${place}${name}[${index}]`));
}

/** Leaves out what is not there, so that what is written again is no longer than what was read. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function boardOf(value: unknown): Board {
  const fields = fieldsOf(value, texts.boards.problems.document);
  const version = numberOf(fields, "version", "");
  if (version === undefined) fail("version", String(BOARD_VERSION));
  if (version > BOARD_VERSION) throw new Wrong(texts.boards.problems.newer(version, BOARD_VERSION));
  if (version !== BOARD_VERSION) fail("version", String(BOARD_VERSION));
  const panels = listOf(fields, "panels", "", panelOf) ?? fail("panels", texts.boards.problems.list);
  if (panels.length > PANELS_MOST) fail("panels", `≤ ${PANELS_MOST}`);
  const twice = panels.findIndex((panel, index) => panels.some((other, place) => place < index && other.id === panel.id));
  if (twice !== -1) fail(`panels[${twice}].id`, texts.boards.problems.once);
  const translations = fields.translations === undefined ? undefined : (fieldsOf(fields.translations, "translations") as Record<string, Record<string, string>>);
  return present({
    version: BOARD_VERSION,
    title: textOf(fields, "title", "") ?? fail("title", texts.boards.problems.text),
    description: textOf(fields, "description", ""),
    range: textOf(fields, "range", ""),
    refresh: numberOf(fields, "refresh", ""),
    variables: listOf(fields, "variables", "", variableOf),
    links: listOf(fields, "links", "", linkOf),
    annotations: listOf(fields, "annotations", "", annotationOf),
    panels, translations,
  });
}

const whole = (fields: Fields, name: string, place: string, least: number, most: number): number => {
  const value = numberOf(fields, name, place);
  if (value === undefined || !Number.isInteger(value) || value < least || value > most) fail(`${place}${name}`, texts.boards.problems.whole(least, most));
  return value;
};

function panelOf(value: unknown, at: string): Panel {
  const fields = fieldsOf(value, at);
  const place = `${at}.`;
  const w = whole(fields, "w", place, 1, GRID_COLUMNS);
  return present({
    id: textOf(fields, "id", place) ?? fail(`${place}id`, texts.boards.problems.text),
    title: textOf(fields, "title", place) ?? "",
    kind: oneOf(fields, "kind", PANEL_KINDS, place) ?? fail(`${place}kind`, PANEL_KINDS.join(", ")),
    x: whole(fields, "x", place, 0, GRID_COLUMNS - w), y: whole(fields, "y", place, 0, 10_000), w, h: whole(fields, "h", place, 1, 100),
    description: textOf(fields, "description", place),
    queries: listOf(fields, "queries", place, queryOf),
    traces: fields.traces === undefined ? undefined : traceQueryOf(fields.traces, `${place}traces`),
    map: fields.map === undefined ? undefined : mapQueryOf(fields.map, `${place}map`),
    text: textOf(fields, "text", place),
    unit: textOf(fields, "unit", place),
    thresholds: listOf(fields, "thresholds", place, thresholdOf),
    drawing: oneOf(fields, "drawing", ["lines", "stacked", "bars"] as const, place),
    legend: oneOf(fields, "legend", ["table", "line", "none"] as const, place),
    reduce: oneOf(fields, "reduce", REDUCTIONS, place),
    min: numberOf(fields, "min", place), max: numberOf(fields, "max", place),
    links: listOf(fields, "links", place, linkOf),
    mappings: listOf(fields, "mappings", place, mappingOf),
    repeat: textOf(fields, "repeat", place),
    columns: listOf(fields, "columns", place, columnOf),
    sort: fields.sort === undefined ? undefined : sortOf(fields.sort, `${place}sort`),
  });
}

function queryOf(value: unknown, at: string): PanelQuery {
  const fields = fieldsOf(value, at);
  const place = `${at}.`;
  const [promql, sql, traceql] = ["promql", "sql", "traceql"].map((name) => textOf(fields, name, place));
  if ([promql, sql, traceql].filter((one) => one !== undefined).length !== 1) fail(at, texts.boards.problems.oneLanguage);
  const estimated = textOf(fields, "estimated", place);
  if (estimated !== undefined && sql === undefined) fail(`${place}estimated`, texts.boards.problems.estimatedWithoutSql);
  return present({ promql, sql, estimated, traceql, legend: textOf(fields, "legend", place), perSecond: flagOf(fields, "perSecond", place), zero: flagOf(fields, "zero", place) });
}

function annotationOf(value: unknown, at: string): BoardAnnotation {
  const fields = fieldsOf(value, at);
  const [promql, sql] = [textOf(fields, "promql", `${at}.`), textOf(fields, "sql", `${at}.`)];
  if ((promql === undefined) === (sql === undefined)) fail(at, texts.boards.problems.either);
  return present({ title: textOf(fields, "title", `${at}.`) ?? "", promql, sql });
}

function mappingOf(value: unknown, at: string): ValueMapping {
  const fields = fieldsOf(value, at);
  return present({ from: numberOf(fields, "from", `${at}.`), to: numberOf(fields, "to", `${at}.`), text: textOf(fields, "text", `${at}.`) ?? fail(`${at}.text`, texts.boards.problems.text) });
}

const named = (fields: Fields, at: string): string => textOf(fields, "name", `${at}.`) ?? fail(`${at}.name`, texts.boards.problems.text);

function columnOf(value: unknown, at: string): ColumnRule {
  const fields = fieldsOf(value, at);
  return present({ name: named(fields, at), title: textOf(fields, "title", `${at}.`), hidden: flagOf(fields, "hidden", `${at}.`), order: numberOf(fields, "order", `${at}.`), unit: textOf(fields, "unit", `${at}.`) });
}

function sortOf(value: unknown, at: string): ColumnSort {
  const fields = fieldsOf(value, at);
  return present({ name: named(fields, at), descending: flagOf(fields, "descending", `${at}.`) });
}

function traceQueryOf(value: unknown, at: string): TraceQuery {
  const fields = fieldsOf(value, at);
  const place = `${at}.`;
  const text = (name: string) => textOf(fields, name, place);
  return present({ service: text("service"), operation: text("operation"), status: text("status"), filter: text("filter"), min_duration: text("min_duration"), limit: numberOf(fields, "limit", place) });
}

function mapQueryOf(value: unknown, at: string): MapQuery {
  return present({ service: textOf(fieldsOf(value, at), "service", `${at}.`) });
}

function thresholdOf(value: unknown, at: string): Threshold {
  const fields = fieldsOf(value, at);
  return { value: numberOf(fields, "value", `${at}.`) ?? fail(`${at}.value`, texts.boards.problems.number), colour: oneOf(fields, "colour", THRESHOLD_COLOURS, `${at}.`) ?? fail(`${at}.colour`, THRESHOLD_COLOURS.join(", ")) };
}

/** Addresses that could run something are none. */
function linkOf(value: unknown, at: string): BoardLink {
  const fields = fieldsOf(value, at);
  const url = textOf(fields, "url", `${at}.`) ?? "";
  if (!isSafeAddress(url)) fail(`${at}.url`, "/…, https://…");
  return { title: textOf(fields, "title", `${at}.`) ?? url, url };
}

export function isSafeAddress(url: string): boolean {
  return /^(https?:\/\/|\/(?![\/\\]))/i.test(url) && !/\s/.test(url);
}

function variableOf(value: unknown, at: string): BoardVariable {
  const fields = fieldsOf(value, at);
  const place = `${at}.`;
  const name = textOf(fields, "name", place) ?? "";
  if (!/^[A-Za-z]\w*$/.test(name)) fail(`${place}name`, "[A-Za-z][A-Za-z0-9_]*");
  const plain = (one: unknown, where: string): string => (typeof one === "string" ? one : fail(where, texts.boards.problems.text));
  return present({
    name,
    title: textOf(fields, "title", place),
    kind: oneOf(fields, "kind", VARIABLE_KINDS, place) ?? fail(`${place}kind`, VARIABLE_KINDS.join(", ")),
    label: textOf(fields, "label", place), metric: textOf(fields, "metric", place), query: textOf(fields, "query", place),
    values: listOf(fields, "values", place, plain),
    multi: flagOf(fields, "multi", place), all: flagOf(fields, "all", place),
    default: listOf(fields, "default", place, plain),
  });
}

/** As it is stored and downloaded. */
export function writeBoard(board: Board): string {
  return `${JSON.stringify(board, null, 2)}\n`;
}

/** Titles and texts in another language, where the board brings them. */
export function translateBoard(board: Board, language: string): Board {
  const words = board.translations?.[language];
  if (!words) return board;
  const say = (text: string): string => words[text] ?? text;
  const maybe = (text: string | undefined): string | undefined => (text === undefined ? undefined : say(text));
  return {
    ...board,
    title: say(board.title),
    description: maybe(board.description),
    variables: board.variables?.map((variable) => present({ ...variable, title: maybe(variable.title) })),
    links: board.links?.map((link) => ({ ...link, title: say(link.title) })),
    panels: board.panels.map((panel) => present({ ...panel, title: say(panel.title), description: maybe(panel.description), text: maybe(panel.text), queries: panel.queries?.map((query) => present({ ...query, legend: maybe(query.legend) })) })),
  };
}
