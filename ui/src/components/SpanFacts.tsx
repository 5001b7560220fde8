// Owns the plain fields of a span: ids, kind, exact times, flags, schema addresses.
import type { ReactNode } from "react";
import type { Span } from "../api/types";
import { rfc3339 } from "../model/instant";
import { isMissing, type TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { CopyButton } from "./CopyButton";

interface SpanFactsProps {
  span: Span;
  tree: TraceTree;
  node: number;
  onGoTo: (node: number) => void;
}

export function SpanFacts({ span, tree, node, onGoTo }: SpanFactsProps) {
  const parent = tree.parentOf[node];
  const isParentHere = parent !== -1 && !isMissing(tree, parent);
  return (
    <dl className="attributes">
      <Fact name={texts.span.spanId} copy={span.span_id}>{span.span_id}</Fact>
      {span.parent_span_id && (
        <Fact name={texts.span.parent}>
          {isParentHere ? (
            <button type="button" className="text-button mono" onClick={() => onGoTo(parent)}>
              {span.parent_span_id}
            </button>
          ) : (
            span.parent_span_id
          )}
        </Fact>
      )}
      <Fact name={texts.span.kind}>{span.kind}</Fact>
      <Fact name={texts.span.start} copy={rfc3339(span.start_time)}>{rfc3339(span.start_time)}</Fact>
      {span.trace_state && <Fact name={texts.span.traceState}>{span.trace_state}</Fact>}
      {span.received_time && <Fact name={texts.span.received}>{rfc3339(span.received_time)}</Fact>}
      {span.resource_schema_url && <Fact name={texts.span.schema}>{span.resource_schema_url}</Fact>}
    </dl>
  );
}

function Fact({ name, copy, children }: { name: string; copy?: string; children: ReactNode }) {
  return (
    <div className="attribute">
      <dt>{name}</dt>
      <dd>
        <span className="attribute-value">{children}</span>
        {copy && (
          <span className="attribute-tools">
            <CopyButton text={copy} label={texts.span.copyValue(name)} />
          </span>
        )}
      </dd>
    </div>
  );
}
