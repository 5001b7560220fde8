// Owns making a dashboard of ours from one of Grafana's over Prometheus: panels, their places, queries, units, thresholds,
// rows, variables. What has no place here is reported, never dropped in silence. Pure; understands no more of PromQL than
// the spelling of variables.
import { compacted } from "../layout/boardGrid";
import { texts } from "../texts";
import { BOARD_VERSION, GRID_COLUMNS, type Board, type Panel, type PanelKind, type Reduction, type Threshold } from "./board";
import { listFrom, numberFrom, recordFrom, textFrom, type Loose } from "./loose";
import { colourFromGrafana, kindFromGrafana, rangeFromGrafana, refreshFromGrafana, unitFromGrafana } from "./grafanaUnits";
import { mappingsFromGrafana } from "./grafanaMappings";
import { questionOf, queriesOf, withBraces } from "./grafanaQueries";
import { columnsOf, transformationsFromGrafana } from "./grafanaTransformations";
import { plainVariables, variablesFromGrafana } from "./grafanaVariables";

export interface Imported {
  board: Board;
  /** Sentences on what could not be taken over. */
  report: string[];
}

const CALCULATIONS: Record<string, Reduction> = { last: "last", lastNotNull: "last", current: "last", mean: "mean", avg: "mean", max: "most", min: "least", sum: "sum", total: "sum", range: "most" };
const SPAN_COLUMNS = 2;
const OLD_ROW_HEIGHT = 7;

/** Null where it is no dashboard of Grafana's. */
export function importGrafana(value: unknown): Imported | null {
  const outer = recordFrom(value);
  const source = recordFrom(outer.dashboard ?? outer);
  const given = [...listFrom(source.panels), ...listFrom(source.rows)];
  if (given.length === 0 || (source.schemaVersion === undefined && source.templating === undefined && source.time === undefined && listFrom(source.rows).length === 0)) return null;
  const report: string[] = [];
  const variables = variablesFromGrafana(listFrom(recordFrom(source.templating).list), report);
  const names = { all: variables.map((one) => one.name), plain: plainVariables(listFrom(recordFrom(source.templating).list)) };
  const all = flattened(source);
  const panels = all.flatMap((panel, place) => {
    const made = panelFrom(panel, `g${place + 1}`, report, names);
    return made ? [made] : [];
  });
  const marked = listFrom(recordFrom(source.annotations).list).filter((one) => textFrom(one.type) !== "dashboard" && one.builtIn !== 1);
  const annotations = marked.filter((one) => textFrom(one.expr) !== "" && one.enable !== false).map((one) => ({ title: textFrom(one.name), promql: withBraces(textFrom(one.expr), names.plain) }));
  if (marked.length > annotations.length) report.push(texts.boards.grafana.annotations(marked.length - annotations.length));
  return {
    report: [...new Set(report)],
    board: {
      version: BOARD_VERSION,
      title: textFrom(source.title) || "Grafana",
      ...(textFrom(source.description) ? { description: textFrom(source.description) } : {}),
      range: rangeFromGrafana(textFrom(recordFrom(source.time).from)),
      ...(refreshFromGrafana(source.refresh) ? { refresh: refreshFromGrafana(source.refresh) } : {}),
      ...(variables.length > 0 ? { variables } : {}),
      ...(annotations.length > 0 ? { annotations } : {}),
      panels: compacted(panels),
    },
  };
}

/** Panels in one list with places: those inside closed rows, and those of the old form with rows and spans. */
function flattened(source: Loose): Loose[] {
  const panels: Loose[] = [];
  for (const panel of listFrom(source.panels)) panels.push(panel, ...listFrom(panel.panels));
  let y = panels.length;
  for (const row of listFrom(source.rows)) {
    if (row.showTitle === true || textFrom(row.title)) panels.push({ type: "row", title: row.title, gridPos: { x: 0, y: y++, w: GRID_COLUMNS, h: 1 } });
    let x = 0;
    for (const panel of listFrom(row.panels)) {
      const w = (numberFrom(panel.span) ?? 12) * SPAN_COLUMNS;
      if (x + w > GRID_COLUMNS) {
        x = 0;
        y += OLD_ROW_HEIGHT;
      }
      panels.push({ ...panel, gridPos: { x, y, w, h: OLD_ROW_HEIGHT } });
      x += w;
    }
    y += OLD_ROW_HEIGHT;
  }
  return panels;
}

interface VariableNames {
  all: readonly string[];
  /** Whose values are put in as they are. */
  plain: readonly string[];
}

