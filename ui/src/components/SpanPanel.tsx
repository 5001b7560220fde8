// Owns the panel beside the waterfall: one span's details, asked for when it is opened. Never holds the selection.
import { useMemo, useState } from "react";
import { isLocalTraceId } from "../api/localTraces";
import { useSpan } from "../api/queries";
import type { Span, TraceDetail } from "../api/types";
import { attributeText, type AttributeValue } from "../model/attributes";
import { wordFor } from "../model/attributeSearch";
import { readPinned, togglePinned } from "../model/pinnedAttributes";
import { formatDuration } from "../model/duration";
import { isMysqlSpan } from "../model/mysqlSpans";
import { selfTimeOf } from "../model/selfTime";
import { isMissing, spanIdOf, type TraceTree } from "../model/traceTree";
import { serviceAddress } from "../router";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { Conversation } from "./Conversation";
import { CopyButton } from "./CopyButton";
import { ErrorNote } from "./ErrorNote";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { LoadingNote } from "./LoadingNote";
import { LogLines } from "./LogLines";
import { PanelSection } from "./PanelSection";
import { ServiceDot } from "./ServicePill";
import { SkewNote } from "./SkewNote";
import { SpanDatabase } from "./mysql/SpanDatabase";
import { SpanEvents } from "./SpanEvents";
import { SpanFacts } from "./SpanFacts";
import { ReverseLinks, SpanLinks } from "./SpanLinks";
import { SpanMetrics } from "./SpanMetrics";
import { SpanPeers } from "./SpanPeers";
import { PinnedAttributes } from "./PinnedAttributes";

interface SpanPanelProps {
  tree: TraceTree;
  node: number;
  onClose: () => void;
  onZoom: (node: number) => void;
  onGoTo: (node: number) => void;
  /** Looks for a text in this trace. */
  onSearch: (text: string) => void;
}

