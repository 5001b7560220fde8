// Owns what fits at a place of a PromQL text: a function or metric, a label, a value, a duration. It reads only what stands
// before the cursor, so that it works while the text is not yet whole. Never knows an editor.

export type Fitting =
  | { kind: "expression"; from: number }
  | { kind: "label"; from: number; selector: string | null }
  | { kind: "value"; from: number; label: string; selector: string | null }
  | { kind: "duration"; from: number }
  | { kind: "nothing" };

export const DURATIONS = ["$__rate_interval", "$__interval", "1m", "5m", "15m", "30m", "1h", "6h", "1d", "7d"];
export const AGGREGATIONS = ["sum", "avg", "min", "max", "count", "topk", "bottomk", "stddev", "stdvar", "group", "count_values", "quantile", "limitk", "limit_ratio"];
export const KEYWORDS = ["by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "and", "or", "unless", "atan2"];
export const FUNCTIONS: Record<string, string> = {
  rate: "(v[range])", irate: "(v[range])", increase: "(v[range])", delta: "(v[range])", idelta: "(v[range])", deriv: "(v[range])", predict_linear: "(v[range], seconds)", predict_holt_winters: "(v[range], seconds, season)", band_low_over_time: "(v[range], deviations)", band_high_over_time: "(v[range], deviations)", seasonal_low_over_time: "(v[range], deviations)", seasonal_high_over_time: "(v[range], deviations)", resets: "(v[range])", changes: "(v[range])",
  histogram_quantile: "(φ, v)", histogram_quantiles: '(v, "label", φ, …)', histogram_avg: "(v)", histogram_count: "(v)", histogram_sum: "(v)", histogram_fraction: "(low, high, v)", histogram_stddev: "(v)", histogram_stdvar: "(v)",
  avg_over_time: "(v[range])", min_over_time: "(v[range])", max_over_time: "(v[range])", sum_over_time: "(v[range])", count_over_time: "(v[range])", last_over_time: "(v[range])", first_over_time: "(v[range])", quantile_over_time: "(φ, v[range])", stddev_over_time: "(v[range])", stdvar_over_time: "(v[range])", present_over_time: "(v[range])", absent_over_time: "(v[range])", mad_over_time: "(v[range])",
  absent: "(v)", abs: "(v)", ceil: "(v)", floor: "(v)", round: "(v, to)", clamp: "(v, min, max)", clamp_min: "(v, min)", clamp_max: "(v, max)", exp: "(v)", ln: "(v)", log2: "(v)", log10: "(v)", sqrt: "(v)", sgn: "(v)",
  label_replace: '(v, "to", "with", "from", "regex")', label_join: '(v, "to", "separator", "from", …)', sort: "(v)", sort_desc: "(v)", sort_by_label: '(v, "label", …)', sort_by_label_desc: '(v, "label", …)', scalar: "(v)", vector: "(s)", time: "()", timestamp: "(v)", info: "(v)",
  day_of_month: "(v)", day_of_week: "(v)", day_of_year: "(v)", days_in_month: "(v)", hour: "(v)", minute: "(v)", month: "(v)", year: "(v)", pi: "()", double_exponential_smoothing: "(v[range], sf, tf)",
};

interface Bracket {
  sign: string;
  at: number;
}

export function fittingAt(text: string, offset: number): Fitting {
  const open: Bracket[] = [];
  let quote: { sign: string; at: number } | null = null;
  for (let at = 0; at < offset; at++) {
    const letter = text[at];
    if (quote) {
      if (letter === "\\") at++;
      else if (letter === quote.sign) quote = null;
    } else if (letter === "#") {
      const end = text.indexOf("\n", at);
      if (end === -1 || end >= offset) return { kind: "nothing" };
      at = end;
    } else if (letter === '"' || letter === "'" || letter === "`") quote = { sign: letter, at };
    else if ("([{".includes(letter)) open.push({ sign: letter, at });
    else if (")]}".includes(letter)) open.pop();
  }
  const inside = open.at(-1);
  const before = text.slice(0, offset);
  if (quote) {
    const label = inside?.sign === "{" ? /([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*$/.exec(text.slice(0, quote.at)) : null;
    return label && inside ? { kind: "value", from: quote.at + 1, label: label[1], selector: selectorBefore(text, inside.at, label.index) } : { kind: "nothing" };
  }
  const word = /[A-Za-z_$][\w:$]*$/.exec(before)?.[0] ?? "";
  const from = offset - word.length;
  if (inside?.sign === "[") return { kind: "duration", from: Math.max(inside.at + 1, offset - (/[\w$]*$/.exec(before)?.[0].length ?? 0)) };
  if (inside?.sign === "{") return /[{,]\s*$/.test(text.slice(inside.at, from)) ? { kind: "label", from, selector: selectorBefore(text, inside.at, from) } : { kind: "nothing" };
  if (inside?.sign === "(" && /\b(by|without|on|ignoring|group_left|group_right)\s*$/.test(text.slice(0, inside.at))) return { kind: "label", from, selector: firstSelector(text) };
  if (/\d[\w.]*$/.test(before) && !/[A-Za-z_:]\w*$/.test(before.replace(/\b\d[\w.]*$/, ""))) return word === "" || /\b\d[\w.]*$/.test(before) ? { kind: "nothing" } : { kind: "expression", from };
  return { kind: "expression", from };
}

/** The metric in front of the braces with the matchers that are already whole, so that values of one narrow the other. */
function selectorBefore(text: string, brace: number, until: number): string | null {
  const metric = /[A-Za-z_:][\w:]*$/.exec(text.slice(0, brace))?.[0] ?? "";
  const whole = text.slice(brace + 1, until).match(/[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"|^\s*"(?:[^"\\]|\\.)*"/g) ?? [];
  if (metric === "" && whole.length === 0) return null;
  return whole.length === 0 ? metric : `${metric}{${whole.join(",")}}`;
}

/** Of a grouping the labels are those of the first metric in the text that is no function. */
function firstSelector(text: string): string | null {
  for (const match of text.matchAll(/([A-Za-z_:][\w:]*)\s*(\(?)/g)) {
    const [, name, call] = match;
    const isInGrouping = /\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*$/.test(text.slice(0, match.index));
    const isInBraces = /\{[^}]*$/.test(text.slice(0, match.index)) || /\[[^\]]*$/.test(text.slice(0, match.index)) || /"[^"]*$/.test(text.slice(0, match.index).replace(/"[^"]*"/g, ""));
    if (call === "" && !isInGrouping && !isInBraces && !KEYWORDS.includes(name) && !AGGREGATIONS.includes(name) && FUNCTIONS[name] === undefined && !/\$$/.test(text.slice(0, match.index))) return name;
  }
  return null;
}
