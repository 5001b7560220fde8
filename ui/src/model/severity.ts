// Owns what a log's severity number means to people.

export type SeverityLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

const LEVELS: readonly SeverityLevel[] = ["trace", "debug", "info", "warn", "error", "fatal"];

/** OTLP has four numbers per level, from 1; 0 is unspecified. */
export function severityLevel(severityNumber: number): SeverityLevel | null {
  if (severityNumber < 1) return null;
  return LEVELS[Math.min(Math.floor((severityNumber - 1) / 4), LEVELS.length - 1)];
}

export function leastNumber(level: SeverityLevel): number {
  return LEVELS.indexOf(level) * 4 + 1;
}
