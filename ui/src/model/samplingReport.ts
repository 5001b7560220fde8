// Owns what of the sampler's report stands on the page: shares of the budget, the hours as bars, the groups in order.
// Pure; never asks a server and never draws.

export interface Stratum {
  stratum: number;
  service: string;
  operation: string;
  reason: string;
  traces: number;
  kept_traces: number;
  bytes: number;
  kept_bytes: number;
  probability_min: number;
  probability_max: number;
}

export interface SampledHour {
  /** Hours since the epoch. */
  hour: number;
  allotted_bytes: number;
  level_bytes: number;
  offered_bytes: number;
  written_bytes: number;
}

export interface Decision {
  hour: number;
  traces: number;
  kept_traces: number;
  allotted_bytes: number;
  offered_bytes: number;
  kept_bytes: number;
  written_bytes: number | null;
  dropped_by_rules: number;
  hashed_ids: number;
  malformed_trace_states: number;
  strata: Stratum[];
}

export interface SamplingRule {
  name: string;
  action: "keep" | "drop" | { at_least: number };
}

export interface SamplingReport {
  day_bytes: number;
  rules: SamplingRule[];
  problems: string[];
  hours: SampledHour[];
  day_written_bytes: number;
  decisions: Decision[];
}

/** Rules without a budget run under one that nobody reaches. */
const NO_END_BYTES = 2 ** 50;

/** Share of the day's budget that is spent, from 0 up; null where there is no budget. */
export function spentShare(report: SamplingReport): number | null {
  return report.day_bytes >= NO_END_BYTES || report.day_bytes <= 0 ? null : report.day_written_bytes / report.day_bytes;
}

export interface HourBar {
  startMs: number;
  /** Of the picture's height, 0 to 1. */
  written: number;
  offered: number;
  allotted: number;
  hour: SampledHour;
}

/** The hours of the last two days that are known, each with its place in a picture whose top is the most that was written or allotted. */
export function hourBars(hours: readonly SampledHour[]): HourBar[] {
  const most = hours.reduce((top, one) => Math.max(top, one.written_bytes, one.allotted_bytes), 1);
  const height = (bytes: number): number => Math.min(1, bytes / most);
  return hours.map((hour) => ({ startMs: hour.hour * 3_600_000, written: height(hour.written_bytes), offered: height(hour.offered_bytes), allotted: height(hour.allotted_bytes), hour }));
}

/** The groups of the newest decision, those that take most of the budget first. */
export function groupsOf(report: SamplingReport): Stratum[] {
  const newest = report.decisions.at(-1);
  return [...(newest?.strata ?? [])].sort((a, b) => b.kept_bytes - a.kept_bytes || a.stratum - b.stratum);
}

/** `1`, `0.25`, `1 in 400`: a probability as one says it. */
export function probabilityText(probability: number, oneIn: (count: string) => string): string {
  if (probability >= 0.995) return "1";
  if (probability >= 0.1) return probability.toFixed(2);
  return oneIn(String(Math.round(1 / Math.max(probability, 1e-17))));
}

/** Why a trace was kept: a known word of the server, or one of the rules, whose name is its owner's. */
export function reasonText(reason: string, said: { reasons: Record<string, string>; ofRule: (name: string) => string }): string {
  const rule = /^rule: (.*)$/s.exec(reason);
  return rule ? said.ofRule(rule[1]) : (said.reasons[reason] ?? reason);
}
