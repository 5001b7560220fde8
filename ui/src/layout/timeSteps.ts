// Owns how a time range is cut into steps for counting: round ones, so that bars keep their place while time goes on.
// Pure.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ROUND_STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE,
  5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR,
];

/** The shortest round step that makes no more than `most` steps. */
export function roundStepMs(startMs: number, endMs: number, most: number): number {
  const rough = (endMs - startMs) / Math.max(most, 1);
  return ROUND_STEPS_MS.find((step) => step >= rough) ?? Math.ceil(rough / (24 * HOUR)) * 24 * HOUR;
}

/** The beginnings of all steps that touch the range, in milliseconds. */
export function stepStarts(startMs: number, endMs: number, stepMs: number): number[] {
  const first = Math.floor(startMs / stepMs);
  const count = Math.min(Math.max(Math.ceil(endMs / stepMs) - first, 1), 10_000);
  return Array.from({ length: count }, (_, index) => (first + index) * stepMs);
}
