// Owns the file that holds one trace as a page of its own: for a ticket, for someone without access. It asks for nothing
// from anywhere and its policy forbids it to. Nothing of the trace is markup: it lies in the file as JSON without `<`.
import type { TraceDetail } from "../api/types";
import { attributeText, type Attributes, type AttributeValue } from "../model/attributes";
import { formatDuration } from "../model/duration";
import { rfc3339, safeBigInt } from "../model/instant";
import { isMissing, type TraceTree } from "../model/traceTree";

export interface StandaloneInput {
  tree: TraceTree;
  detail: TraceDetail;
  title: string;
  language: string;
  colourOf: (service: string) => string;
  style: string;
  viewer: string;
  words: StandaloneWords;
}

export interface StandaloneWords {
  search: string;
  span: string;
  spanId: string;
  kind: string;
  start: string;
  message: string;
  attributes: string;
  event: string;
  resource: string;
  summary: string;
  cut: string;
}

/** A page without virtual rows is slow with more; those from the top are kept and the file says so. */
export const STANDALONE_SPANS_MAX = 5000;

export function standaloneHtml(input: StandaloneInput): string {
  const { title, style, viewer, words, language } = input;
  const rows = standaloneRows(input);
  const isCut = input.tree.spans.count > STANDALONE_SPANS_MAX;
  const json = JSON.stringify({ totalNs: input.tree.totalNs, words, rows });
  // A script's text ends at the first `</script`, whatever it stands in.
  const code = viewer.replaceAll("</", "<\\/");
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style.replaceAll("</", "<\\/")}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1><span>${escapeHtml(words.summary)}</span>${isCut ? `<span>${escapeHtml(words.cut)}</span>` : ""}<input id="search" type="search" placeholder="${escapeHtml(words.search)}" aria-label="${escapeHtml(words.search)}"></header>
<main id="rows"></main>
<script id="trace" type="application/json">${scriptJson(json)}</script>
<script>${code}</script>
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** The same JSON without any `<`, so that neither `</script>` nor `<!--` can stand in it. */
export function scriptJson(json: string): string {
  return json.replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function standaloneRows({ tree, detail, colourOf }: StandaloneInput) {
  const spanOf = new Map(detail.spans.map((span) => [`${span.span_id} ${span.start_time} ${span.name}`, span]));
  const logsOf = new Map<string, TraceDetail["logs"]>();
  for (const log of detail.logs) {
    const known = logsOf.get(log.span_id);
    if (known) known.push(log);
    else logsOf.set(log.span_id, [log]);
  }
  const since = (time: string): string => formatDuration(Number(safeBigInt(time) - tree.spans.originNs));
  return [...tree.order].filter((node) => !isMissing(tree, node)).slice(0, STANDALONE_SPANS_MAX).map((node) => {
    const { spans } = tree;
    const startTime = String(spans.originNs + BigInt(spans.starts[node]));
    const span = spanOf.get(`${spans.spanIds.at(node)} ${startTime} ${spans.names[node]}`);
    const service = spans.services[spans.serviceOf[node]];
    return {
      spanId: spans.spanIds.at(node),
      service,
      name: spans.names[node],
      kind: spans.kinds[node],
      depth: tree.depthOf[node],
      startNs: tree.startOf[node],
      endNs: tree.endOf[node],
      startTime: rfc3339(startTime),
      duration: formatDuration(spans.durations[node]),
      error: spans.errors[node] === 1,
      colour: colourOf(service),
      message: span?.status.message ?? "",
      attributes: texts(span?.attributes),
      resource: texts(span?.resource_attributes),
      events: (span?.events ?? []).map((event) => ({ name: event.name, since: since(event.time), attributes: texts(event.attributes) })),
      logs: (logsOf.get(spans.spanIds.at(node)) ?? []).map((log) => ({ since: since(log.time), severity: log.severity_text, body: attributeText((log.body ?? "") as AttributeValue) || log.event_name })),
    };
  });
}

function texts(attributes: Attributes | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes ?? {}).map(([key, value]) => [key, attributeText(value)]));
}
