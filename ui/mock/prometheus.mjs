// Owns the mock's Prometheus routes: their parameters and the shapes of their answers. Evaluating is promql.mjs.
import { allMetrics, exemplarsOf } from "./promSeries.mjs";
import { PromError, runQuery, select, selectorsOf } from "./promql.mjs";

const success = (data) => [200, { status: "success", data }];
const failure = (error, status = 400) => [status, { status: "error", errorType: "bad_data", error }];
const written = (value) => (value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value));
const asHistogram = ({ count, sum, buckets }) => ({ count: written(count), sum: written(sum), buckets: buckets.filter(([, , inside]) => inside > 1e-6).map(([low, high, inside]) => [0, written(low), written(high), written(inside)]) });

export function rangeAnswer(search) {
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(search.get(name)));
  const run = runQuery(search.get("query") ?? "");
  if (!(end >= start) || !(step > 0)) return failure('invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer');
  const series = new Map();
  for (let at = start; at <= end + 1e-9; at += step) for (const { labels, value, histogram } of run(at * 1000)) {
    const key = JSON.stringify(Object.entries(labels).sort());
    const known = series.get(key) ?? { metric: labels };
    if (histogram) (known.histograms ??= []).push([at, asHistogram(histogram)]);
    else (known.values ??= []).push([at, written(value)]);
    series.set(key, known);
  }
  return success({ resultType: "matrix", result: [...series.values()] });
}

export function instantAnswer(search) {
  const at = Number(search.get("time") ?? Date.now() / 1000);
  const result = runQuery(search.get("query") ?? "")(at * 1000).map(({ labels, value, histogram }) => (histogram ? { metric: labels, histogram: [at, asHistogram(histogram)] } : { metric: labels, value: [at, written(value)] }));
  return success({ resultType: "vector", result });
}

function matched(search) {
  const texts = search.getAll("match[]");
  if (texts.length === 0) return select(null, [["__name__", "=~", ".+"]]);
  return texts.flatMap(selectorsOf).flatMap((one) => select(one.name, one.matchers));
}

function exemplarAnswer(search) {
  const [start, end] = ["start", "end"].map((name) => Number(search.get(name)) * 1000);
  const found = selectorsOf(search.get("query") ?? "").flatMap((one) => select(one.name, one.matchers)).filter((one) => one.metric.type === "histogram");
  return success(found.slice(0, 6).map((one) => ({ seriesLabels: one.labels, exemplars: exemplarsOf(one.series, start, end) })));
}

function metadata() {
  return success(Object.fromEntries(allMetrics().map((metric) => [metric.name, [{ type: metric.type, help: metric.help, unit: metric.unit }]])));
}

/** Status and body for a route below /prometheus/api/v1. */
export function answerPrometheus(state, route, search) {
  try {
    if (state.empty && route !== "/query" && route !== "/query_range") return success([]);
    if (route === "/query") return instantAnswer(search);
    if (route === "/query_range") return rangeAnswer(search);
    if (route === "/query_exemplars") return exemplarAnswer(search);
    if (route === "/format_query") return success((runQuery(search.get("query")), search.get("query").trim().replace(/\s+/g, " ")));
    if (route === "/metadata") return metadata();
    if (route === "/series") return success(matched(search).map((one) => one.labels));
    if (route === "/labels") return success([...new Set(matched(search).flatMap((one) => Object.keys(one.labels)))].sort());
    if (route === "/status/tsdb") return success({ headStats: { numSeries: matched(new URLSearchParams()).length, numLabelPairs: 40 }, seriesCountByMetricName: [] });
    const label = /^\/label\/(.+)\/values$/.exec(route);
    if (label) return success([...new Set(matched(search).map((one) => ({ ...one.series.hidden, ...one.labels })[decodeURIComponent(label[1])]).filter(Boolean))].sort());
    return failure("no such route", 404);
  } catch (error) {
    if (error instanceof PromError) return failure(error.message);
    throw error;
  }
}
