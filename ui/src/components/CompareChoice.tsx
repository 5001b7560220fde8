// Owns choosing one of two traces to compare: by id, or from traces like the other one and those looked at lately.
// Never fetches the trace itself.
import { useState } from "react";
import { ApiError } from "../api/client";
import { isLocalTraceId, plainTraceId } from "../api/localTraces";
import { useTraces } from "../api/traceQueries";
import { formatDuration } from "../model/duration";
import { clockTime, dayAndTime, millisecondsOf } from "../model/instant";
import { recentTraces } from "../model/recentTraces";
import { normaliseTraceId, shortTraceId } from "../model/traceId";
import { isMissing, type TraceTree } from "../model/traceTree";
import { setParameters, traceAddress } from "../router";
import { texts } from "../texts";
import { Link } from "./Link";
import { ServiceDot } from "./ServicePill";

const OFFERED = 8;

interface CompareChoiceProps {
  which: "a" | "b";
  traceId: string | null;
  tree: TraceTree | undefined;
  error: Error | null;
  isLoading: boolean;
  other: TraceTree | undefined;
}

export function CompareChoice({ which, traceId, tree, error, isLoading, other }: CompareChoiceProps) {
  const [text, setText] = useState("");
  const choose = (id: string): void => {
    setText("");
    setParameters({ [which]: id }, "push");
  };
  const label = which === "a" ? texts.compare.first : texts.compare.second;
  const typed = isLocalTraceId(text) ? text : normaliseTraceId(text);
  return (
    <section className="compare-choice" data-which={which} aria-label={label}>
      <form onSubmit={(submit) => { submit.preventDefault(); if (typed) choose(typed); }}>
        <span className="compare-letter" aria-hidden="true">{which.toUpperCase()}</span>
        <input className="mono" value={text} placeholder={traceId === null ? texts.compare.idExample : plainTraceId(traceId)} aria-label={label} aria-invalid={text !== "" && typed === null} spellCheck={false} autoComplete="off" onChange={(change) => setText(change.target.value)} />
      </form>
      {tree && traceId !== null && <Chosen tree={tree} traceId={traceId} />}
      {error && !tree && <p className="field-error small" role="alert">{error instanceof ApiError && error.status === 404 ? texts.compare.notFound : error.message}</p>}
      {isLoading && !tree && <p className="muted small" role="status">{texts.common.loading}</p>}
      {traceId === null && <Offers other={other} onChoose={choose} />}
    </section>
  );
}

function Chosen({ tree, traceId }: { tree: TraceTree; traceId: string }) {
  const root = tree.order[0];
  const hasRoot = root !== undefined && !isMissing(tree, root);
  const service = hasRoot ? tree.spans.services[tree.spans.serviceOf[root]] : "";
  const errors = tree.spans.errors.reduce((sum, error) => sum + error, 0);
  return (
    <div className="compare-chosen">
      <Link href={traceAddress(traceId)}>
        <ServiceDot name={service} />
        <strong>{service || texts.trace.noService}</strong> {hasRoot ? tree.spans.names[root] : ""}
      </Link>
      <span className="muted small">
        <strong>{formatDuration(tree.totalNs)}</strong> · {dayAndTime(millisecondsOf(tree.spans.originNs)).slice(0, 19)} · {texts.trace.spans(tree.spans.count)}
        {errors > 0 && <> · <span className="error-text">{texts.trace.errors(errors)}</span></>}
      </span>
    </div>
  );
}

function Offers({ other, onChoose }: { other: TraceTree | undefined; onChoose: (traceId: string) => void }) {
  const root = other?.order[0];
  const isKnown = other !== undefined && root !== undefined && !isMissing(other, root);
  const service = isKnown ? other.spans.services[other.spans.serviceOf[root]] : "";
  const operation = isKnown ? other.spans.names[root] : "";
  const similar = useTraces({ service, operation, status: "", minDuration: "", maxDuration: "", range: "24h", limit: 50, internal: true, query: "" }, false, isKnown);
  const like = (similar.data?.traces ?? []).filter((trace) => trace.root_service === service && trace.root_name === operation && trace.trace_id !== other?.spans.traceId).slice(0, OFFERED);
  const recent = recentTraces().filter((trace) => trace.traceId !== other?.spans.traceId && !isLocalTraceId(trace.traceId)).slice(0, OFFERED);
  return (
    <div className="compare-offers">
      {like.length > 0 && (
        <>
          <h2>{texts.compare.similar}</h2>
          <ul>
            {like.map((trace) => (
              <li key={trace.trace_id}>
                <button type="button" onClick={() => onChoose(trace.trace_id)}>
                  {clockTime(millisecondsOf(trace.start_time)).slice(0, 8)} · <strong>{formatDuration(Number(trace.duration))}</strong> · {texts.trace.spans(trace.span_count)}
                  {trace.error_count > 0 && <> · <span className="error-text">{texts.trace.errors(trace.error_count)}</span></>}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {like.length === 0 && recent.length > 0 && (
        <>
          <h2>{texts.compare.recent}</h2>
          <ul>
            {recent.map((trace) => (
              <li key={trace.traceId}>
                <button type="button" onClick={() => onChoose(trace.traceId)}>{trace.title} <span className="mono faint">{shortTraceId(trace.traceId)}</span></button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
