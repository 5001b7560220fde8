// Owns evaluating the part of PromQL that the page and its boards send: selectors, the common functions and aggregations,
// arithmetic, comparisons and `or`. Vectors are lists of { labels, value } or { labels, histogram }. Not for production.
import { addHistograms, allMetrics, histogramAt, quantileOf } from "./promSeries.mjs";

export class PromError extends Error {}

const TOKEN = /\s*(?:(#[^\n]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|([a-zA-Z_][a-zA-Z0-9_:]*)|(==|!=|=~|!~|>=|<=|[-+*/%^(){}[\],=<>:]))/gy;
const KINDS = ["comment", "text", "duration", "number", "name", "sign"];
const AGGREGATIONS = new Set(["sum", "avg", "max", "min", "count", "topk", "bottomk", "stddev", "quantile", "group"]);
const POWER = { or: 1, and: 2, unless: 2, "==": 3, "!=": 3, ">": 3, "<": 3, ">=": 3, "<=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6 };
const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 };
const unquote = (text) => text.slice(1, -1).replace(/\\(.)/g, "$1");
const secondsOf = (text) => [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit]) => sum + count * SECONDS[unit], 0);

function failAt(text, offset, message) {
  const before = text.slice(0, offset).split("\n");
  throw new PromError(`invalid parameter "query": ${before.length}:${before.at(-1).length + 1}: parse error: ${message}`);
}

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      if (text.slice(from).trim() === "") break;
      failAt(text, from, `unexpected character: '${text.slice(from).trim()[0]}'`);
    }
    const kind = KINDS[match.slice(1).findIndex((part) => part !== undefined)];
    if (kind !== "comment") tokens.push({ kind, value: match[0].trim(), at: from + match[0].length - match[0].trimStart().length });
  }
  return tokens;
}

function parse(text) {
  const tokens = tokensOf(text);
  let place = 0;
  const peek = () => tokens[place] ?? { kind: "end", value: "", at: text.length };
  const is = (value) => peek().value === value && peek().kind !== "text";
  const unexpected = (where) => failAt(text, peek().at, peek().kind === "end" ? "unexpected end of input" : `unexpected "${peek().value}"${where ? ` in ${where}` : ""}`);
  const take = (value, where) => (is(value) ? tokens[place++] : unexpected(where));
  const names = () => {
    const list = [];
    take("(", "grouping opts");
    while (!is(")")) {
      if (peek().kind !== "name") unexpected("grouping opts");
      list.push(tokens[place++].value);
      if (!is(")")) take(",", "grouping opts");
    }
    place++;
    return list;
  };
  const grouping = () => (is("by") || is("without") ? { kind: tokens[place++].value, labels: names() } : null);
  const args = () => {
    const list = [];
    take("(", "function call");
    while (!is(")")) {
      list.push(binary(0));
      if (!is(")")) take(",", "function call");
    }
    place++;
    return list;
  };
  const selector = (name) => {
    const matchers = [];
    if (is("{")) {
      place++;
      while (!is("}")) {
        if (peek().kind === "text" && !["=", "!=", "=~", "!~"].includes(tokens[place + 1]?.value)) name = unquote(tokens[place++].value);
        else {
          if (peek().kind !== "name" && peek().kind !== "text") unexpected("label matching");
          const label = tokens[place++].value.replace(/^"|"$/g, "");
          const sign = ["=", "!=", "=~", "!~"].includes(peek().value) ? tokens[place++].value : unexpected("label matching");
          if (peek().kind !== "text") unexpected("label matching");
          matchers.push([label, sign, unquote(tokens[place++].value)]);
        }
        if (!is("}")) take(",", "label matching");
      }
      place++;
    }
    return suffixed({ node: "selector", name, matchers, offset: 0, range: null });
  };
  const suffixed = (node) => {
    if (is("[")) {
      place++;
      node.range = secondsOf(tokens[place++].value);
      if (is(":")) place += peek() && tokens[place + 1]?.kind === "duration" ? 2 : 1;
      take("]", "range selector");
    }
    if (is("offset")) {
      place++;
      const sign = is("-") ? (place++, -1) : 1;
      node.offset = sign * secondsOf(tokens[place++].value);
    }
    return node;
  };
  const primary = () => {
    const token = peek();
    if (is("-") || is("+")) {
      place++;
      return { node: "negate", sign: token.value, inner: primary() };
    }
    if (is("(")) {
      place++;
      const inner = binary(0);
      take(")", "parenthesis expression");
      return suffixed({ node: "group", inner, offset: 0, range: null });
    }
    if (is("{")) return selector(null);
    place++;
    if (token.kind === "number" || token.kind === "duration") return { node: "number", value: token.kind === "number" ? Number(token.value) : secondsOf(token.value) };
    if (token.kind === "text") return { node: "text", value: unquote(token.value) };
    if (token.kind !== "name") {
      place--;
      return unexpected("");
    }
    if (AGGREGATIONS.has(token.value) && (is("(") || is("by") || is("without"))) {
      const before = grouping();
      const given = args();
      return { node: "aggregate", name: token.value, args: given, by: before ?? grouping() };
    }
    if (is("(")) {
      if (!FUNCTIONS[token.value] && token.value !== "label_replace") failAt(text, token.at, `unknown function with name "${token.value}"`);
      return { node: "call", name: token.value, args: args() };
    }
    if (/^(NaN|Inf)$/i.test(token.value)) return { node: "number", value: token.value === "NaN" ? NaN : Infinity };
    return selector(token.value);
  };
  const binary = (least) => {
    let left = primary();
    while (POWER[peek().value] > least && peek().kind !== "text") {
      const sign = tokens[place++].value;
      if (is("bool")) place++;
      const on = is("on") || is("ignoring") ? { kind: tokens[place++].value, labels: names() } : null;
      if (is("group_left") || is("group_right")) {
        place++;
        if (is("(")) names();
      }
      left = { node: "binary", sign, left, right: binary(POWER[sign]), on };
    }
    return left;
  };
  const tree = binary(0);
  if (place < tokens.length) unexpected("");
  return tree;
}

