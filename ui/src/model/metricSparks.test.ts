// Guarantees: one query asks for many small lines, and its answer finds back to the metrics.
import { expect, it } from "vitest";
import type { MetricInfo } from "../api/types";
import { readSparks, sparksQuery } from "./metricSparks";

const metric = (name: string, type: string, isMonotonic: boolean | null, unit: string): MetricInfo => ({ name, type, temporality: null, is_monotonic: isMonotonic, unit, description: "", series: 1, services: [] });

it("asks for all and reads each", () => {
  const metrics = [metric("a.b", "sum", true, "By"), metric("c", "histogram", null, "s"), metric("d", "gauge", null, "")];
  expect(sparksQuery(metrics)).toBe(
    'label_replace(sum(rate(a_b_bytes_total[$__rate_interval])), "spark", "0", "", "") or label_replace(histogram_quantile(0.95, sum(rate(c_seconds[$__rate_interval]))), "spark", "1", "", "") or label_replace(avg(d), "spark", "2", "", "")',
  );
  const sparks = readSparks(metrics, { seconds: [1, 2], histograms: [], series: [{ labels: { spark: "1" }, values: [2, null] }, { labels: { spark: "7" }, values: [] }, { labels: { spark: "0" }, values: [1, 3] }] });
  expect(sparks.get("c")).toEqual({ shape: "p95", unit: "s", values: [2, null], last: 2 });
  expect(sparks.get("a.b")).toMatchObject({ unit: "By/s", last: 3 });
  expect(sparks.size).toBe(2);
});
