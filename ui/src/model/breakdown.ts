// Owns the question how much each value of a label has of a metric now, and reading its answer. Pure.
import { numberOf, type MatrixAnswer } from "./promAnswer";
import type { MetricKind } from "./promNames";
import { RATE_WINDOW, selectorOf, type BuiltQuery } from "./promQuery";

export interface ValueShare {
  name: string;
  value: number;
}

/** Filters on the label itself are left out, so that the values not chosen can still be chosen. */
export function breakdownQuery(query: Pick<BuiltQuery, "metric" | "matchers">, kind: MetricKind, label: string): string {
  const selector = selectorOf(query.metric, query.matchers.filter((one) => one.label !== label));
  if (kind === "histogram") return `histogram_count(sum by (${label}) (rate(${selector}[${RATE_WINDOW}])))`;
  if (kind === "counter") return `sum by (${label}) (rate(${selector}[${RATE_WINDOW}]))`;
  return `${kind === "updown" ? "sum" : "avg"} by (${label}) (${selector})`;
}

/** The largest first. */
export function readBreakdown(answer: MatrixAnswer, label: string): ValueShare[] {
  return answer.result
    .flatMap((one) => (one.value ? [{ name: one.metric[label] ?? "", value: numberOf(one.value[1]) }] : []))
    .filter((one) => Number.isFinite(one.value))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || (a.name < b.name ? -1 : 1));
}