const MATCH = { "=": (have, want) => have === want, "!=": (have, want) => have !== want, "=~": (have, want) => new RegExp(`^(?:${want})$`).test(have), "!~": (have, want) => !new RegExp(`^(?:${want})$`).test(have) };

/** The series that a selector means, with what their name stands for: a bucket, a sum, a count, or the whole. */
export function select(name, matchers, metrics = allMetrics()) {
  const byName = matchers.find(([label]) => label === "__name__");
  const rest = matchers.filter(([label]) => label !== "__name__");
  const isMeant = (candidate) => (name === null ? byName !== undefined && MATCH[byName[1]](candidate, byName[2]) : candidate === name);
  const found = [];
  for (const metric of metrics) for (const part of metric.type === "histogram" ? ["", "_bucket", "_sum", "_count"] : [""]) {
    if (!isMeant(metric.name + part)) continue;
    for (const series of metric.series) {
      const every = part === "_bucket" ? histogramAt(series, 0).buckets.map(([, high]) => ({ le: high === Infinity ? "+Inf" : String(high) })) : [{}];
      for (const more of every) {
        const labels = { __name__: metric.name + part, ...series.labels, ...more };
        if (rest.every(([label, sign, value]) => MATCH[sign]({ ...series.hidden, ...labels }[label] ?? "", value))) found.push({ metric, part, series, labels });
      }
    }
  }
  return found;
}

/** What a counter or histogram gained in a second, times `factor`; a gauge's value. */
function sampleOf({ metric, part, series, labels }, ms, factor) {
  if (metric.type !== "histogram") return { value: metric.type === "counter" && factor === null ? series.level(ms) * (ms / 1000 - 1.79e9) : series.level(ms) * (factor !== null && metric.type === "counter" ? factor : 1) };
  const histogram = histogramAt(series, ms, factor ?? 86400);
  if (part === "_sum") return { value: histogram.sum };
  if (part === "_count") return { value: histogram.count };
  if (part === "_bucket") return { value: histogram.buckets.reduce((sum, [, high, count]) => sum + (String(high) === labels.le || labels.le === "+Inf" || high <= Number(labels.le) ? count : 0), 0) };
  return { histogram };
}

const without = (labels, dropped) => Object.fromEntries(Object.entries(labels).filter(([label]) => !dropped.includes(label)));
const keyOf = (labels) => JSON.stringify(Object.entries(labels).filter(([label]) => label !== "__name__").sort());
const nameless = (item) => ({ ...item, labels: without(item.labels, ["__name__"]) });

