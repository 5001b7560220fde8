// Owns the queries that people put together by clicking: what they consist of, the PromQL of it, and reading that PromQL
// back, so that the text alone is the state. Never understands PromQL beyond the forms it writes itself.
import { promName, kindOf, type MetricKind } from "./promNames";
import type { MetricInfo } from "../api/types";

export type Shape = "value" | "rate" | "increase" | "quantiles" | "mean" | "count" | "buckets";
export type Aggregation = "none" | "sum" | "avg" | "max" | "min" | "count";
export type MatchSign = "=" | "!=" | "=~" | "!~";

export interface Matcher {
  label: string;
  sign: MatchSign;
  value: string;
}

export interface BuiltQuery {
  /** The translated name. */
  metric: string;
  shape: Shape;
  matchers: Matcher[];
  aggregation: Aggregation;
  by: string[];
  quantiles: number[];
  /** Of rates; a duration or a variable. */
  window: string;
}

export const RATE_WINDOW = "$__rate_interval";
export const USUAL_QUANTILES = [0.5, 0.95, 0.99];
/** More lines than this are a thicket: a gauge with more series is averaged at first. */
const SERIES_SHOWN_SINGLY = 20;

export const SHAPES_OF: Record<MetricKind, readonly Shape[]> = {
  counter: ["rate", "increase", "value"],
  updown: ["value"],
  gauge: ["value"],
  summary: ["value"],
  histogram: ["quantiles", "mean", "count", "buckets"],
};

export function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

export function selectorOf(metric: string, matchers: readonly Matcher[]): string {
  const isPlain = /^[A-Za-z_:][A-Za-z0-9_:]*$/.test(metric);
  const parts = matchers.map(({ label, sign, value }) => `${/^[A-Za-z_]\w*$/.test(label) ? label : quoted(label)}${sign}${quoted(value)}`);
  if (isPlain) return parts.length === 0 ? metric : `${metric}{${parts.join(", ")}}`;
  return `{${[quoted(metric), ...parts].join(", ")}}`;
}

function aggregated(aggregation: Aggregation, by: readonly string[], inner: string): string {
  if (aggregation === "none") return inner;
  const grouping = by.length === 0 ? "" : ` by (${by.join(", ")}) `;
  return `${aggregation}${grouping}(${inner})`;
}

export function writeQuery(query: BuiltQuery): string {
  const { shape, aggregation, by } = query;
  const selector = selectorOf(query.metric, query.matchers);
  if (shape === "value") return aggregated(aggregation, by, selector);
  if (shape === "rate" || shape === "increase") return aggregated(aggregation, by, `${shape}(${selector}[${query.window}])`);
  const whole = aggregated(aggregation, by, `rate(${selector}[${query.window}])`);
  if (shape === "buckets") return whole;
  if (shape === "mean") return `histogram_avg(${whole})`;
  if (shape === "count") return `histogram_count(${whole})`;
  if (query.quantiles.length === 1) return `histogram_quantile(${query.quantiles[0]}, ${whole})`;
  return `histogram_quantiles(${whole}, "quantile", ${query.quantiles.join(", ")})`;
}

/** What a metric shows before anybody has chosen anything. */
export function defaultQuery(metric: Pick<MetricInfo, "name" | "type" | "unit" | "is_monotonic" | "series">): BuiltQuery {
  const kind = kindOf(metric);
  const isMany = metric.series > SERIES_SHOWN_SINGLY;
  const aggregation: Aggregation = kind === "counter" || kind === "histogram" ? "sum" : !isMany || kind === "summary" ? "none" : kind === "updown" ? "sum" : "avg";
  return { metric: promName(metric), shape: SHAPES_OF[kind][0], matchers: [], aggregation, by: [], quantiles: USUAL_QUANTILES, window: RATE_WINDOW };
}

const NAME = "[A-Za-z_:][A-Za-z0-9_:]*";
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;

/** The query that a text says, where it has one of the forms that `writeQuery` gives; otherwise null. */
export function readQuery(text: string, kind: MetricKind | null = null): BuiltQuery | null {
  const trimmed = text.trim().replace(/\s+/g, " ");
  const several = new RegExp(`^histogram_quantiles\\((.*), ?${STRING}((?:, ?[\\d.]+)+)\\)$`).exec(trimmed);
  const one = /^histogram_quantile\(([\d.]+), ?(.*)\)$/.exec(trimmed);
  const other = /^histogram_(avg|count)\((.*)\)$/.exec(trimmed);
  if (several) return readWhole(several[1], "quantiles", several[2].split(",").slice(1).map(Number));
  if (one) return readWhole(one[2], "quantiles", [Number(one[1])]);
  if (other) return readWhole(other[2], other[1] === "avg" ? "mean" : "count");
  return readWhole(trimmed, kind === "histogram" ? "buckets" : null);
}

