// Owns the English of the page about sampling.
import { plural } from "./plural";

export const samplingPage = {
  title: "Sampling",
  off: "Every trace is kept",
  offHint: "Set sampling.day_bytes, and whole traces are chosen for the cold tier so that it grows by no more a day: the rare, the slow and the broken first, each with its probability.",
  budget: "Budget of 24 hours",
  spent: (written: string, day: string) => `${written} of ${day}`,
  noBudget: (written: string) => `${written}, without a limit`,
  waiting: "No hour has left the hot tier yet.",
  hours: "Hours that left the hot tier",
  hourTitle: (start: string, written: string, allotted: string, offered: string) => `${start}: wrote ${written} of ${allotted}; everything would have been ${offered}`,
  legend: { written: "written", allotted: "allotted" },
  newest: (start: string) => `What the hour from ${start} was spent on`,
  kept: (kept: string, all: string) => `${kept} of ${all} traces kept`,
  dropped: (count: number) => `${plural(count, "trace")} dropped by rules`,
  hashed: (count: number) => `${plural(count, "trace id")} that did not look random`,
  malformed: (count: number) => `${plural(count, "malformed tracestate")}`,
  columns: { group: "Traces of", reason: "Kept because", traces: "Traces", kept: "Kept", bytes: "Bytes kept", probability: "Probability" },
  others: "all other groups",
  oneIn: (count: string) => `1 in ${count}`,
  range: (low: string, high: string) => (low === high ? low : `${low} to ${high}`),
  reasons: {
    error: "it has an error", slow: "it is among the slowest 1 %", rare_operation: "its operation is rare", rare_shape: "its shape is rare", ordinary: "its share",
    severe_log: "a log of WARN or worse", linked: "a kept trace links to it", pin: "it is pinned",
  } as Record<string, string>,
  rules: "Rules",
  actions: { keep: "always kept", drop: "dropped", atLeast: (probability: string) => `kept with at least ${probability}` },
};
