// Owns the variables of Grafana's dashboards as ours: labels of series, lists, texts. Never asks for values.
import { texts } from "../texts";
import type { BoardVariable } from "./board";
import { ALL_VALUES } from "./boardVariables";
import { listFrom, recordFrom, textFrom, type Loose } from "./loose";

/** Grafana's word for everything. */
const ALL = "$__all";
const AUTO_INTERVAL = "$__rate_interval";

export function variablesFromGrafana(list: readonly Loose[], report: string[]): BoardVariable[] {
  return list.flatMap((variable) => {
    const made = variableFrom(variable, report);
    return made ? [made] : [];
  });
}

function variableFrom(variable: Loose, report: string[]): BoardVariable | null {
  const name = textFrom(variable.name);
  const type = textFrom(variable.type);
  // Which server is asked is not a question here.
  if (type === "datasource") return null;
  const title = textFrom(variable.label);
  const common = { name, ...(title ? { title } : {}), ...defaultOf(variable) };
  const many = { ...(variable.multi === true ? { multi: true } : {}), ...(variable.includeAll === true ? { all: true } : {}) };
  if (type === "query") {
    const query = (textFrom(variable.query) || textFrom(recordFrom(variable.query).query) || textFrom(variable.definition)).trim();
    const values = /^label_values\(\s*(?:(.+?)\s*,\s*)?([\w.]+)\s*\)$/s.exec(query);
    if (values && textFrom(variable.regex) !== "") report.push(texts.boards.grafana.variableRegex(name));
    if (values) return { ...common, ...many, kind: "label", label: values[2], ...(values[1] ? { metric: values[1].replace(/\[\[(\w+)\]\]/g, "${$1}") } : {}) };
    const counted = ofQueryResult(query, textFrom(variable.regex));
    if (counted) {
      report.push(texts.boards.grafana.variableGuess(name, counted.label, counted.metric));
      return { ...common, ...many, kind: "label", ...counted };
    }
    report.push(texts.boards.grafana.variableQuery(name));
    return { ...common, kind: "text" };
  }
  if (type === "custom" || type === "interval") {
    const listed = textFrom(variable.query).split(",").map((one) => one.split(" : ").at(-1)?.trim() ?? "").filter((one) => one !== "" && one !== "auto");
    // Grafana's "auto" is a length that fits the range: here that is $__rate_interval.
    const values = type === "interval" && (variable.auto === true || isAuto(variable)) ? [AUTO_INTERVAL, ...listed] : listed;
    return { ...common, ...many, kind: "list", values };
  }
  if (type === "constant" || type === "textbox") return { ...common, kind: "text", default: [textFrom(variable.query) || textFrom(recordFrom(variable.current).value)] };
  report.push(texts.boards.grafana.variable(name, type));
  return null;
}

const isAuto = (variable: Loose): boolean => textFrom(recordFrom(variable.current).value).startsWith("$__auto");

/** `query_result(…)` is asked for a label of its series: that of the regular expression, or the only one it groups by. */
function ofQueryResult(query: string, regex: string): { label: string; metric: string } | null {
  const inside = /^query_result\((.*)\)$/s.exec(query)?.[1];
  const selector = inside === undefined ? null : /[a-zA-Z_:][\w:]*\s*\{[^{}]*\}/.exec(inside)?.[0];
  if (inside === undefined || !selector) return null;
  const label = /(\w+)\s*=\s*\\?"?\(/.exec(regex)?.[1] ?? /\bby\s*\(\s*(\w+)\s*\)/.exec(inside)?.[1];
  return label ? { label, metric: selector } : null;
}

/** Variables whose values are patterns or pieces of a query: Grafana escapes values only where there may be several. */
export function plainVariables(list: readonly Loose[]): string[] {
  return list.filter((variable) => ["custom", "constant", "textbox"].includes(textFrom(variable.type)) && variable.multi !== true && variable.includeAll !== true).map((variable) => textFrom(variable.name));
}

function defaultOf(variable: Loose): Pick<BoardVariable, "default"> {
  const value = recordFrom(variable.current).value;
  const values = (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string" && one !== "" && !one.startsWith("$__auto"));
  if (values.includes(ALL)) return variable.includeAll === true ? { default: [ALL_VALUES] } : {};
  if (values.length > 0) return { default: values };
  const first = listFrom(variable.options).find((one) => one.selected === true);
  return first && textFrom(first.value) !== "" && !textFrom(first.value).startsWith("$__auto") ? { default: [textFrom(first.value)] } : {};
}
