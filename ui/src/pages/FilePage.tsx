// Owns the page that opens traces from files: dropping or choosing one, what was found in it, and what went wrong.
// The file stays in this browser; nothing here asks the server.
import { useState, type DragEvent } from "react";
import { keepLocalTrace } from "../api/localTraces";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { useTitle } from "../components/useTitle";
import type { TraceDetail } from "../api/types";
import { formatBytes } from "../model/numbers";
import { readTraceFile } from "../model/traceFile";
import { learnServices } from "../model/serviceColour";
import { shortTraceId } from "../model/traceId";
import { navigate, traceAddress } from "../router";
import { texts } from "../texts";
import "../styles/compare.css";

const BYTES_MAX = 300_000_000;
const LISTED_MOST = 200;

interface Found {
  name: string;
  refused: number;
  traces: { id: string; detail: TraceDetail }[];
}

export default function FilePage() {
  useTitle(texts.files.title);
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [isReading, setReading] = useState(false);
  const [isOver, setOver] = useState(false);
  const open = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setError(null);
    setFound(null);
    if (file.size > BYTES_MAX) return setError(texts.files.tooLarge(formatBytes(BYTES_MAX)));
    setReading(true);
    const read = await file.text().then(readTraceFile, () => null);
    setReading(false);
    if (!read || read.traces.length === 0) return setError(texts.files.unknown);
    learnServices(read.traces.flatMap((trace) => trace.spans.map((span) => span.service_name)));
    const traces = read.traces.map((detail) => ({ id: keepLocalTrace(detail), detail }));
    if (traces.length === 1 && read.refused === 0) return navigate(traceAddress(traces[0].id));
    setFound({ name: file.name, refused: read.refused, traces });
  };
  const over = (drag: DragEvent, isIn: boolean): void => {
    drag.preventDefault();
    setOver(isIn);
  };
  return (
    <div className="file-page">
      <div
        className="file-drop"
        data-over={isOver || undefined}
        onDragOver={(drag) => over(drag, true)}
        onDragLeave={(drag) => over(drag, false)}
        onDrop={(drop) => {
          over(drop, false);
          void open(drop.dataTransfer.files[0]);
        }}
      >
        <h1>{texts.files.title}</h1>
        <p>{texts.files.text}</p>
        <span className="muted">{texts.files.drop}</span>
        <label className="button primary">
          {isReading ? texts.files.reading : texts.files.choose}
          <input className="sr-only" type="file" accept=".json,.jsonl,.ndjson,application/json" aria-label={texts.files.label} onChange={(change) => void open(change.target.files?.[0])} />
        </label>
      </div>
      {error && <div className="file-found"><ErrorNote error={new Error(error)} /></div>}
      {found && <FoundTraces found={found} />}
    </div>
  );
}

function FoundTraces({ found }: { found: Found }) {
  return (
    <section className="file-found">
      <h2>{texts.files.found(found.traces.length, found.name)}</h2>
      {found.refused > 0 && <p className="warn-text small">{texts.files.refused(found.refused)}</p>}
      <ul>
        {found.traces.slice(0, LISTED_MOST).map(({ id, detail }) => {
          const root = detail.spans.find((span) => span.parent_span_id === null) ?? detail.spans[0];
          return (
            <li key={id}>
              <Link href={traceAddress(id)}>
                <span><strong>{root.service_name || texts.trace.noService}</strong> {root.name}</span>
                <span className="muted small">{texts.trace.spans(detail.spans.length)} <span className="mono">{shortTraceId(detail.trace_id)}</span></span>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
