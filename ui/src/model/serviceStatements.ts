// Owns the statements behind the pages of services. Names are quoted here; times are nanoseconds, which prunes files.
// Never sends one.
import { sqlText } from "./attributes";
import { nanosecondsText, type TimeRange } from "./instant";

/** What Spanlake calls itself in its own telemetry. */
export const OWN_SERVICE = "spanlake";
/** What comes into a service: asked by others, taken from a queue, or begun by itself. */
const ENTRIES = "(kind in ('server', 'consumer') or parent_span_id is null)";
const OPERATIONS_MAX = 500;
/** Counted where every span is there; estimated with weights, and the bounds of the 95 % interval, where some were sampled out. */
export type Form = "counted" | "estimated";

interface Measure {
  name: string;
  /** Of the spans that meet the condition, where one is given. */
  counted: (condition: string | undefined) => string;
  estimated: string;
}

const only = (condition: string | undefined): string => (condition ? ` filter (where ${condition})` : "");
const COUNTS: readonly Measure[] = [
  { name: "requests", counted: (condition) => `count(*)${only(condition)}`, estimated: "approx_count()" },
  {
    name: "errors",
    counted: (condition) => `count(*)${only([condition, "status_code = 'error'"].filter(Boolean).join(" and "))}`,
    estimated: "approx_sum(case when status_code = 'error' then 1 else 0 end)",
  },
];
const DURATIONS: readonly Measure[] = [0.5, 0.95, 0.99].map((quantile) => ({
  name: `p${String(quantile).slice(2).padEnd(2, "0")}`,
  counted: (condition) => `cast(approx_percentile_cont(duration, ${quantile})${only(condition)} as bigint)`,
  estimated: `approx_quantile(duration, ${quantile})`,
}));
const FIGURES = [...COUNTS, ...DURATIONS];

function columns(measures: readonly Measure[], form: Form, condition?: string): string[] {
  if (form === "counted") return measures.map(({ name, counted }) => `${counted(condition)} as ${name}`);
  const parts = [["value", ""], ["low", "_low"], ["high", "_high"]];
  return measures.flatMap(({ name, estimated }) => parts.map(([field, suffix]) => `get_field(${estimated}${only(condition)}, '${field}') as ${name}${suffix}`));
}

const at = (milliseconds: number): string => `to_timestamp_nanos(${nanosecondsText(Math.max(0, milliseconds))})`;
const bucket = (stepMs: number): string => `date_bin(interval '${stepMs} milliseconds', start_time) as bucket`;

function within(range: TimeRange, prefix = ""): string[] {
  return [`${prefix}start_time >= ${at(range.startMs)}`, `${prefix}start_time <= ${at(range.endMs)}`];
}

function statement(selected: string[], conditions: string[], groups: number, tail: string): string {
  const by = Array.from({ length: groups }, (_, index) => index + 1).join(", ");
  return `select ${selected.join(",\n  ")}\nfrom spans\nwhere ${conditions.join("\n  and ")}\ngroup by ${by}\n${tail}`;
}

const others = (internal: boolean): string[] => (internal ? [] : [`(service_name is distinct from ${sqlText(OWN_SERVICE)})`]);
const ofService = (service: string, onlyEntries: boolean): string[] => [`service_name = ${sqlText(service)}`, ...(onlyEntries ? [ENTRIES] : [])];

export function servicesStatement(range: TimeRange, internal: boolean, form: Form): string {
  return statement(["service_name", ...columns(FIGURES, form, ENTRIES)], [...within(range), ...others(internal)], 1, "order by service_name");
}

export function servicesOverTimeStatement(range: TimeRange, stepMs: number, internal: boolean, form: Form): string {
  return statement([bucket(stepMs), "service_name", ...columns(COUNTS, form)], [...within(range), ENTRIES, ...others(internal)], 2, "order by bucket");
}

export function serviceOverTimeStatement(service: string, range: TimeRange, stepMs: number, onlyEntries: boolean, form: Form): string {
  return statement([bucket(stepMs), ...columns(FIGURES, form)], [...within(range), ...ofService(service, onlyEntries)], 1, "order by bucket");
}

export function operationsStatement(service: string, range: TimeRange, onlyEntries: boolean, form: Form): string {
  return statement(["name", "kind", ...columns(FIGURES, form)], [...within(range), ...ofService(service, onlyEntries)], 2, `order by requests desc\nlimit ${OPERATIONS_MAX}`);
}

export function operationsOverTimeStatement(service: string, range: TimeRange, stepMs: number, onlyEntries: boolean, form: Form): string {
  return statement([bucket(stepMs), "name", "kind", ...columns(COUNTS, form)], [...within(range), ...ofService(service, onlyEntries)], 3, "order by bucket\nlimit 50000");
}

export function versionsStatement(service: string, range: TimeRange): string {
  return statement(["service_version", "min(start_time) as first_seen", "max(start_time) as last_seen", "count(*) as spans"], [...within(range), `service_name = ${sqlText(service)}`], 1, "order by first_seen");
}

/** A join reads both sides whole, so it is held to the end of the range; the page says so. */
export const CALLS_RANGE_MS = 15 * 60_000;
/** A parent may have begun before the range in which its child did. */
const PARENT_EARLIER_MS = 5 * 60_000;

export function callsRange(range: TimeRange): TimeRange {
  return { startMs: Math.max(range.startMs, range.endMs - CALLS_RANGE_MS), endMs: range.endMs };
}

/** Who calls the service, or whom it calls: spans whose parent is a span of another service. */
export function callsStatement(service: string, range: TimeRange, direction: "callers" | "callees"): string {
  const [own, peer] = direction === "callers" ? ["c", "p"] : ["p", "c"];
  const bounded = callsRange(range);
  const conditions = [
    ...within(bounded, "c."),
    ...within({ startMs: bounded.startMs - PARENT_EARLIER_MS, endMs: bounded.endMs }, "p."),
    `(${peer}.service_name is distinct from ${sqlText(service)})`,
    `${own}.service_name = ${sqlText(service)}`,
  ];
  return [
    `select ${peer}.service_name as peer,`,
    "  count(*) as calls,",
    "  count(*) filter (where c.status_code = 'error') as errors,",
    "  cast(approx_percentile_cont(c.duration, 0.95) as bigint) as p95",
    "from spans c",
    "join spans p on c.trace_id = p.trace_id and c.parent_span_id = p.span_id",
    `where ${conditions.join("\n  and ")}`,
    "group by 1",
    "order by calls desc",
    "limit 50",
  ].join("\n");
}
