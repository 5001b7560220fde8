// Owns log records as lines under a span: when (since the trace began), how severe, what. Never fetches.
import type { LogRecord } from "../api/types";
import { attributeText, type AttributeValue } from "../model/attributes";
import { formatDuration } from "../model/duration";
import { safeBigInt } from "../model/instant";
import { severityLevel } from "../model/severity";
import { AttributeTable } from "./AttributeTable";

export function SeverityMark({ log }: { log: LogRecord }) {
  const level = severityLevel(log.severity_number);
  return (
    <span className="severity" data-level={level ?? undefined}>
      {log.severity_text || level?.toUpperCase() || "–"}
    </span>
  );
}

export function logBody(log: LogRecord): string {
  return attributeText((log.body ?? "") as AttributeValue) || log.event_name;
}

export function LogLines({ logs, originNs }: { logs: LogRecord[]; originNs: bigint }) {
  return (
    <ol className="log-lines">
      {logs.map((log, index) => (
        <li key={index}>
          <details>
            <summary>
              <span className="log-time">+{formatDuration(Number(safeBigInt(log.time) - originNs))}</span>
              <SeverityMark log={log} />
              <span className="log-body">{logBody(log)}</span>
            </summary>
            <AttributeTable attributes={log.attributes} />
          </details>
        </li>
      ))}
    </ol>
  );
}
