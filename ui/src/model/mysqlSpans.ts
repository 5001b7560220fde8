// Owns which spans a MySQL server may know something of. Pure.
import type { Span } from "../api/types";

const SYSTEMS = new Set(["mysql", "mariadb"]);

/** By what the client's instrumentation calls the system, in its newer and its older name; a trace of a file is no server's. */
export function isMysqlSpan(span: Pick<Span, "attributes" | "trace_id">, shownTraceId: string): boolean {
  if (span.trace_id !== shownTraceId) return false;
  return SYSTEMS.has(String(span.attributes["db.system.name"] ?? span.attributes["db.system"] ?? ""));
}
