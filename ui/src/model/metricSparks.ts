// Owns the one query that draws the small lines of many metrics: a branch for each, told apart by a label. Pure.
import type { MetricInfo } from "../api/types";
import type { Grid } from "./promAnswer";
import { kindOf, promName } from "./promNames";
import { RATE_WINDOW, selectorOf, unitOfQuery, defaultQuery, type Matcher } from "./promQuery";

const PLACE_LABEL = "spark";
/** Metrics in one query: more would make one slow answer of many quick ones. */
export const SPARKS_TOGETHER = 12;

export type SparkShape = "rate" | "p95" | "sum" | "avg";

export interface Spark {
  shape: SparkShape;
  unit: string;
  values: (number | null)[];
  last: number | null;
}

export function sparkShape(metric: MetricInfo): SparkShape {
  const kind = kindOf(metric);
  return kind === "counter" ? "rate" : kind === "histogram" ? "p95" : kind === "updown" ? "sum" : "avg";
}

/** What a metric's small line shows, by itself. */
export function sparkQuery(metric: MetricInfo, matchers: readonly Matcher[] = []): string {
  const selector = selectorOf(promName(metric), matchers);
  const shape = sparkShape(metric);
  if (shape === "rate") return `sum(rate(${selector}[${RATE_WINDOW}]))`;
  if (shape === "p95") return `histogram_quantile(0.95, sum(rate(${selector}[${RATE_WINDOW}])))`;
  return `${shape}(${selector})`;
}

/** `matchers` are one list a metric; without them its whole is meant. */
export function sparksQuery(metrics: readonly MetricInfo[], matchers?: readonly (readonly Matcher[])[]): string {
  return metrics.map((metric, place) => `label_replace(${sparkQuery(metric, matchers?.[place])}, "${PLACE_LABEL}", "${place}", "", "")`).join(" or ");
}

export function readSparks(metrics: readonly MetricInfo[], grid: Grid): Map<string, Spark> {
  const sparks = new Map<string, Spark>();
  for (const { labels, values } of grid.series) {
    const metric = metrics[Number(labels[PLACE_LABEL])];
    if (!metric) continue;
    const last = values.findLast((value) => value !== null) ?? null;
    sparks.set(metric.name, { shape: sparkShape(metric), unit: unitOfQuery(defaultQuery(metric), metric), values, last });
  }
  return sparks;
}
