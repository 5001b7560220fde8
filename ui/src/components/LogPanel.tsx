// Owns the panel beside the waterfall for one log record: what it says, when, and its attributes. Never fetches.
import type { LogRecord } from "../api/types";
import { formatDuration } from "../model/duration";
import { rfc3339 } from "../model/instant";
import { sinceOrigin } from "../model/spanLogs";
import type { TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { CopyButton } from "./CopyButton";
import { Icon } from "./Icon";
import { logBody, SeverityMark } from "./LogLines";
import { PanelSection } from "./PanelSection";
import { ServiceDot } from "./ServicePill";

interface LogPanelProps {
  tree: TraceTree;
  node: number;
  log: LogRecord;
  onClose: () => void;
  onOpenSpan: () => void;
}

export function LogPanel({ tree, node, log, onClose, onOpenSpan }: LogPanelProps) {
  const resource = log.resource_attributes ?? {};
  const sinceTrace = sinceOrigin(tree, log);
  const sinceSpan = sinceTrace - tree.startOf[node];
  return (
    <aside className="span-panel" aria-label={texts.logs.panel}>
      <div className="span-head">
        <div className="span-head-line">
          <SeverityMark log={log} />
          <ServiceDot name={log.service_name} />
          <span className="root-service">{log.service_name || texts.trace.noService}</span>
          <span className="toolbar-gap" />
          <button type="button" className="icon-button" title={texts.common.close} aria-label={texts.common.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <p className="muted small">
          {texts.logs.sinceTrace(formatDuration(Math.abs(sinceTrace)), sinceTrace < 0)} · {texts.logs.sinceSpan(formatDuration(Math.abs(sinceSpan)), sinceSpan < 0)} · {rfc3339(log.time)}
        </p>
        <button type="button" className="text-button" onClick={onOpenSpan}>
          <Icon name="link" size={13} />
          {tree.spans.names[node] || texts.trace.unnamed}
        </button>
      </div>
      <div className="span-body">
        <pre className="log-full">{logBody(log)}</pre>
        <PanelSection title={texts.span.attributes} count={Object.keys(log.attributes).length}>
          <AttributeTable attributes={log.attributes} dropped={log.dropped_attributes_count} />
        </PanelSection>
        {Object.keys(resource).length > 0 && (
          <PanelSection title={texts.span.resource} count={Object.keys(resource).length} isClosed>
            <AttributeTable attributes={resource} />
          </PanelSection>
        )}
        <CopyButton text={JSON.stringify(log, null, 2)} caption="JSON" label={texts.common.copy} />
      </div>
    </aside>
  );
}
