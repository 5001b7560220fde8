// Owns downloading a trace as a page of its own: gathers its details, its colours and the words. Loaded when asked for.
import { saveAs } from "../api/download";
import { plainTraceId } from "../api/localTraces";
import type { TraceDetail } from "../api/types";
import { readLanguage } from "../language";
import { formatDuration } from "../model/duration";
import { rfc3339 } from "../model/instant";
import type { TraceTree } from "../model/traceTree";
import { paletteColour, readPalette } from "../paint/palette";
import { texts } from "../texts";
import { STANDALONE_SPANS_MAX, standaloneHtml } from "./standaloneHtml";
import style from "./standaloneStyle.css?raw";
import viewer from "./standaloneViewer.js?raw";

export function downloadStandalone(tree: TraceTree, detail: TraceDetail, title: string): void {
  const palette = readPalette();
  const summary = [formatDuration(tree.totalNs), texts.trace.spans(tree.spans.count), rfc3339(String(tree.spans.originNs)), plainTraceId(tree.spans.traceId)].join(" · ");
  const html = standaloneHtml({
    tree, detail, title, style, viewer,
    language: readLanguage(),
    colourOf: (service) => paletteColour(palette, service),
    words: {
      search: texts.trace.search, span: texts.span.panel, spanId: texts.span.spanId, kind: texts.span.kind, start: texts.span.start, message: texts.span.statusMessage,
      attributes: texts.span.attributes, event: texts.files.event, resource: texts.span.resource, summary, cut: texts.files.cut(STANDALONE_SPANS_MAX),
    },
  });
  saveAs(new Blob([html], { type: "text/html" }), `trace-${plainTraceId(tree.spans.traceId)}.html`);
}
