// Owns the queries of Grafana's panels as ours: PromQL, TraceQL of Tempo, and what Tempo shows without series. What goes to
// other data sources is reported. Understands no more of a query than the spelling of variables. Pure.
import { texts } from "../texts";
import type { Panel, PanelKind, PanelQuery } from "./board";
import { listFrom, recordFrom, textFrom, type Loose } from "./loose";

const PROMETHEUS = /prometheus|mimir|thanos|^datasource$|^\$|mixed/i;
const TEMPO = /tempo/i;
/** A TraceQL query that makes series ends with one of these. */
const METRICS_FUNCTION = /\|\s*(rate|\w+_over_time|histogram_over_time|compare)\s*\(/;

function sourceOf(target: Loose, panel: Loose): string {
  return textFrom(recordFrom(target.datasource).type) || textFrom(recordFrom(panel.datasource).type);
}

const shownTargets = (panel: Loose): Loose[] => listFrom(panel.targets).filter((target) => target.hide !== true);

/** Of a panel of Tempo's that shows traces or the service map: what our own kinds ask. */
export function questionOf(panel: Loose, known: PanelKind | null | undefined): Pick<Panel, "kind" | "traces" | "map"> | null {
  const target = shownTargets(panel)[0];
  if (!target || !TEMPO.test(sourceOf(target, panel))) return null;
  if (textFrom(target.queryType) === "serviceMap") {
    const service = /(?:client|server|service_name)\s*=~?\s*"([^"]+)"/.exec(textFrom(target.serviceMapQuery))?.[1];
    return { kind: "map", ...(service ? { map: { service: withBraces(service) } } : {}) };
  }
  const filter = textFrom(target.query);
  if (filter === "" || METRICS_FUNCTION.test(filter) || (known !== "table" && known !== "traces")) return null;
  return { kind: "traces", traces: { filter: withBraces(filter), ...(typeof target.limit === "number" ? { limit: target.limit } : {}) } };
}

export function queriesOf(panel: Loose, title: string, report: string[], plain: readonly string[]): PanelQuery[] {
  return shownTargets(panel).flatMap((target): PanelQuery[] => {
    const type = sourceOf(target, panel);
    const legend = textFrom(target.legendFormat);
    const named = legend !== "" && legend !== "__auto" ? { legend: withBraces(legend) } : {};
    const traceql = textFrom(target.query);
    if (TEMPO.test(type) && METRICS_FUNCTION.test(traceql)) return [{ traceql: withBraces(traceql, plain), ...named }];
    const expr = textFrom(target.expr);
    if (expr === "" || (type !== "" && !PROMETHEUS.test(type))) {
      report.push(texts.boards.grafana.datasource(title, type || "?"));
      return [];
    }
    return [{ promql: withBraces(expr, plain), ...named }];
  });
}

/** `[[name]]` is the old spelling of `${name}`; values of `plain` variables are put in as they are, as Grafana does. */
export function withBraces(text: string, plain: readonly string[] = []): string {
  const braced = text.replace(/\[\[(\w+)(?::(\w+))?\]\]/g, (_, name: string, format: string | undefined) => `\${${name}${format ? `:${format}` : ""}}`);
  return braced.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, one: string | undefined, other: string | undefined) => (plain.includes(one ?? other ?? "") ? `\${${one ?? other}:raw}` : whole));
}
