// Owns the shapes of the MySQL routes as docs/api.md states them. Durations are nanoseconds, ratios 0 to 1, rates a second;
// what a server could not tell is absent or null. Never holds logic.

export type Light = "green" | "yellow" | "red";

export interface MysqlReplica {
  channel: string;
  source: string;
  io: string;
  sql: string;
  lag_seconds: number | null;
  error: string;
}

export interface MysqlMissing {
  what: "grant" | "setting" | "capability";
  name: string;
  text: string;
}

export interface MysqlCost {
  server_ms_per_second: number;
  statements_per_second: number;
  own_cpu_ratio: number;
  skipped: number;
}

export interface MysqlServer {
  name: string;
  flavor: "mysql" | "mariadb" | "unknown";
  version: string;
  up: boolean;
  light: Light;
  reasons: { code: string; text: string }[];
  /** Since when it is up, or down. */
  since: string;
  uptime_seconds: number | null;
  interval_ms: number;
  figures: Record<string, number | undefined>;
  replication: MysqlReplica[];
  missing: MysqlMissing[];
  cost: MysqlCost;
}

export interface MysqlStatement {
  thread: number;
  user: string;
  host: string;
  schema: string;
  command: string;
  state: string;
  text: string;
  digest: string;
  duration_ns: number;
  lock_time_ns: number;
  rows_examined: number;
  rows_sent: number;
  trace_id: string | null;
  span_id: string | null;
  transaction_started: string | null;
}

export interface MysqlLockWait {
  waiting: MysqlStatement;
  blocking: MysqlStatement;
  object: string;
  index: string;
  mode: string;
  kind: "row" | "metadata";
  wait_ns: number;
}

export interface MysqlPoint {
  time: string;
  figures: Record<string, number | undefined>;
}

export interface MysqlLive {
  seq: number;
  server: MysqlServer;
  points: MysqlPoint[];
  statements: MysqlStatement[];
  locks: MysqlLockWait[];
}

export interface MysqlDigest {
  server: string;
  digest: string;
  schema: string;
  text: string;
  calls: number;
  errors: number;
  total_time_ns: number;
  avg_ns: number;
  p95_ns: number | null;
  p99_ns: number | null;
  max_ns: number | null;
  lock_time_ns: number;
  rows_examined: number;
  rows_sent: number;
  rows_affected: number;
  tmp_disk_tables: number;
  no_index_used: number;
  first_seen: string;
  last_seen: string;
  /** Nanoseconds in each of equal parts of the range. */
  sparkline: number[];
}

export interface MysqlPlan {
  plan_hash: string;
  first_seen: string;
  last_seen: string;
  /** What EXPLAIN FORMAT=JSON said; its form depends on server and version. */
  plan: unknown;
  sample: string;
}

export interface MysqlSample {
  time: string;
  text: string;
  duration_ns: number;
  rows_examined: number;
  trace_id: string | null;
  span_id: string | null;
  source: "current" | "slow_log";
  /** How its trace is known: the client said it, or a span of the same statement ran around it. */
  joined_by?: "context" | "time" | null;
}

export interface MysqlDigestPoint {
  time: string;
  calls: number;
  total_time_ns: number;
  errors: number;
  rows_examined: number;
}

export interface MysqlDigestTrace {
  trace_id: string;
  span_id: string;
  service_name: string;
  name: string;
  start: string;
  duration_ns: number;
  joined_by: "context" | "digest";
}

export interface MysqlDigestDetail {
  digest: MysqlDigest;
  points: MysqlDigestPoint[];
  plans: MysqlPlan[];
  samples: MysqlSample[];
  services: { service_name: string; spans: number; traces: number; total_time_ns: number }[];
  traces: MysqlDigestTrace[];
}

export type MysqlEventKind = "plan_change" | "variable_change" | "deadlock" | "restart" | "lock_wait" | "error_log";

export interface MysqlEvent {
  time: string;
  server: string;
  kind: MysqlEventKind;
  title: string;
  detail: Record<string, unknown>;
}

export interface DeadlockTransaction {
  thread: number;
  statement: string;
  holds: string;
  waits_for: string;
  trace_id: string | null;
}

export interface MysqlInnodb {
  buffer_pool: { size_bytes: number; data_bytes: number; dirty_bytes: number; free_pages: number; hit_ratio: number | null };
  log: { checkpoint_age_bytes: number | null; capacity_bytes: number | null };
  history_list_length: number | null;
  row_operations: Record<string, number>;
  semaphores_waits: number | null;
  status_text: string;
}

export interface MysqlTable {
  schema: string;
  table: string;
  rows: number;
  data_bytes: number;
  index_bytes: number;
  auto_increment_used_ratio: number | null;
}

export interface MysqlSpan {
  server: string | null;
  joined_by: "context" | "digest" | "none";
  digest: MysqlDigest | null;
  /** As EXPLAIN wrote it. */
  plan: unknown;
  samples: MysqlSample[];
  waits: { event: string; duration_ns: number }[];
  blocker: { statement: MysqlStatement; trace_id: string | null; span_id: string | null; object: string } | null;
}
