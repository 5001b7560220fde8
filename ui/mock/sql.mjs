// Owns answers to a handful of statements; it does not understand SQL, only what the examples and tests need.
// The statements of whole pages are in statements.mjs.
import { HOSTS } from "./hosts.mjs";
import { allLogs } from "./logs.mjs";
import { runPageStatement } from "./statements.mjs";
import { runTraceStatement } from "./traceStatements.mjs";

const TABLES = {
  spans: [["trace_id", "FixedSizeBinary(16)"], ["span_id", "FixedSizeBinary(8)"], ["parent_span_id", "FixedSizeBinary(8)"], ["start_time", "Timestamp(ns, UTC)"], ["duration", "Int64"], ["name", "Utf8"], ["kind", "Utf8"], ["status_code", "Utf8"], ["service_name", "Utf8"], ["http_route", "Utf8"], ["http_response_status_code", "Int64"], ["attributes", "Map"], ["resource_attributes", "Map"]],
  logs: [["time", "Timestamp(ns, UTC)"], ["trace_id", "FixedSizeBinary(16)"], ["span_id", "FixedSizeBinary(8)"], ["severity_number", "Int32"], ["severity_text", "Utf8"], ["body", "Utf8"], ["service_name", "Utf8"], ["attributes", "Map"]],
  traces: [["trace_id", "FixedSizeBinary(16)"], ["start_time", "Timestamp(ns, UTC)"], ["duration", "Int64"], ["root_service", "Utf8"], ["root_name", "Utf8"], ["span_count", "Int64"], ["error_count", "Int64"]],
  metrics: [["time", "Timestamp(ns, UTC)"], ["name", "Utf8"], ["value", "Float64"], ["unit", "Utf8"], ["type", "Utf8"], ["service_name", "Utf8"], ["attributes", "Map"]],
};

const PLAN = `SortPreservingMergeExec: [spans@1 DESC], metrics=[output_rows=12, elapsed_compute=41.2µs, output_batches=1]
  SortExec: expr=[spans@1 DESC], metrics=[output_rows=12, elapsed_compute=181.66µs, row_replacements=9]
    AggregateExec: mode=FinalPartitioned, gby=[service_name@0], aggr=[count(*)], metrics=[output_rows=12, elapsed_compute=80.56µs]
      RepartitionExec: partitioning=Hash([service_name@0], 2), input_partitions=3, metrics=[output_rows=31, elapsed_compute=8.62µs, fetch_time=263ms]
        AggregateExec: mode=Partial, gby=[service_name@0], aggr=[count(*)], metrics=[output_rows=31, elapsed_compute=31.65ms]
          DataSourceExec: file_groups={2 groups: [[hour=20/a.parquet, hour=20/b.parquet], [hour=21/c.parquet]]}, projection=[service_name], metrics=[output_rows=1.15 M, elapsed_compute=263.89µs, bytes_scanned=3.02 M, time_elapsed_processing=181ms]`;

const iso = (ns) => `${new Date(Number(BigInt(ns) / 1_000_000n)).toISOString().slice(0, 19)}.${String(BigInt(ns) % 1_000_000_000n).padStart(9, "0")}Z`;
const column = (name, type) => ({ name, type });

