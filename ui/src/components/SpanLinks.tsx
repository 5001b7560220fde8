// Owns a span's links: to another trace by address, to a span of this trace by moving there.
import type { Span } from "../api/types";
import type { TraceTree } from "../model/traceTree";
import { traceAddress } from "../router";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { Icon } from "./Icon";
import { Link } from "./Link";

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
