// Guarantees: a downloaded page holds the trace, closes no script early, and asks for nothing.
import { describe, expect, it } from "vitest";
import type { Span, TraceDetail } from "../api/types";
import { skeletonFromSpans } from "../model/skeletonFromSpans";
import { buildTraceTree } from "../model/traceTree";
import viewer from "./standaloneViewer.js?raw";
import { escapeHtml, scriptJson, standaloneHtml } from "./standaloneHtml";

const EVIL = `</script><script>alert(1)</script><!-- <img src="https://evil.example/x">`;
const span = { trace_id: "t", span_id: "a1", parent_span_id: null, trace_state: "", flags: 1, name: EVIL, kind: "server", start_time: "1732165200000000000", end_time: "1732165200000001000", duration: "1000", status: { code: "error", message: EVIL }, service_name: EVIL, attributes: { [EVIL]: EVIL }, resource_attributes: {}, scope_name: "", scope_version: "", scope_attributes: {}, events: [{ time: "1732165200000000500", name: EVIL, attributes: {}, dropped_attributes_count: 0 }], links: [], dropped_attributes_count: 0, dropped_events_count: 0, dropped_links_count: 0 } as Span;
const detail: TraceDetail = { trace_id: "t", spans: [span], logs: [{ time: "1732165200000000600", severity_number: 17, severity_text: "ERROR", event_name: "", body: EVIL, trace_id: "t", span_id: "a1", service_name: "s", attributes: {} }] };
const html = standaloneHtml({ tree: buildTraceTree(skeletonFromSpans("t", detail)), detail, title: EVIL, language: "en", colourOf: () => "#123456", style: "a{}", viewer, words: { search: "s", span: "s", spanId: "i", kind: "k", start: "t", message: "m", attributes: "a", event: "e", resource: "r", summary: "x", cut: "c" } });

describe("a page of its own", () => {
  it("has its two scripts and no third, whatever the trace says", () => {
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toContain("<img");
    expect(html).not.toContain("<!--");
  });
  it("holds the trace as it was", () => {
    const json = /<script id="trace" type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    const [row] = (JSON.parse(json) as { rows: { name: string; attributes: Record<string, string>; logs: { body: string }[]; events: unknown[]; error: boolean }[] }).rows;
    expect([row.name, row.attributes[EVIL], row.logs[0].body, row.events.length, row.error]).toEqual([EVIL, EVIL, EVIL, 1, true]);
  });
  it("may load nothing", () => {
    expect(html).toContain("default-src 'none'");
    expect(html.replace(/<script[\s\S]*?<\/script>/g, "").match(/<[^>]*(?:src|href)=/g)).toBeNull();
    expect(viewer).not.toMatch(/https?:|innerHTML|import\s|fetch\(/);
  });
});

it("escapes for where it stands", () => {
  expect(escapeHtml(`<a b="c">'&`)).toBe("&lt;a b=&quot;c&quot;&gt;&#39;&amp;");
  expect(JSON.parse(scriptJson(JSON.stringify({ a: "</script>\u2028" })))).toEqual({ a: "</script>\u2028" });
});
