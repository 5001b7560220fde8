// Owns which figures of a server are drawn together, in which unit, and how PromQL asks for the same over longer times.
// Names are those of docs/mysql.md. Pure.
import { formatDuration } from "./duration";
import { formatBytes, formatValue } from "./numbers";
import { texts } from "../texts";

export interface ChartFigure {
  /** As the live route calls it. */
  name: string;
  /** Null where only the last minutes are known. */
  promql: string | null;
  colour: string;
}

export interface MysqlChart {
  key: "statements" | "connections" | "locks" | "rows" | "network" | "pool" | "trouble" | "lag" | "history";
  unit: "rate" | "count" | "bytes" | "ratio" | "seconds";
  figures: readonly ChartFigure[];
  /** A figure that is a limit: drawn as a dashed line while the others come near it. */
  limit?: string;
}

const WINDOW = "[$__rate_interval]";
const rate = (metric: string, labels = ""): string => `sum(rate(${metric}{mysql_instance_endpoint="$server"${labels}}${WINDOW}))`;
const last = (metric: string, labels = ""): string => `sum(${metric}{mysql_instance_endpoint="$server"${labels}})`;
const figure = (name: string, colour: number, promql: string | null): ChartFigure => ({ name, promql, colour: `var(--service-${colour})` });

const CHARTS: readonly MysqlChart[] = [
  { key: "statements", unit: "rate", figures: [figure("qps", 0, rate("mysql_query_count_total")), figure("tps", 2, rate("mysql_commands_total", ',command=~"commit|rollback"'))] },
  { key: "connections", unit: "count", limit: "connections_max", figures: [figure("connections", 0, last("mysql_threads", ',kind="connected"')), figure("connections_running", 1, last("mysql_threads", ',kind="running"'))] },
  { key: "locks", unit: "rate", figures: [figure("row_lock_waits_per_second", 3, rate("mysql_row_locks_total", ',kind="waits"')), figure("lock_waits_now", 1, last("mysql_lock_waits"))] },
  { key: "rows", unit: "rate", figures: [figure("rows_read_per_second", 0, rate("mysql_row_operations_total", ',operation="read"')), figure("rows_written_per_second", 6, rate("mysql_row_operations_total", ',operation!="read"'))] },
  { key: "network", unit: "bytes", figures: [figure("bytes_sent_per_second", 7, rate("mysql_client_network_io_bytes_total", ',kind="sent"')), figure("bytes_received_per_second", 5, rate("mysql_client_network_io_bytes_total", ',kind="received"'))] },
  { key: "pool", unit: "ratio", figures: [figure("buffer_pool_hit_ratio", 2, `1 - ${rate("mysql_buffer_pool_operations_total", ',operation="reads"')} / ${rate("mysql_buffer_pool_operations_total", ',operation="read_requests"')}`)] },
  { key: "trouble", unit: "rate", figures: [figure("slow_per_second", 1, rate("mysql_query_slow_count_total")), figure("tmp_disk_tables_per_second", 6, rate("mysql_tmp_resources_total", ',resource="disk_tables"')), figure("aborted_per_second", 8, rate("mysql_connection_errors_total", ',error=~"aborted.*"'))] },
  { key: "lag", unit: "seconds", figures: [figure("replication_lag_seconds", 8, `max(mysql_replica_time_behind_source_seconds{mysql_instance_endpoint="$server"})`)] },
  { key: "history", unit: "count", figures: [figure("history_list_length", 10, last("mysql_innodb_history_list_length"))] },
];

/** A replica shows its lag where a server that copies nobody shows the length of its history. */
export function chartsFor(isReplica: boolean): readonly MysqlChart[] {
  return CHARTS.filter((chart) => chart.key !== (isReplica ? "history" : "lag"));
}

/** The name of a server inside PromQL's quotes. */
export function promqlFor(text: string, server: string): string {
  return text.replaceAll("$server", server.replaceAll("\\", "\\\\").replaceAll('"', '\\"'));
}

/** Small lines of all servers at once, by the label that names them. */
export const FLEET_SPARKS = {
  qps: `sum by (mysql_instance_endpoint) (rate(mysql_query_count_total${WINDOW}))`,
  connections_running: `sum by (mysql_instance_endpoint) (mysql_threads{kind="running"})`,
  connections: `sum by (mysql_instance_endpoint) (mysql_threads{kind="connected"})`,
} as const;

export function writerOf(unit: MysqlChart["unit"]): (value: number | null | undefined) => string {
  return (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    if (unit === "bytes") return `${formatBytes(value)}/s`;
    if (unit === "ratio") return percentOf(value);
    if (unit === "seconds") return value === 0 ? "0 s" : formatDuration(value * 1e9);
    return shortNumber(value);
  };
}

/** As the axis writes it: without what the title says already. */
export function axisWriterOf(unit: MysqlChart["unit"]): (value: number | null | undefined) => string {
  const write = writerOf(unit);
  return (value) => (unit === "bytes" && value !== null && value !== undefined ? formatBytes(value).replace(".0 ", " ") : unit === "ratio" ? write(value).replace(".00", "") : write(value));
}

/** At most three digits, so that figures keep their width while they move. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.01) return "<0.01";
  if (size < 10) return String(Number(value.toFixed(2)));
  if (size < 1000) return String(Math.round(value));
  return formatValue(Number(value.toPrecision(3))).replace(/^(\d)(\d{3})$/, (_, thousands: string, rest: string) => `${Number(`${thousands}.${rest}`)}k`);
}

/** Near one the digits after the point are what matters: 99.94 %. */
export function percentOf(ratio: number): string {
  const percent = ratio * 100;
  if (percent >= 99.995) return texts.common.percent("100");
  return texts.common.percent(percent >= 90 ? percent.toFixed(2) : percent >= 10 || percent === 0 ? percent.toFixed(0) : percent.toFixed(1));
}
