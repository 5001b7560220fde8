// Owns what the sampler of the mock reports: a day of hours under a budget, and the groups of the newest one.
const HOUR_MS = 3_600_000;

export function samplingReport(now = Date.now()) {
  const newest = Math.floor(now / HOUR_MS) - 6;
  const hours = Array.from({ length: 24 }, (_, at) => {
    const busy = 1 + Math.sin((at / 24) * 2 * Math.PI);
    const offered = 40e6 + busy * 160e6;
    const allotted = 42e6;
    return { hour: newest - 23 + at, allotted_bytes: allotted, level_bytes: allotted, offered_bytes: offered, written_bytes: Math.min(offered, allotted * (0.99 + (at % 3) * 0.01)) };
  });
  const group = (stratum, service, operation, reason, traces, kept, low, high) => ({ stratum, service, operation, reason, traces, kept_traces: kept, bytes: traces * 5200, kept_bytes: kept * 5200, probability_min: low, probability_max: high });
  const strata = [
    group(1, "frontend", "POST /orders", "ordinary", 48210, 3020, 0.04, 0.09), group(2, "frontend", "POST /orders", "error", 912, 912, 1, 1),
    group(3, "frontend", "GET /cart", "ordinary", 120400, 2810, 0.0025, 0.031), group(4, "checkout", "settle", "slow", 420, 371, 0.8, 1),
    group(5, "checkout", "refund", "rare_operation", 7, 7, 1, 1), group(6, "frontend", "GET /cart", "rule: payments that fail", 12, 12, 1, 1), group(0, "", "", "", 3100, 160, 0.01, 1),
  ];
  const decision = { hour: newest, traces: 173061, kept_traces: 7292, allotted_bytes: 42e6, offered_bytes: 9e8, kept_bytes: 41.8e6, written_bytes: 41.9e6, dropped_by_rules: 830, hashed_ids: 14, malformed_trace_states: 0, strata };
  return {
    day_bytes: 1e9, day_written_bytes: hours.reduce((sum, hour) => sum + hour.written_bytes, 0), hours, decisions: [decision],
    rules: [{ name: "payments that fail", action: "keep" }, { name: "health checks", action: "drop" }, { name: "slow", action: { at_least: 0.25 } }],
    problems: ["rule \"health checks\" matches nothing: no operation of the newest hour fits"],
  };
}
