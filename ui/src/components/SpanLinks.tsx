// Owns a span's links, both ways: to another trace by address, to a span of this trace by moving there; and what links here.
import { useReverseLinks } from "../api/spanQueries";
import type { Span } from "../api/types";
import { clockTime } from "../model/instant";
import type { TraceTree } from "../model/traceTree";
import { traceAddress } from "../router";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { PanelSection } from "./PanelSection";
import { ServiceDot } from "./ServicePill";

export function SpanLinks({ span, tree, onGoTo }: { span: Span; tree: TraceTree; onGoTo: (node: number) => void }) {
  return (
    <>
      <ul className="links">
        {span.links.map((link, index) => {
          const here = link.trace_id === tree.spans.traceId ? tree.nodeBySpanId.get(link.span_id) : undefined;
          return (
            <li key={index}>
              {here !== undefined ? (
                <button type="button" className="text-button mono" onClick={() => onGoTo(here)}>
                  <Icon name="link" size={13} /> {link.span_id} <span className="muted">{texts.span.sameTrace}</span>
                </button>
              ) : (
                <Link className="mono" href={traceAddress(link.trace_id, link.span_id)} title={texts.span.openTrace}>
                  <Icon name="link" size={13} /> {link.trace_id}
                </Link>
              )}
              {Object.keys(link.attributes).length > 0 && <AttributeTable attributes={link.attributes} dropped={link.dropped_attributes_count} />}
            </li>
          );
        })}
      </ul>
      {span.dropped_links_count > 0 && <p className="muted small">{texts.span.dropped(span.dropped_links_count)}</p>}
    </>
  );
}

/** Spans of any trace that name this one in their links. Of a trace from a file nobody is asked: its tree says so. */
export function ReverseLinks({ span, tree }: { span: Span; tree: TraceTree }) {
  const { data } = useReverseLinks(tree.spans.traceId);
  const links = data?.get(span.span_id);
  if (!links) return null;
  return (
    <PanelSection title={texts.span.linkedFrom} count={links.length}>
      <ul className="links">
        {links.map((link) => (
          <li key={`${link.traceId} ${link.spanId}`}>
            <Link className="reverse-link" href={traceAddress(link.traceId, link.spanId)} title={texts.span.openTrace}>
              <Icon name="back" size={13} />
              <ServiceDot name={link.service} />
              <strong>{link.service || texts.trace.noService}</strong> <span>{link.name}</span> <span className="muted">{clockTime(Date.parse(link.startTime)).slice(0, 8)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </PanelSection>
  );
}