function overRange(make) {
  return (node, ms) => {
    const inner = node.args.find((arg) => arg.node === "selector" || arg.node === "group");
    if (inner?.node !== "selector") return make.vector ? make.vector(evaluate(inner.inner, ms)) : evaluate(inner, ms);
    const at = ms - inner.offset * 1000;
    return select(inner.name, inner.matchers).map((one) => ({ labels: without(one.labels, ["__name__"]), ...make.sample(one, at, inner.range) }));
  };
}
const rate = (factorOf) => overRange({ sample: (one, at, range) => sampleOf(one, at, factorOf(range)) });
const over = (pick) => overRange({ sample: (one, at, range) => ({ value: pick(Array.from({ length: 8 }, (_, step) => sampleOf(one, at - (step * range * 1000) / 8, null).value)) }) });
const each = (change) => (node, ms) => evaluate(node.args[0], ms).map((item) => ({ ...nameless(item), value: change(item.value, ...node.args.slice(1).map((arg) => arg.value)) }));
const ofHistogram = (pick) => (node, ms) => evaluate(node.args[0], ms).filter((item) => item.histogram).map((item) => ({ labels: without(item.labels, ["__name__"]), value: pick(item.histogram) }));

function quantiles(node, ms, qs, label) {
  const wholes = new Map();
  for (const item of node) {
    const labels = without(item.labels, ["le", "__name__"]);
    const known = wholes.get(keyOf(labels)) ?? { labels, steps: [] };
    if (item.histogram) known.histogram = item.histogram;
    else known.steps.push([item.labels.le === "+Inf" ? Infinity : Number(item.labels.le), item.value]);
    wholes.set(keyOf(labels), known);
  }
  return qs.flatMap((q) => [...wholes.values()].map(({ labels, steps, histogram }) => {
    const sorted = steps.sort((a, b) => a[0] - b[0]);
    const whole = histogram ?? { count: sorted.at(-1)?.[1] ?? 0, buckets: sorted.map(([high, count], place) => [place === 0 ? 0 : sorted[place - 1][0], high, count - (place === 0 ? 0 : sorted[place - 1][1])]) };
    return { labels: label ? { ...labels, [label]: String(q) } : labels, value: quantileOf(whole, q) };
  }));
}

const FUNCTIONS = {
  rate: rate(() => 1), irate: rate(() => 1), increase: rate((range) => range), delta: over((values) => values[0] - values.at(-1)), deriv: over((values) => (values[0] - values.at(-1)) / 60),
  avg_over_time: over((values) => values.reduce((sum, value) => sum + value, 0) / values.length), max_over_time: over((values) => Math.max(...values)), min_over_time: over((values) => Math.min(...values)), last_over_time: over((values) => values[0]), count_over_time: over((values) => values.length),
  histogram_quantile: (node, ms) => quantiles(evaluate(node.args[1], ms), ms, [node.args[0].value], null),
  histogram_quantiles: (node, ms) => quantiles(evaluate(node.args[0], ms), ms, node.args.slice(2).map((arg) => arg.value), node.args[1].value),
  histogram_count: ofHistogram((one) => one.count), histogram_sum: ofHistogram((one) => one.sum), histogram_avg: ofHistogram((one) => one.sum / one.count),
  abs: each(Math.abs), ceil: each(Math.ceil), floor: each(Math.floor), sqrt: each(Math.sqrt), round: each(Math.round), clamp_min: each(Math.max), clamp_max: each(Math.min),
  sort: (node, ms) => evaluate(node.args[0], ms).sort((a, b) => a.value - b.value), sort_desc: (node, ms) => evaluate(node.args[0], ms).sort((a, b) => b.value - a.value),
  vector: (node, ms) => evaluate(node.args[0], ms), scalar: (node, ms) => [{ labels: {}, value: evaluate(node.args[0], ms)[0]?.value ?? NaN }], time: (_, ms) => [{ labels: {}, value: ms / 1000 }],
  absent: (node, ms) => (evaluate(node.args[0], ms).length === 0 ? [{ labels: {}, value: 1 }] : []),
};

const REDUCE = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0), avg: (values) => values.reduce((sum, value) => sum + value, 0) / values.length, max: (values) => Math.max(...values), min: (values) => Math.min(...values),
  count: (values) => values.length, group: () => 1, stddev: (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length), quantile: (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)],
};

