// Owns reading the series that TraceQL makes (`| rate()`, `| quantile_over_time(…)`), as Tempo's API writes them: on the grid
// of a panel, and at one moment. Never asks and never draws.
import type { Frame } from "./boardData";
import { numberOf, secondsOf, type Labels, type MatrixAnswer } from "./promAnswer";
import type { Steps } from "./promRange";

interface AnyValue {
  stringValue?: string;
  intValue?: string;
  doubleValue?: number | string;
  boolValue?: boolean;
}

export interface TraceqlAnswer {
  series: {
    labels: { key: string; value: AnyValue }[];
    /** Over a range; infinities are texts. */
    samples?: { timestampMs: string; value: number | string }[];
    /** At a moment. */
    value?: number | string;
  }[];
}

function labelsOf(labels: TraceqlAnswer["series"][number]["labels"]): Labels {
  return Object.fromEntries(labels.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? "")]));
}

const valueOf = (value: number | string): number => (typeof value === "number" ? value : value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : numberOf(value));

/** One value a step; a step without spans is a gap, as the server left it out. */
export function frameFromTraceql(answer: TraceqlAnswer, steps: Steps): Frame {
  const seconds = secondsOf(steps);
  const series = answer.series.map(({ labels, samples = [] }) => {
    const values = new Array<number | null>(seconds.length).fill(null);
    for (const { timestampMs, value } of samples) {
      const place = Math.round((Number(timestampMs) - steps.startMs) / steps.stepMs);
      const number = valueOf(value);
      if (place >= 0 && place < values.length && Number.isFinite(number)) values[place] = number;
    }
    return { labels: labelsOf(labels), values };
  });
  return { seconds, series };
}

/** The form that PromQL's answers at a moment have, so that tables and bars are made of both alike. */
export function vectorFromTraceql(answer: TraceqlAnswer, atMs: number): MatrixAnswer {
  const result = answer.series.flatMap(({ labels, value }): MatrixAnswer["result"] => (value === undefined ? [] : [{ metric: labelsOf(labels), value: [atMs / 1000, String(valueOf(value))] }]));
  return { resultType: "vector", result };
}
