// Owns what links to a trace from elsewhere: the statement, and its answer by the span that is linked. Never asks.
import { sqlText } from "./attributes";

export interface ReverseLink {
  traceId: string;
  spanId: string;
  service: string;
  name: string;
  /** RFC 3339. */
  startTime: string;
}

export const REVERSE_LINKS_MAX = 500;

export function reverseLinkStatement(traceId: string): string {
  return `select linked_span_id, trace_id, span_id, service_name, span_name, span_start_time\nfrom span_links\nwhere linked_trace_id = ${sqlText(traceId)}\norder by span_start_time\nlimit ${REVERSE_LINKS_MAX}`;
}

export function readReverseLinks(rows: readonly (readonly unknown[])[]): ReadonlyMap<string, ReverseLink[]> {
  const bySpan = new Map<string, ReverseLink[]>();
  for (const [linked, traceId, spanId, service, name, startTime] of rows.map((row) => row.map((cell) => String(cell ?? "")))) {
    const link = { traceId, spanId, service, name, startTime };
    const known = bySpan.get(linked);
    if (known) known.push(link);
    else bySpan.set(linked, [link]);
  }
  return bySpan;
}
