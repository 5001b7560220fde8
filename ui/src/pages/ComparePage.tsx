// Owns the page that lays two traces on each other: which two (in the address), choosing them, and which state is shown.
// Never compares and never draws a row.
import { useMemo } from "react";
import { useTraceTree } from "../api/queries";
import { CompareChoice } from "../components/CompareChoice";
import { CompareTable } from "../components/CompareTable";
import { useTitle } from "../components/useTitle";
import { formatDuration } from "../model/duration";
import { compareTraces, onlyDifferences } from "../model/traceCompare";
import type { TraceTree } from "../model/traceTree";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/compare.css";

export default function ComparePage() {
  useTitle(texts.compare.title);
  const [a] = useParameter("a");
  const [b] = useParameter("b");
  const [only] = useParameter("only");
  const first = useTraceTree(a ?? "", a !== null);
  const second = useTraceTree(b ?? "", b !== null);
  const rows = useMemo(() => (first.data && second.data ? compareTraces(first.data, second.data) : null), [first.data, second.data]);
  const shown = useMemo(() => (rows && only === "differences" ? onlyDifferences(rows) : rows), [rows, only]);
  return (
    <div className="compare-page">
      <header className="compare-head">
        <h1 className="sr-only">{texts.compare.title}</h1>
        <CompareChoice which="a" traceId={a} tree={first.data} error={first.error} isLoading={first.isFetching} other={second.data} />
        <button type="button" className="button" title={texts.compare.swap} aria-label={texts.compare.swap} disabled={a === null && b === null} onClick={() => setParameters({ a: b, b: a })}>⇄</button>
        <CompareChoice which="b" traceId={b} tree={second.data} error={second.error} isLoading={second.isFetching} other={first.data} />
      </header>
      {!rows && <p className="nothing muted">{texts.compare.choose}</p>}
      {rows && shown && first.data && second.data && (
        <>
          <div className="toolbar compare-tools">
            <Sum a={first.data} b={second.data} />
            <span className="toolbar-gap" />
            <span className="muted small">{texts.compare.rows(shown.length)}</span>
            <button type="button" className="button small-button" aria-pressed={only === "differences"} onClick={() => setParameters({ only: only === "differences" ? null : "differences" })}>
              {texts.compare.onlyDifferences}
            </button>
          </div>
          {shown.length === 0 ? <p className="nothing muted">{texts.compare.none}</p> : <CompareTable rows={shown} a={first.data} b={second.data} />}
        </>
      )}
    </div>
  );
}

function Sum({ a, b }: { a: TraceTree; b: TraceTree }) {
  const difference = b.totalNs - a.totalNs;
  const percent = ((Math.abs(difference) / Math.max(a.totalNs, 1)) * 100).toFixed(0);
  if (difference === 0) return <strong>{texts.compare.asLong}</strong>;
  if (difference > 0) return <strong className="error-text">{texts.compare.slowerBy(formatDuration(difference), percent)}</strong>;
  return <strong className="good-text">{texts.compare.fasterBy(formatDuration(-difference), percent)}</strong>;
}
