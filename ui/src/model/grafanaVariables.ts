// Owns the variables of Grafana's dashboards as ours: labels of series, lists, texts. Never asks for values.
import { texts } from "../texts";
import type { BoardVariable } from "./board";
import { ALL_VALUES } from "./boardVariables";
import { listFrom, recordFrom, textFrom, type Loose } from "./loose";

/** Grafana's word for everything. */
const ALL = "$__all";

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
    if (values) return { ...common, ...many, kind: "label", label: values[2], ...(values[1] ? { metric: values[1].replace(/\[\[(\w+)\]\]/g, "${$1}") } : {}) };
    report.push(texts.boards.grafana.variableQuery(name));
    return { ...common, kind: "text" };
  }
  if (type === "custom" || type === "interval") {
    const values = textFrom(variable.query).split(",").map((one) => one.split(" : ").at(-1)?.trim() ?? "").filter((one) => one !== "" && one !== "auto");
    return { ...common, ...many, kind: "list", values };
  }
  if (type === "constant" || type === "textbox") return { ...common, kind: "text", default: [textFrom(variable.query) || textFrom(recordFrom(variable.current).value)] };
  report.push(texts.boards.grafana.variable(name, type));
  return null;
}

function defaultOf(variable: Loose): Pick<BoardVariable, "default"> {
  const value = recordFrom(variable.current).value;
  const values = (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string" && one !== "" && !one.startsWith("$__auto"));
  if (values.includes(ALL)) return variable.includeAll === true ? { default: [ALL_VALUES] } : {};
  if (values.length > 0) return { default: values };
  const first = listFrom(variable.options).find((one) => one.selected === true);
  return first && textFrom(first.value) !== "" ? { default: [textFrom(first.value)] } : {};
}
