// Owns how a trace is asked for outside the page: a line for a shell, a statement for the SQL page. Never holds a token:
// a line that is pasted into a chat must not carry one.
import { sqlText } from "./attributes";

/** Single quotes hold everything but themselves in a shell. */
function shellText(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Where the server wants a token, the shell's own variable is sent. */
export function curlCommand(origin: string, traceId: string, wantsToken: boolean): string {
  const header = wantsToken ? ` -H "Authorization: Bearer $SPANLAKE_TOKEN"` : "";
  return `curl -sS --compressed${header} ${shellText(`${origin}/api/traces/${encodeURIComponent(traceId)}`)}`;
}

/** What a spreadsheet can hold: a row a span, without lists and maps. */
export function traceTableStatement(traceId: string): string {
  return `select start_time, service_name, name, kind, duration, status_code, status_message, hex(span_id) as span_id, hex(parent_span_id) as parent_span_id\nfrom spans\nwhere trace_id = ${sqlText(traceId)}\norder by start_time, span_id`;
}

export function traceStatement(traceId: string): string {
  return `select * from spans\nwhere trace_id = ${sqlText(traceId)}\norder by start_time, span_id`;
}
