// Owns writing a trace's skeleton as the Arrow stream that docs/api.md describes.
import * as arrow from "@uwdata/flechette";

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));

export function skeletonBytes(trace) {
  const logCounts = new Map();
  for (const log of trace.logs) logCounts.set(log.span_id, (logCounts.get(log.span_id) ?? 0) + 1);
  const { spans } = trace;
  const column = (values, type) => arrow.columnFromArray(values, type, { useBigInt: true });
  const table = arrow.tableFromColumns({
    span_id: column(spans.map((span) => bytesOf(span.span_id)), arrow.fixedSizeBinary(8)),
    parent_span_id: column(spans.map((span) => (span.parent_span_id ? bytesOf(span.parent_span_id) : null)), arrow.fixedSizeBinary(8)),
    start_time: int64AsTimestamp(column(spans.map((span) => BigInt(span.start_time)), arrow.int64())),
    duration: column(spans.map((span) => BigInt(span.duration)), arrow.int64()),
    service_name: column(spans.map((span) => span.service_name), arrow.utf8()),
    name: column(spans.map((span) => span.name), arrow.utf8()),
    kind: column(spans.map((span) => span.kind), arrow.utf8()),
    status_code: column(spans.map((span) => span.status.code), arrow.utf8()),
    event_count: column(spans.map((span) => span.events.length), arrow.uint32()),
    log_count: column(spans.map((span) => logCounts.get(span.span_id) ?? 0), arrow.uint32()),
  });
  return arrow.tableToIPC(table, { format: "stream" });
}

/** Built as plain 64-bit integers, then named a timestamp: the builder would take milliseconds. */
function int64AsTimestamp(column) {
  const type = arrow.timestamp(arrow.TimeUnit.NANOSECOND, "UTC");
  for (const batch of column.data) batch.type = type;
  column.type = type;
  return column;
}
