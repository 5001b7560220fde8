// Owns answers to the statements that the page of one trace sends: who has an attribute, what stands on the rows, what links
// here. Knows their forms only, as model/attributeSearch, model/spanPills and model/reverseLinks write them.

const TEXT = "'((?:[^']|'')*)'";
const unquote = (text) => text.replaceAll("''", "'");
const ATTRIBUTE = new RegExp(`^select span_id\\nfrom spans\\nwhere trace_id = ${TEXT}\\n  and \\((?:strpos\\(lower\\()?attributes\\[${TEXT}\\](?:\\), ${TEXT}\\) > 0| = ${TEXT}|( is not null)) or .*\\)\\nlimit \\d+$`);
const VALUES = new RegExp(`^select span_id, coalesce\\(attributes\\[${TEXT}\\], .*\\) as value\\nfrom spans\\nwhere trace_id = ${TEXT}\\n`);
const PILLS = new RegExp(`^select span_id, name, coalesce\\(http_request_method.*\\nfrom spans\\nwhere trace_id = ${TEXT}\\n  and `);
const REVERSE = new RegExp(`^select linked_span_id, trace_id.*\\nfrom span_links\\nwhere linked_trace_id = ${TEXT}\\n`);
const PILL_KEYS = [["http.request.method", "http.method"], ["http.response.status_code", "http.status_code"], ["rpc.system"], ["rpc.grpc.status_code"], ["db.system.name", "db.system"], ["messaging.system"], ["gen_ai.request.model"]];
const MOST = 20_000;

const iso = (ns) => `${new Date(Number(BigInt(ns) / 1_000_000n)).toISOString().slice(0, 19)}.${String(BigInt(ns) % 1_000_000_000n).padStart(9, "0")}Z`;

/** Null for statements of other forms. */
export function runTraceStatement(text, store) {
  const spansOf = (traceId) => (store.find((trace) => trace.trace_id === traceId)?.spans ?? []).slice(0, MOST);
  const attribute = ATTRIBUTE.exec(text);
  if (attribute) {
    const [, traceId, key, part, whole, isThere] = attribute;
    const holds = (map) => {
      const value = map?.[unquote(key)];
      if (value === undefined) return false;
      return isThere ? true : whole !== undefined ? String(value) === unquote(whole) : String(value).toLowerCase().includes(unquote(part));
    };
    return { columns: ["span_id"], rows: spansOf(traceId).filter((span) => holds(span.attributes) || holds(span.resource_attributes)).map((span) => [span.span_id]) };
  }
  const values = VALUES.exec(text);
  if (values) {
    const key = unquote(values[1]);
    const rows = spansOf(values[2]).map((span) => [span.span_id, span.attributes?.[key] ?? span.resource_attributes?.[key] ?? null]);
    return { columns: ["span_id", "value"], rows: rows.filter(([, value]) => value !== null) };
  }
  const pills = PILLS.exec(text);
  if (pills) {
    const valueOf = (span, keys) => keys.map((key) => span.attributes?.[key]).find((value) => value !== undefined) ?? null;
    const rows = spansOf(pills[1]).map((span) => [span.span_id, span.name, ...PILL_KEYS.map((keys) => valueOf(span, keys))]);
    return { columns: ["span_id", "name", ...PILL_KEYS.map((keys) => keys[0])], rows: rows.filter((row) => row.slice(2).some((value) => value !== null)) };
  }
  const reverse = REVERSE.exec(text);
  if (!reverse) return null;
  const small = store.filter((trace) => trace.spans.length < 1000).flatMap((trace) => trace.spans);
  const rows = small.flatMap((span) => (span.links ?? []).filter((link) => link.trace_id === reverse[1]).map((link) => [link.span_id, span.trace_id, span.span_id, span.service_name, span.name, iso(span.start_time)]));
  return { columns: ["linked_span_id", "trace_id", "span_id", "service_name", "span_name", "span_start_time"], rows };
}