export function SpanPanel({ tree, node, onClose, onZoom, onGoTo, onSearch }: SpanPanelProps) {
  const missing = isMissing(tree, node);
  const { spans } = tree;
  const spanId = spanIdOf(tree, node);
  const query = useSpan(spans.traceId, missing ? null : spanId);
  const service = missing ? "" : spans.services[spans.serviceOf[node]];
  return (
    <aside className="span-panel" aria-label={texts.span.panel}>
      <div className="span-head">
        <div className="span-head-line">
          {!missing && <ServiceDot name={service} />}
          {missing || service === "" ? (
            <span className="root-service">{missing ? texts.trace.missingParent : texts.trace.noService}</span>
          ) : (
            <Link className="root-service" href={serviceAddress(service, null)} title={texts.span.toService(service)}>{service}</Link>
          )}
          <span className="toolbar-gap" />
          <button type="button" className="icon-button" title={texts.span.zoomTo} aria-label={texts.span.zoomTo} onClick={() => onZoom(node)}>
            <Icon name="zoom" />
          </button>
          <button type="button" className="icon-button" title={texts.common.close} aria-label={texts.common.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <h2>{missing ? <span className="mono">{spanId}</span> : spans.names[node] || texts.trace.unnamed}</h2>
        <SpanShare tree={tree} node={node} />
        <SpanPeers tree={tree} node={node} />
      </div>
      <div className="span-body">
        {missing && <p className="muted">{texts.span.missing}</p>}
        <SkewNote tree={tree} node={node} />
        {query.error && !query.data && <ErrorNote title={texts.span.loadFailed} error={query.error} retry={() => void query.refetch()} />}
        {!missing && !query.data && !query.error && <LoadingNote />}
        {query.data && <SpanDetails key={node} tree={tree} node={node} detail={query.data} onGoTo={onGoTo} onSearch={onSearch} />}
      </div>
    </aside>
  );
}

/** Where the span lies in the trace, as a thin line, with its duration and self time. */
function SpanShare({ tree, node }: { tree: TraceTree; node: number }) {
  const total = Math.max(tree.totalNs, 1);
  const [start, end] = [tree.startOf[node], tree.endOf[node]];
  const self = useMemo(() => selfTimeOf(tree, node), [tree, node]);
  return (
    <div className="span-share">
      <span className="share-track" aria-hidden="true">
        <span style={{ left: `${(start / total) * 100}%`, width: `${Math.max(0.6, ((end - start) / total) * 100)}%` }} />
      </span>
      <dl className="share-facts">
        <div>
          <dt>{texts.span.duration}</dt>
          <dd>
            {formatDuration(isMissing(tree, node) ? end - start : tree.spans.durations[node])} <span className="muted">{texts.common.percent(((100 * (end - start)) / total).toFixed(1))}</span>
          </dd>
        </div>
        <div>
          <dt>{texts.span.self}</dt>
          <dd>{formatDuration(self)}</dd>
        </div>
        <div>
          <dt>{texts.span.start}</dt>
          <dd>+{formatDuration(start)}</dd>
        </div>
      </dl>
    </div>
  );
}

interface SpanDetailsProps extends Pick<SpanPanelProps, "tree" | "node" | "onGoTo" | "onSearch"> {
  detail: TraceDetail;
}

function SpanDetails({ tree, node, detail, onGoTo, onSearch }: SpanDetailsProps) {
  const [filter, setFilter] = useState("");
  const [pinned, setPinned] = useState(readPinned);
  const actions = { pinned, onPin: (key: string) => setPinned(togglePinned(key)), onSearch: (key: string, value: AttributeValue) => onSearch(wordFor(key, attributeText(value))) };
  const span = matchingSpan(detail.spans, tree, node);
  if (!span) return <p className="muted">{texts.span.notStored}</p>;
  const attributeCount = Object.keys(span.attributes).length + Object.keys(span.resource_attributes).length;
  return (
    <>
      {span.status.message && <p className="status-message">{span.status.message}</p>}
      {isMysqlSpan(span, tree.spans.traceId) && <SpanDatabase traceId={span.trace_id} spanId={span.span_id} durationNs={tree.spans.durations[node]} />}
      <Conversation span={span} />
      <PinnedAttributes span={span} actions={actions} />
      {span.events.length > 0 && (
        <PanelSection title={texts.span.events} count={span.events.length}>
          <SpanEvents span={span} />
        </PanelSection>
      )}
      {attributeCount > 8 && (
        <input className="attribute-filter" value={filter} placeholder={texts.span.filter} aria-label={texts.span.filter} onChange={(change) => setFilter(change.target.value)} />
      )}
      <PanelSection title={texts.span.attributes} count={Object.keys(span.attributes).length}>
        <AttributeTable attributes={span.attributes} map="attributes" filter={filter} actions={actions} dropped={span.dropped_attributes_count} />
      </PanelSection>
      {detail.logs.length > 0 && (
        <PanelSection title={texts.span.logs} count={detail.logs.length}>
          <LogLines logs={detail.logs} originNs={tree.spans.originNs} />
        </PanelSection>
      )}
      {span.links.length > 0 && (
        <PanelSection title={texts.span.links} count={span.links.length}>
          <SpanLinks span={span} tree={tree} onGoTo={onGoTo} />
        </PanelSection>
      )}
      <ReverseLinks span={span} tree={tree} />
      {!isLocalTraceId(tree.spans.traceId) && <SpanMetrics span={span} />}
      <PanelSection title={texts.span.resource} count={Object.keys(span.resource_attributes).length}>
        <AttributeTable attributes={span.resource_attributes} map="resource_attributes" filter={filter} actions={actions} />
      </PanelSection>
      <PanelSection title={texts.span.scope} note={[span.scope_name, span.scope_version].filter(Boolean).join(" ")} isClosed={Object.keys(span.scope_attributes).length === 0}>
        <AttributeTable attributes={span.scope_attributes} map="scope_attributes" filter={filter} />
      </PanelSection>
      <PanelSection title={texts.span.panel} note={span.span_id} isClosed>
        <SpanFacts span={span} tree={tree} node={node} onGoTo={onGoTo} />
      </PanelSection>
      <CopyButton text={JSON.stringify(span, null, 2)} caption="JSON" label={texts.common.copy} />
    </>
  );
}

/** Where an id was used twice the server sends both; name and start tell which one is meant. */
function matchingSpan(spans: Span[], tree: TraceTree, node: number): Span | undefined {
  const start = String(tree.spans.originNs + BigInt(tree.spans.starts[node]));
  return spans.find((span) => span.start_time === start && span.name === tree.spans.names[node]) ?? spans[0];
}
