// Owns a span's events in order of time; exceptions get their message and a stack trace that can be read.
import { useState } from "react";
import type { Span, SpanEvent } from "../api/types";
import { formatDuration } from "../model/duration";
import { exceptionOf, type ExceptionView } from "../model/exception";
import { safeBigInt } from "../model/instant";
import { texts } from "../texts";
import { AttributeTable } from "./AttributeTable";
import { CopyButton } from "./CopyButton";

export function SpanEvents({ span }: { span: Span }) {
  const start = safeBigInt(span.start_time);
  return (
    <>
      <ol className="events">
        {span.events.map((event, index) => (
          <EventItem key={index} event={event} sinceStart={Number(safeBigInt(event.time) - start)} />
        ))}
      </ol>
      {span.dropped_events_count > 0 && <p className="muted small">{texts.span.dropped(span.dropped_events_count)}</p>}
    </>
  );
}

function EventItem({ event, sinceStart }: { event: SpanEvent; sinceStart: number }) {
  const exception = exceptionOf(event.name, event.attributes);
  const rest = exception ? Object.fromEntries(Object.entries(event.attributes).filter(([key]) => !key.startsWith("exception."))) : event.attributes;
  return (
    <li className="event" data-exception={exception !== null || undefined}>
      <div className="event-head">
        <strong>{exception ? exception.type || event.name : event.name}</strong>
        <span className="muted">+{formatDuration(sinceStart)}</span>
      </div>
      {exception?.message && <p className="event-message">{exception.message}</p>}
      {exception && exception.lines.length > 0 && <StackTrace exception={exception} text={String(event.attributes["exception.stacktrace"])} />}
      {Object.keys(rest).length > 0 && <AttributeTable attributes={rest} dropped={event.dropped_attributes_count} />}
    </li>
  );
}

function StackTrace({ exception, text }: { exception: ExceptionView; text: string }) {
  const [showAll, setShowAll] = useState(false);
  const foreign = exception.lines.filter((line) => line.foreign).length;
  const lines = showAll ? exception.lines : exception.lines.filter((line) => !line.foreign);
  return (
    <div className="stack">
      <div className="stack-head">
        <span className="muted">{texts.span.stack}</span>
        {foreign > 0 && (
          <button type="button" className="text-button" aria-pressed={showAll} onClick={() => setShowAll(!showAll)}>
            {showAll ? texts.span.fewFrames : `${texts.span.allFrames} (${foreign})`}
          </button>
        )}
        <CopyButton text={text} />
      </div>
      <pre className="mono">
        {lines.map((line, index) => (
          <span key={index} className="stack-line" data-kind={line.kind} data-foreign={line.foreign || undefined}>
            {line.text}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}
