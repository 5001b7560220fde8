// Owns the panel beside the list of logs: the whole of one record, the lines round it, and where to go from it.
// Never holds which record is open; that is in the address.
import { useLogContext, useLogRecord, type FullLogRecord } from "../api/logQueries";
import { nanosecondsOf, rfc3339 } from "../model/instant";
import { withAttribute } from "../model/logFilter";
import { attributeText } from "../model/attributes";
import { prettyBody } from "../model/logBody";
import { severityLevel } from "../model/severity";
import { setParameters, traceAddress, useParameter } from "../router";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { CopyButton } from "./CopyButton";
import { ErrorNote } from "./ErrorNote";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { LoadingNote } from "./LoadingNote";
import { LogContext } from "./LogContext";
import { PanelSection } from "./PanelSection";
import { ServiceDot } from "./ServicePill";

export const CONTEXT_COUNTS = [5, 20, 100];

export function LogRecordPanel({ recordKey, onClose }: { recordKey: string; onClose: () => void }) {
  const query = useLogRecord(recordKey);
  const [countText] = useParameter("context");
  const count = CONTEXT_COUNTS.find((one) => String(one) === countText) ?? CONTEXT_COUNTS[0];
  const record = query.data ?? null;
  const context = useLogContext(record, count);
  const { logsPage } = texts;
  return (
    <aside className="span-panel log-panel" aria-label={logsPage.panel} data-stale={query.isPlaceholderData || undefined}>
      <div className="span-head">
        <div className="span-head-line">
          {record && <RecordTitle record={record} />}
          <span className="toolbar-gap" />
          <button type="button" className="icon-button" title={texts.common.close} aria-label={texts.common.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {record && <p className="muted small">{rfc3339(record.timeNs)}</p>}
        {record && record.traceId !== "" && (
          <Link className="text-button" href={traceAddress(record.traceId, record.spanId)}>
            <Icon name="link" size={13} />
            {logsPage.toTrace}
          </Link>
        )}
      </div>
      <div className="span-body">
        {query.error && !record && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && !query.error && <LoadingNote />}
        {query.data === null && <p className="muted">{logsPage.gone}</p>}
        {record && <RecordDetails record={record} />}
        {record && (
          <PanelSection title={logsPage.context}>
            <LogContext record={record} context={context.data} error={context.error} count={count} onOpen={(key) => setParameters({ log: key })} />
          </PanelSection>
        )}
      </div>
    </aside>
  );
}

function RecordTitle({ record }: { record: FullLogRecord }) {
  const level = severityLevel(record.severityNumber);
  return (
    <>
      <span className="severity" data-level={level ?? undefined}>{record.severityText || level?.toUpperCase() || "–"}</span>
      <ServiceDot name={record.service} />
      <span className="root-service">{record.service || texts.trace.noService}</span>
    </>
  );
}

function RecordDetails({ record }: { record: FullLogRecord }) {
  const [attributes, setAttributes] = useParameter("attr");
  const narrow = (key: string, value: Parameters<typeof attributeText>[0]): void => setAttributes(withAttribute(attributes ?? "", key, attributeText(value)));
  const { logsPage } = texts;
  const facts: Record<string, string> = {
    ...(record.eventName === "" ? {} : { [logsPage.eventName]: record.eventName }),
    [logsPage.observed]: rfc3339(nanosecondsOf(record.observed)),
    [logsPage.received]: rfc3339(record.receivedNs),
    ...(record.traceId === "" ? {} : { [logsPage.traceId]: record.traceId }),
    ...(record.spanId === "" ? {} : { [logsPage.spanId]: record.spanId }),
    ...(record.scope === "" ? {} : { [texts.span.scope]: record.scope }),
  };
  const whole = { time: rfc3339(record.timeNs), severity: record.severityText, service: record.service, body: record.body, trace_id: record.traceId, span_id: record.spanId, attributes: record.attributes, resource: record.resourceAttributes };
  return (
    <>
      <div className="log-message">
        <pre className="log-full mono">{prettyBody(record.body) || record.eventName}</pre>
        <CopyButton text={record.body} />
      </div>
      <PanelSection title={texts.span.attributes} count={Object.keys(record.attributes).length}>
        <AttributeTable attributes={record.attributes} onFilter={narrow} />
      </PanelSection>
      <PanelSection title={texts.span.resource} count={Object.keys(record.resourceAttributes).length} isClosed>
        <AttributeTable attributes={record.resourceAttributes} onFilter={narrow} />
      </PanelSection>
      <PanelSection title={logsPage.facts} isClosed>
        <AttributeTable attributes={facts} />
      </PanelSection>
      <CopyButton text={JSON.stringify(whole, null, 2)} caption="JSON" label={texts.common.copy} />
    </>
  );
}
