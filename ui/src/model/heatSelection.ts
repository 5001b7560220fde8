// Owns the part of the duration picture that someone brushed: how it stands in the address, how it becomes the filter,
// and how that is undone. Pure. Times in milliseconds, durations in nanoseconds.
import { withPart } from "./filterText";
import { nanosecondsText, writeRange, type TimeRange } from "./instant";
import { hasSpanCondition, type TraceFilter } from "./traceFilter";

export interface HeatSelection {
  /** Null: over the whole range. */
  time: TimeRange | null;
  /** Null: of any duration. */
  leastNs: number | null;
  mostNs: number | null;
  onlyErrors: boolean;
}

export const ALL_ERRORS: HeatSelection = { time: null, leastNs: null, mostNs: null, onlyErrors: true };

/** `startMs-endMs_leastNs-mostNs_error`, each part left out where it is all. */
export function writeSelection({ time, leastNs, mostNs, onlyErrors }: HeatSelection): string {
  const durations = leastNs === null && mostNs === null ? "" : `${leastNs ?? ""}-${mostNs ?? ""}`;
  return [time ? writeRange(time) : "", durations, onlyErrors ? "error" : ""].join("_").replace(/_+$/, "");
}

export function readSelection(text: string | null): HeatSelection | null {
  const match = /^(?:(\d{1,15})-(\d{1,15}))?(?:_(?:(\d{0,19})-(\d{0,19}))?)?(?:_(error)?)?$/.exec(text ?? "");
  if (!match || !text) return null;
  const number = (part: string | undefined): number | null => (part ? Number(part) : null);
  const [startMs, endMs] = [number(match[1]), number(match[2])];
  if (startMs !== null && endMs !== null && endMs <= startMs) return null;
  const [leastNs, mostNs] = [number(match[3]), number(match[4])];
  if (leastNs !== null && mostNs !== null && mostNs < leastNs) return null;
  const selection = { time: startMs !== null && endMs !== null ? { startMs, endMs } : null, leastNs, mostNs, onlyErrors: match[5] !== undefined };
  return selection.time || leastNs !== null || mostNs !== null || selection.onlyErrors ? selection : null;
}

const UNITS: [number, string][] = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]];

/** Three digits in a unit that a person reads, rounded so that the bound takes in no less than it did. */
export function boundText(nanoseconds: number, towards: "down" | "up"): string {
  const [size, unit] = UNITS.find(([candidate]) => nanoseconds >= candidate) ?? [1, "ns"];
  const value = nanoseconds / size;
  const digits = unit === "ns" ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1))));
  const scale = 10 ** digits;
  // What floating point adds beyond twelve digits must not push a round value to the next.
  const steps = Number((value * scale).toPrecision(12));
  const rounded = (towards === "down" ? Math.floor(steps) : Math.ceil(steps)) / scale;
  return `${Number(rounded.toFixed(digits))}${unit}`;
}

/** Parameters of the address that a selection changes, so that all of them can be put back at once. */
const CHANGED = ["range", "min", "max", "filter", "status"];

/**
 * What the address becomes when only the selection is to be seen. Where single spans are asked for, durations are those
 * of spans and go into the filter; otherwise they are those of whole traces.
 */
export function narrowedTo(selection: HeatSelection, filter: TraceFilter, search: string): Record<string, string | null> {
  const now = new URLSearchParams(search);
  const was = now.get("was") ?? new URLSearchParams(CHANGED.flatMap((name) => (now.get(name) ? [[name, now.get(name) ?? ""]] : []))).toString();
  const least = selection.leastNs === null ? null : boundText(selection.leastNs, "down");
  const most = selection.mostNs === null ? null : boundText(selection.mostNs, "up");
  const changes: Record<string, string | null> = { sel: null, diff: null, was: was === "" ? "-" : was };
  if (selection.time) changes.range = writeRange(selection.time);
  if (selection.onlyErrors) changes.status = "error";
  if (!hasSpanCondition(filter)) return { ...changes, ...(least === null ? {} : { min: least }), ...(most === null ? {} : { max: most }) };
  const bounds = [least === null ? "" : `duration >= ${least}`, most === null ? "" : `duration <= ${most}`].filter((bound) => bound !== "");
  if (bounds.length > 0) changes.filter = withPart(filter.query, bounds.join(" and "), bounds.join(" && "));
  return changes;
}

/** The way back: every parameter that was changed as it was before the first selection. */
export function undoneNarrowing(was: string): Record<string, string | null> {
  const before = new URLSearchParams(was === "-" ? "" : was);
  return { ...Object.fromEntries(CHANGED.map((name) => [name, before.get(name)])), was: null };
}

/** The parameters of `GET /api/traces/compare` that say what is selected. */
export function selectionParameters(selection: HeatSelection): Record<string, string | undefined> {
  return {
    selection_start: selection.time ? nanosecondsText(selection.time.startMs) : undefined,
    selection_end: selection.time ? nanosecondsText(selection.time.endMs) : undefined,
    selection_min_duration: selection.leastNs === null ? undefined : `${Math.floor(selection.leastNs)}ns`,
    selection_max_duration: selection.mostNs === null ? undefined : `${Math.ceil(selection.mostNs)}ns`,
    selection_status: selection.onlyErrors ? "error" : undefined,
  };
}