function readWhole(text: string, shape: Shape | null, quantiles = USUAL_QUANTILES): BuiltQuery | null {
  const behind = /^(sum|avg|max|min|count) ?\((.*)\) ?by ?\(([^()]*)\)$/.exec(text);
  const before = behind ? null : /^(sum|avg|max|min|count)(?: ?by ?\(([^()]*)\) ?)? ?\((.*)\)$/.exec(text);
  const group = behind ?? before;
  const inner = behind?.[2] ?? before?.[3] ?? text;
  const by = (behind?.[3] ?? before?.[2] ?? "").split(",").map((label) => label.trim()).filter((label) => label !== "");
  const ranged = /^(rate|increase)\((.*)\[([$\w]+)\]\)$/.exec(inner);
  const selector = readSelector(ranged ? ranged[2] : inner);
  if (!selector || (shape !== null && ranged?.[1] !== "rate")) return null;
  return {
    ...selector,
    shape: shape ?? (ranged ? (ranged[1] as Shape) : "value"),
    aggregation: group ? (group[1] as Aggregation) : "none",
    by, quantiles,
    window: ranged?.[3] ?? RATE_WINDOW,
  };
}

export function readSelector(text: string): { metric: string; matchers: Matcher[] } | null {
  const match = new RegExp(`^(${NAME})?(?:\\{(.*)\\})?$`).exec(text.trim());
  if (!match || (match[1] === undefined && match[2] === undefined)) return null;
  const matchers: Matcher[] = [];
  let metric = match[1] ?? null;
  let rest = (match[2] ?? "").trim();
  const part = new RegExp(`^(?:(${NAME}|${STRING}) ?(=~|!~|!=|=) ?)?(${STRING})(?: ?, ?|$)`);
  while (rest !== "") {
    const found = part.exec(rest);
    if (!found) return null;
    if (found[1] === undefined) {
      if (metric !== null) return null;
      metric = unquoted(found[3]);
    } else matchers.push({ label: found[1].startsWith('"') ? unquoted(found[1]) : found[1], sign: found[2] as MatchSign, value: unquoted(found[3]) });
    rest = rest.slice(found[0].length);
  }
  return metric === null ? null : { metric, matchers };
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

/** The unit of what a query gives, from that of its metric. */
export function unitOfQuery(query: BuiltQuery, metric: Pick<MetricInfo, "name" | "unit" | "type">): string {
  const { unit } = metric;
  if (query.aggregation === "count") return "1";
  if (query.shape === "count" || query.shape === "buckets") return "1/s";
  if (query.shape === "rate") return `${unit === "" ? "1" : unit}/s`;
  if (unit === "1" && /(utili[sz]ation|ratio|usage_share)$/.test(metric.name) && metric.type === "gauge") return "ratio";
  return unit;
}

/** Values that a filter lets through by name: those of `=`, or of a `=~` that is a plain list. */
export function chosenValues(matchers: readonly Matcher[], label: string, isNot = false): string[] {
  return matchers.filter((one) => one.label === label).flatMap(({ sign, value }) => {
    if (sign === (isNot ? "!=" : "=")) return [value];
    return sign === (isNot ? "!~" : "=~") ? (plainAlternatives(value) ?? []) : [];
  });
}

const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** `a\.b|c` as a list of values; null where it is a real regular expression. */
export function plainAlternatives(regex: string): string[] | null {
  const parts = regex.split("|");
  const plain = parts.map((part) => part.replace(/\\(.)/g, "$1"));
  return plain.every((part, place) => escapeRegex(part) === parts[place]) ? plain : null;
}

/** Lets a value through, or out, as well as those chosen before; a second time takes it away again. */
export function toggleValue(matchers: readonly Matcher[], label: string, value: string, isNot = false): Matcher[] {
  const chosen = chosenValues(matchers, label, isNot);
  const next = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  const others = matchers.filter((one) => one.label !== label);
  return [...others, ...matcherOf(label, next, isNot)];
}

function matcherOf(label: string, values: readonly string[], isNot: boolean): Matcher[] {
  if (values.length === 0) return [];
  if (values.length === 1) return [{ label, sign: isNot ? "!=" : "=", value: values[0] }];
  return [{ label, sign: isNot ? "!~" : "=~", value: values.map(escapeRegex).join("|") }];
}