function panelFrom(panel: Loose, id: string, report: string[], names: VariableNames): Panel | null {
  const say = texts.boards.grafana;
  const type = textFrom(panel.type) || "timeseries";
  const title = textFrom(panel.title);
  const known = recordFrom(panel.gauge).show === true ? "gauge" : kindFromGrafana(type);
  if (known === null) {
    report.push(say.noPanel(title, type));
    return null;
  }
  if (known === undefined) report.push(say.panelKind(title, type));
  const question = questionOf(panel, known);
  const kind: PanelKind = question?.kind ?? known ?? "timeseries";
  const place = placeOf(recordFrom(panel.gridPos), kind);
  const repeat = names.all.includes(textFrom(panel.repeat)) ? textFrom(panel.repeat) : "";
  if (repeat !== textFrom(panel.repeat) || (kind === "row" && repeat !== "")) report.push(say.repeat(title));
  if (kind === "row") return { id, title, kind, ...place };
  if (question) return { id, title, ...place, ...question };
  if (kind === "map" || kind === "traces") {
    report.push(say.noPanel(title, type));
    return null;
  }
  const options = recordFrom(panel.options);
  if (kind === "text") return { id, title, kind, ...place, text: plainText(textFrom(options.content) || textFrom(panel.content), textFrom(options.mode) || textFrom(panel.mode)) };
  const defaults = recordFrom(recordFrom(panel.fieldConfig).defaults);
  const custom = recordFrom(defaults.custom);
  const transformed = transformationsFromGrafana(panel, kind);
  if (transformed.lost.length > 0) report.push(say.transform(title, transformed.lost.join(", ")));
  if (transformed.losesOverrides || listFrom(panel.seriesOverrides).length > 0) report.push(say.overrides(title));
  const { mappings, lost } = mappingsFromGrafana(defaults, panel);
  if (lost) report.push(say.mappings(title));
  const unit = unitOf(panel, defaults, title, report);
  const thresholds = thresholdsOf(panel, defaults);
  const reduce = CALCULATIONS[textFrom(listOf(recordFrom(options.reduceOptions).calcs)[0]) || textFrom(panel.valueName)];
  const isStacked = ["normal", "percent"].includes(textFrom(recordFrom(custom.stacking).mode)) || panel.stack === true;
  const isBars = textFrom(custom.drawStyle) === "bars" || panel.bars === true;
  const legend = recordFrom(options.legend ?? panel.legend);
  const old = recordFrom(panel.gauge);
  const [min, max] = [numberFrom(defaults.min) ?? numberFrom(old.minValue), numberFrom(defaults.max) ?? numberFrom(old.maxValue)];
  return {
    id, title, kind, ...place,
    ...(textFrom(panel.description) ? { description: textFrom(panel.description) } : {}),
    queries: queriesOf(panel, title, report, names.plain),
    ...(unit ? { unit } : {}),
    ...(thresholds.length > 0 ? { thresholds } : {}),
    ...(mappings.length > 0 ? { mappings } : {}),
    ...(repeat !== "" ? { repeat } : {}),
    ...columnsOf(transformed),
    ...(kind === "timeseries" && (isBars || isStacked) ? { drawing: isBars ? ("bars" as const) : ("stacked" as const) } : {}),
    ...(kind === "timeseries" ? { legend: legend.showLegend === false || legend.show === false ? ("none" as const) : textFrom(legend.displayMode) === "table" || legend.alignAsTable === true ? ("table" as const) : ("line" as const) } : {}),
    ...((kind === "stat" || kind === "gauge") && reduce ? { reduce } : {}),
    ...(kind === "gauge" && min !== null ? { min } : {}),
    ...(kind === "gauge" && max !== null ? { max } : {}),
  };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function placeOf(position: Loose, kind: PanelKind) {
  const w = kind === "row" ? GRID_COLUMNS : Math.min(Math.max(Math.round(numberFrom(position.w) ?? 12), 2), GRID_COLUMNS);
  return { x: Math.min(Math.max(Math.round(numberFrom(position.x) ?? 0), 0), GRID_COLUMNS - w), y: Math.max(Math.round(numberFrom(position.y) ?? 0), 0), w, h: kind === "row" ? 1 : Math.min(Math.max(Math.round(numberFrom(position.h) ?? 8), 2), 60) };
}

function unitOf(panel: Loose, defaults: Loose, title: string, report: string[]): string {
  const id = textFrom(defaults.unit) || textFrom(panel.format) || textFrom(recordFrom(listFrom(panel.yaxes)[0] ?? {}).format);
  const unit = unitFromGrafana(id);
  if (unit === null) report.push(texts.boards.grafana.unit(title, id));
  return unit ?? "";
}

function thresholdsOf(panel: Loose, defaults: Loose): Threshold[] {
  const thresholds = recordFrom(defaults.thresholds);
  const steps = listFrom(thresholds.steps);
  // A lone base is no threshold, only Grafana's usual colour.
  if (steps.length > 1) {
    const max = numberFrom(defaults.max);
    const isShare = textFrom(thresholds.mode) === "percentage";
    if (isShare && max === null) return [];
    const values = steps.map((step) => numberFrom(step.value)).filter((value) => value !== null);
    const base = Math.min(0, ...values.map((value) => value - 1));
    return steps.flatMap((step): Threshold[] => {
      const colour = colourFromGrafana(textFrom(step.color));
      const value = numberFrom(step.value) ?? base;
      return colour ? [{ value: isShare ? (value / 100) * (max ?? 1) : value, colour }] : [];
    });
  }
  const old = textFrom(panel.thresholds).split(",").filter((part) => part.trim() !== "").map(Number);
  const colours = listOf(panel.colors).map((colour) => colourFromGrafana(textFrom(colour)));
  // Below the first bound a colour says something only where it warns.
  if (old.length > 0 && old.every(Number.isFinite) && colours[0] && colours[0] !== "green") return [Math.min(0, old[0] - 1), ...old].flatMap((value, place): Threshold[] => (colours[place] ? [{ value, colour: colours[place] as Threshold["colour"] }] : []));
  return old.every(Number.isFinite) ? old.flatMap((value, place): Threshold[] => (colours[place + 1] ? [{ value, colour: colours[place + 1] as Threshold["colour"] }] : [])) : [];
}

function plainText(content: string, mode: string): string {
  const text = mode === "html" ? content.replace(/<(br|\/p|\/div|\/li|\/h\d)[^>]*>/gi, "\n").replace(/<li[^>]*>/gi, "- ").replace(/<[^>]+>/g, "") : content;
  return withBraces(text).trim();
}
