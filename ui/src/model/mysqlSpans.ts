// Owns which spans a MySQL server may know something of. Pure.
import type { Span } from "../api/types";
import { isJson } from "./planNode";
import { readPlan, type Plan } from "./planTree";

const SYSTEMS = new Set(["mysql", "mariadb"]);

/** By what the client's instrumentation calls the system, in its newer and its older name; a trace of a file is no server's. */
export function isMysqlSpan(span: Pick<Span, "attributes" | "trace_id">, shownTraceId: string): boolean {
  if (span.trace_id !== shownTraceId) return false;
  return SYSTEMS.has(String(span.attributes["db.system.name"] ?? span.attributes["db.system"] ?? ""));
}

/** The plan of a span's statement: as EXPLAIN wrote it, or with the dates of its use round it. */
export function planOfSpan(plan: unknown): Plan | null {
  return readPlan(isJson(plan) && "plan_hash" in plan ? plan.plan : plan);
}
