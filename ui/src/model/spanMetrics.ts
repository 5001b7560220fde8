// Owns which metrics stand beside a span: of the process, container, pod or host that it ran in, by conventional names and
// the resource's attributes, which are labels of their series. Pure; never asks.
import type { MetricInfo } from "../api/types";
import { attributeText, type Attributes } from "./attributes";
import type { Steps } from "./promRange";
import { stepsOf } from "./promRange";
import { labelName } from "./promNames";
import type { Matcher } from "./promQuery";

const BEFORE_MS = 600_000;
const AFTER_MS = 300_000;
const POINTS = 60;
/** A span of hours still has what was round it. */
const SPAN_MOST_MS = 6 * 3_600_000;

/** What tells whose series they are: the first that the resource has. */
const SCOPES: readonly { of: RegExp; keys: readonly string[] }[] = [
  { of: /^container\./, keys: ["container.id", "k8s.pod.uid", "k8s.pod.name"] },
  { of: /^k8s\.pod\./, keys: ["k8s.pod.uid", "k8s.pod.name"] },
  { of: /^system\./, keys: ["host.id", "host.name"] },
];
const PROCESS_KEYS = ["service.instance.id", "service.name"];

/** One of each, the nearest to the span first: what it had of processor, memory, runtime and queues. */
const WANTED: readonly (readonly RegExp[])[] = [
  [/^process\.cpu\.utilization$/, /^jvm\.cpu\.recent_utilization$/, /^container\.cpu\.(utilization|usage)$/, /^k8s\.pod\.cpu\.(utilization|usage)$/, /^process\.cpu\.time$/, /^system\.cpu\.utilization$/],
  [/^process\.memory\.usage$/, /^jvm\.memory\.used$/, /^container\.memory\.(usage|working_set)$/, /^k8s\.pod\.memory\.(usage|working_set)$/, /^system\.memory\.utilization$/],
  [/^jvm\.gc\.duration$/, /^nodejs\.eventloop\.(utilization|delay\.p99)$/, /^v8js\.gc\.duration$/, /^go\.goroutine\.count$/, /^dotnet\.gc\.pause\.time$/, /^(process|cpython)\.gc\./],
  [/^db\.client\.connection\.count$/, /^db\.client\.connections\.usage$/, /^http\.server\.active_requests$/, /^http\.server\.request\.duration$/, /^rpc\.server\.(call\.)?duration$/],
];

export interface SpanMetric {
  metric: MetricInfo;
  matchers: Matcher[];
}

export function metricsOfSpan(metrics: readonly MetricInfo[], resource: Attributes): SpanMetric[] {
  const service = resource["service.name"];
  const found: SpanMetric[] = [];
  for (const wanted of WANTED) {
    for (const pattern of wanted) {
      const one = metrics.map((metric) => pattern.test(metric.name) ? withMatchers(metric, resource, service === undefined ? "" : attributeText(service)) : null).find((fits) => fits !== null);
      if (!one) continue;
      found.push(one);
      break;
    }
  }
  return found;
}

function withMatchers(metric: MetricInfo, resource: Attributes, service: string): SpanMetric | null {
  const scope = SCOPES.find(({ of }) => of.test(metric.name));
  // What a process says of itself is said by its own service; a container is measured by somebody else.
  if (!scope && !metric.services.includes(service)) return null;
  const key = (scope?.keys ?? PROCESS_KEYS).find((one) => resource[one] !== undefined);
  return key === undefined ? null : { metric, matchers: [{ label: labelName(key), sign: "=", value: attributeText(resource[key]) }] };
}

/** Some minutes before the span and after it, never past now; null of a span that is too long or not yet begun. */
export function stepsRound(startMs: number, endMs: number, nowMs: number): Steps | null {
  if (endMs - startMs > SPAN_MOST_MS || startMs > nowMs || !(endMs >= startMs)) return null;
  return stepsOf({ startMs: startMs - BEFORE_MS, endMs: Math.min(endMs + AFTER_MS, nowMs) }, POINTS);
}

/** The value at the end of the span: the last that was known by then, or else the first after it. */
export function valueAt(values: readonly (number | null)[], steps: Steps, atMs: number): number | null {
  const place = Math.min(Math.max(Math.floor((atMs - steps.startMs) / steps.stepMs), 0), values.length - 1);
  return values.slice(0, place + 1).findLast((value) => value !== null) ?? values.slice(place + 1).find((value) => value !== null) ?? null;
}