function aggregate(node, ms) {
  const items = evaluate(node.args.at(-1), ms);
  if (node.name === "topk" || node.name === "bottomk") return [...items].sort((a, b) => (node.name === "topk" ? b.value - a.value : a.value - b.value)).slice(0, node.args[0].value);
  const groups = new Map();
  for (const item of items) {
    const isMysql = item.labels.job === "mysql";
    const whole = { service_name: item.labels.job?.split("/").at(-1), ...(isMysql ? { mysql_instance_endpoint: `${item.labels.instance}:${item.labels.instance === "legacy-maria" ? 3307 : 3306}` } : { service_version: "2.4.1" }), ...item.labels };
    const labels = node.by === null ? {} : node.by.kind === "by" ? Object.fromEntries(node.by.labels.filter((label) => whole[label] !== undefined).map((label) => [label, whole[label]])) : without(item.labels, [...node.by.labels, "__name__"]);
    const group = groups.get(keyOf(labels)) ?? { labels, items: [] };
    group.items.push(item);
    groups.set(keyOf(labels), group);
  }
  return [...groups.values()].map(({ labels, items: members }) => (members[0].histogram && node.name !== "count" ? { labels, histogram: members.map((one) => one.histogram).reduce(addHistograms) } : { labels, value: REDUCE[node.name](members.map((one) => one.value)) }));
}

const ARITHMETIC = { "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b, "%": (a, b) => a % b, "^": (a, b) => a ** b };
const COMPARE = { "==": (a, b) => a === b, "!=": (a, b) => a !== b, ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b };

function binaryOf(node, ms) {
  const [left, right] = [evaluate(node.left, ms), evaluate(node.right, ms)];
  const isScalar = (side) => ["number", "negate"].includes(side.node) || (side.node === "call" && side.name === "scalar");
  const key = (item) => keyOf(node.on === null ? item.labels : node.on.kind === "on" ? Object.fromEntries(node.on.labels.map((label) => [label, item.labels[label]])) : without(item.labels, node.on.labels));
  if (node.sign === "or") return [...left, ...right.filter((item) => !left.some((other) => key(other) === key(item)))];
  if (node.sign === "and") return left.filter((item) => right.some((other) => key(other) === key(item)));
  if (node.sign === "unless") return left.filter((item) => !right.some((other) => key(other) === key(item)));
  const pairs = isScalar(node.right) ? left.map((item) => [item, right[0]]) : isScalar(node.left) ? right.map((item) => [left[0], item, item]) : left.map((item) => [item, right.find((other) => key(other) === key(item))]).filter(([, other]) => other);
  if (COMPARE[node.sign]) return pairs.filter(([a, b]) => COMPARE[node.sign](a.value, b.value)).map(([a]) => a);
  return pairs.map(([a, b, named]) => ({ labels: without((named ?? a).labels, ["__name__"]), value: ARITHMETIC[node.sign](a.value, b.value) }));
}

function evaluate(node, ms) {
  if (node.node === "number") return [{ labels: {}, value: node.value }];
  if (node.node === "negate") return evaluate(node.inner, ms).map((item) => ({ ...nameless(item), value: node.sign === "-" ? -item.value : item.value }));
  if (node.node === "group") return evaluate(node.inner, ms - node.offset * 1000);
  if (node.node === "selector") {
    if (node.range !== null) throw new PromError('invalid expression type "range vector" for range query, must be Scalar or instant Vector');
    return select(node.name, node.matchers).map((one) => ({ labels: one.labels, ...sampleOf(one, ms - node.offset * 1000, null) }));
  }
  if (node.node === "aggregate") return aggregate(node, ms);
  if (node.node === "binary") return binaryOf(node, ms);
  if (node.name === "label_replace") {
    const [inner, to, replacement, from, pattern] = node.args;
    return evaluate(inner, ms).map((item) => {
      const match = new RegExp(`^(?:${pattern.value})$`).exec(item.labels[from.value] ?? "");
      return match ? { ...item, labels: { ...item.labels, [to.value]: replacement.value.replace(/\$(\d+)/g, (_, group) => match[group] ?? "") } } : item;
    });
  }
  return FUNCTIONS[node.name](node, ms);
}

export function runQuery(text) {
  const tree = parse(text);
  return (ms) => evaluate(tree, ms);
}

/** The selectors in a query, for its exemplars. */
export function selectorsOf(text) {
  const found = [];
  const walk = (node) => {
    if (typeof node !== "object" || node === null) return;
    if (node.node === "selector") found.push(node);
    for (const inner of Object.values(node)) walk(inner);
  };
  walk(parse(text));
  return found;
}
