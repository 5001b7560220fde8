// Owns what the lines of a chart are called: by what tells them apart, or by a format such as `{{http_route}}`. Never
// decides which lines there are.
import type { Labels } from "./promAnswer";
import { nameSeries } from "./seriesLabels";

const quantileName = (text: string): string => (Number.isFinite(Number(text)) && text !== "" ? `p${Number((Number(text) * 100).toPrecision(6))}` : text);

/** `{{label}}` and `{{ label }}` filled in; a label that a series lacks is nothing. */
export function formatLegend(format: string, labels: Labels): string {
  return format.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, label: string) => labels[label] ?? "").trim();
}

/** One name a series; `fallback` names the only one of a query that has no labels. */
export function seriesNames(all: readonly Labels[], fallback: string, format = ""): { names: string[]; shared: [string, string][] } {
  if (format !== "") return { names: all.map((labels) => formatLegend(format, labels) || fallback), shared: [] };
  const readable = all.map((labels) => ({ ...labels, ...(labels.quantile === undefined ? {} : { quantile: quantileName(labels.quantile) }) }));
  const { names, shared } = nameSeries(readable);
  if (all.length === 1) {
    const labels = Object.entries(readable[0]).filter(([label]) => label !== "__name__");
    return { names: [labels.length > 0 && labels.length <= 3 ? labels.map(([, value]) => value).join(" · ") : fallback], shared };
  }
  return { names, shared };
}