export function runStatement(query, state) {
  const text = query.trim();
  const store = state.empty ? [] : state.store;
  const ofPage = runPageStatement(text, { logs: () => allLogs(state), spans: () => store.filter((trace) => trace.spans.length < 1000).flatMap((trace) => trace.spans) });
  const ofTracePage = runTraceStatement(text, store);
  if (ofTracePage) return answer(ofTracePage.columns.map((name) => column(name, "Utf8")), ofTracePage.rows);
  if (ofPage?.refused) return { error: { code: "invalid_query", message: ofPage.refused } };
  if (ofPage) return answer(ofPage.columns.map((name, place) => column(name, typeOf(ofPage.rows.find((row) => row[place] !== null)?.[place]))), ofPage.rows);
  const bad = /\bselct\b|\bfrm\b/i.exec(query);
  if (bad || text === "") {
    const before = query.slice(0, bad?.index ?? 0).split("\n");
    return { error: { code: "invalid_query", message: `SQL error: expected a statement, found ${bad?.[0] ?? "nothing"}`, hint: "A statement starts with SELECT, WITH or EXPLAIN.", line: before.length, column: before.at(-1).length + 1 } };
  }
  if (/information_schema/i.test(text)) {
    return answer([column("table_name", "Utf8"), column("column_name", "Utf8"), column("data_type", "Utf8")], Object.entries(TABLES).flatMap(([table, columns]) => columns.map(([name, type]) => [table, name, type])));
  }
  if (/^explain\b/i.test(text)) return answer([column("plan_type", "Utf8"), column("plan", "Utf8")], [["Plan with Metrics", PLAN]]);
  if (/from series where .*system\./is.test(text)) return answer([column("host", "Utf8")], HOSTS.map((host) => [host]));
  if (/date_bin|date_trunc/i.test(text)) return perMinute();
  if (/group by/i.test(text)) return perService(store);
  const ofTrace = /from logs where trace_id = '([0-9a-f]+)'/i.exec(text);
  if (ofTrace) {
    const names = ["time", "severity_number", "severity_text", "event_name", "body", "span_id", "service_name", "attributes"];
    const logs = store.find((trace) => trace.trace_id === ofTrace[1])?.logs ?? [];
    return answer(names.map((name) => column(name, "Utf8")), logs.map((log) => names.map((name) => (name === "time" ? iso(log.time) : log[name]))));
  }
  if (/from logs/i.test(text)) {
    const logs = store.flatMap((trace) => trace.logs);
    return answer([column("time", "Timestamp(ns, UTC)"), column("severity_text", "Utf8"), column("service_name", "Utf8"), column("body", "Utf8"), column("trace_id", "FixedSizeBinary(16)")], logs.map((log) => [iso(log.time), log.severity_text, log.service_name, log.body, log.trace_id]));
  }
  const rows = store.filter((trace) => trace.spans.length < 1000).flatMap((trace) => trace.spans).slice(0, 5000);
  return answer(
    [column("start_time", "Timestamp(ns, UTC)"), column("trace_id", "FixedSizeBinary(16)"), column("service_name", "Utf8"), column("name", "Utf8"), column("duration", "Int64"), column("status_code", "Utf8"), column("attributes", "Map")],
    rows.map((span) => [iso(span.start_time), span.trace_id, span.service_name, span.name, Number(span.duration), span.status.code, span.attributes]),
  );
}

function typeOf(value) {
  if (typeof value === "number") return Number.isInteger(value) ? "Int64" : "Float64";
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? "Timestamp(ns, UTC)" : "Utf8";
}

function perMinute() {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const rows = Array.from({ length: 60 }, (_, index) => [iso(BigInt(minute - (59 - index) * 60_000) * 1_000_000n), 1200 + Math.round(400 * Math.sin(index / 7) + 90 * Math.sin(index * 2)), Math.max(0, Math.round(12 * Math.sin(index / 5) + 8))]);
  return answer([column("minute", "Timestamp(ns, UTC)"), column("spans", "Int64"), column("errors", "Int64")], rows);
}

function perService(store) {
  const counts = new Map();
  for (const trace of store) for (const span of trace.spans) {
    const entry = counts.get(span.service_name) ?? [0, 0];
    entry[0]++;
    if (span.status.code === "error") entry[1]++;
    counts.set(span.service_name, entry);
  }
  const rows = [...counts].map(([service, [spans, errors]]) => [service, spans, errors]).sort((a, b) => b[1] - a[1]);
  return answer([column("service_name", "Utf8"), column("spans", "Int64"), column("errors", "Int64")], rows);
}

function answer(columns, rows) {
  return { columns, rows, stats: { rows: rows.length, truncated: false, elapsed_ms: 3.1, files_read: 2, files_total: 9, bytes_scanned: 81920 } };
}

export function asCsv({ columns, rows }) {
  const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  return [columns.map((one) => one.name), ...rows].map((row) => row.map(cell).join(",")).join("\n");
}
