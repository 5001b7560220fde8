// Owns what of Grafana's transformations and of its overrides of single columns has a place in our tables: names, order, hidden
// columns, units, sorting. What joins the answers of several queries is what our tables do unasked. Pure.
import type { Panel, PanelKind } from "./board";
import type { ColumnRule, ColumnSort } from "./boardColumns";
import { unitFromGrafana } from "./grafanaUnits";
import { listFrom, numberFrom, recordFrom, textFrom, type Loose } from "./loose";

/** Of several queries one table, by their labels: so are all of ours. */
const AS_OURS = ["merge", "joinByField", "joinByLabels", "seriesToColumns", "labelsToFields", "timeSeriesTable"];

export interface Transformed {
  columns: ColumnRule[];
  sort: ColumnSort | undefined;
  /** Kinds of transformations that have no place here. */
  lost: string[];
  /** Whether something was overridden that has none. */
  losesOverrides: boolean;
}

export function transformationsFromGrafana(panel: Loose, kind: PanelKind): Transformed {
  const isTable = kind === "table";
  const columns = new Map<string, ColumnRule>();
  const names = columnNames(panel);
  const set = (name: string, rule: Omit<ColumnRule, "name">): void => void columns.set(names(name), { ...columns.get(names(name)), name: names(name), ...rule });
  const lost: string[] = [];
  let sort: ColumnSort | undefined;
  for (const { id, options } of listFrom(panel.transformations).map((one) => ({ id: textFrom(one.id), options: recordFrom(one.options) }))) {
    if (id === "organize" && isTable) organize(options, set);
    else if (id === "sortBy" && isTable) {
      const wanted = recordFrom(listFrom(options.sort)[0] ?? {});
      if (textFrom(wanted.field) !== "") sort = { name: names(textFrom(wanted.field)), ...(wanted.desc === true ? { descending: true } : {}) };
    } else if (!(AS_OURS.includes(id) && isTable)) lost.push(id || "?");
  }
  const overrides = listFrom(recordFrom(panel.fieldConfig).overrides);
  const taken = isTable ? overrides.filter((one) => columnUnit(one, set)) : [];
  return { columns: [...columns.values()].filter(({ name }) => name !== "Time"), sort, lost, losesOverrides: taken.length < overrides.length };
}

function organize(options: Loose, set: (name: string, rule: Omit<ColumnRule, "name">) => void): void {
  for (const [name, place] of Object.entries(recordFrom(options.indexByName))) set(name, { order: numberFrom(place) ?? 0 });
  for (const [name, isHidden] of Object.entries(recordFrom(options.excludeByName))) if (isHidden === true) set(name, { hidden: true });
  for (const [name, title] of Object.entries(recordFrom(options.renameByName))) if (textFrom(title) !== "") set(name, { title: textFrom(title) });
}

/** An override that gives one column a unit, a name, or hides it; false where it does anything else too. */
function columnUnit(override: Loose, set: (name: string, rule: Omit<ColumnRule, "name">) => void): boolean {
  const matcher = recordFrom(override.matcher);
  const properties = listFrom(override.properties).map((one) => ({ id: textFrom(one.id), value: one.value }));
  if (textFrom(matcher.id) !== "byName" || textFrom(matcher.options) === "") return false;
  const rules = properties.map(({ id, value }): Omit<ColumnRule, "name"> | null => {
    const unit = id === "unit" ? unitFromGrafana(textFrom(value)) : null;
    if (unit !== null) return { unit };
    if (id === "displayName" && textFrom(value) !== "") return { title: textFrom(value) };
    return id === "custom.hidden" && value === true ? { hidden: true } : null;
  });
  for (const rule of rules) if (rule) set(textFrom(matcher.options), rule);
  return rules.every((rule) => rule !== null);
}

/** What our tables call a column of Grafana's: its values by the query's legend or letter, a renamed one as before. */
function columnNames(panel: Loose): (name: string) => string {
  const targets = listFrom(panel.targets).filter((target) => target.hide !== true);
  const renamed = new Map<string, string>();
  for (const one of listFrom(panel.transformations)) {
    for (const [name, title] of Object.entries(recordFrom(recordFrom(one.options).renameByName))) if (textFrom(title) !== "") renamed.set(textFrom(title), name);
  }
  const value = (place: number): string => {
    const legend = textFrom(targets[place]?.legendFormat);
    if (legend !== "" && legend !== "__auto" && !legend.includes("{{")) return legend;
    return targets.length === 1 ? "value" : String.fromCharCode(65 + place);
  };
  return (name) => {
    const first = renamed.get(name) ?? name;
    if (first === "Value") return value(0);
    const letter = /^Value #(\w+)$/.exec(first)?.[1];
    const place = letter === undefined ? -1 : targets.findIndex((target) => textFrom(target.refId) === letter);
    return place === -1 ? first : value(place);
  };
}

/** As fields of a panel. */
export const columnsOf = ({ columns, sort }: Transformed): Pick<Panel, "columns" | "sort"> => ({ ...(columns.length > 0 ? { columns } : {}), ...(sort ? { sort } : {}) });
