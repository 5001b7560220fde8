// Owns the names under which OTLP's metrics are found by PromQL: the rules of Prometheus's otlptranslator, as the server
// applies them (docs/promql.md). Never asks the server and never parses a query.
import type { MetricInfo } from "../api/types";

const UNITS: Record<string, string> = {
  d: "days", h: "hours", min: "minutes", s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds",
  By: "bytes", KiBy: "kibibytes", MiBy: "mebibytes", GiBy: "gibibytes", TiBy: "tibibytes", KBy: "kilobytes", MBy: "megabytes", GBy: "gigabytes", TBy: "terabytes",
  m: "meters", V: "volts", A: "amperes", J: "joules", W: "watts", g: "grams", Cel: "celsius", Hz: "hertz", "1": "", "%": "percent",
};
const PER: Record<string, string> = { s: "second", m: "minute", h: "hour", d: "day", w: "week", mo: "month", y: "year" };

/** What decides how a metric is looked at first. */
export type MetricKind = "counter" | "updown" | "gauge" | "histogram" | "summary";

type Named = Pick<MetricInfo, "name" | "type" | "unit" | "is_monotonic">;

export function kindOf(metric: Pick<MetricInfo, "type" | "is_monotonic">): MetricKind {
  if (metric.type.includes("histogram")) return "histogram";
  if (metric.type === "summary") return "summary";
  if (metric.type === "sum") return metric.is_monotonic === false ? "updown" : metric.is_monotonic === null ? "updown" : "counter";
  return "gauge";
}

const wordsOf = (text: string): string[] => text.split(/[^A-Za-z0-9:]+/).filter((word) => word !== "");

function unitWords(unit: string): string[] {
  const [main, per] = unit.split(/\/(.*)/s).map((part) => part.trim());
  const isNote = (part: string): boolean => /[{}]/.test(part);
  const words = main === "" || isNote(main) ? [] : [UNITS[main] ?? wordsOf(main).join("_")];
  if (per && !isNote(per)) words.push(`per_${PER[per] ?? wordsOf(per).join("_")}`);
  return words.filter((word) => word !== "" && word !== "per_");
}

/** `http.server.request.duration` in seconds is `http_server_request_duration_seconds`. */
export function promName(metric: Named): string {
  const kind = kindOf(metric);
  let parts = wordsOf(metric.name);
  for (const words of unitWords(metric.unit).map((word) => wordsOf(word.replaceAll("_", " ")))) {
    if (!parts.includes(words[words.length - 1])) parts = [...parts, ...words];
  }
  const suffix = kind === "counter" ? "total" : kind === "gauge" && metric.unit === "1" ? "ratio" : null;
  if (suffix !== null) parts = [...parts.filter((part) => part !== suffix), suffix];
  const name = parts.join("_");
  return /^\d/.test(name) ? `_${name}` : name;
}

/** An attribute's key as a label. */
export function labelName(key: string): string {
  return key.replace(/[^A-Za-z0-9_]/g, "_");
}
