// Owns the head of a trace: what it is, its figures, its tabs, and what is wrong with it.
import { isLocalTraceId, plainTraceId } from "../api/localTraces";
import { formatDuration } from "../model/duration";
import { dayAndTime, millisecondsOf } from "../model/instant";
import { isMissing, type TraceTree } from "../model/traceTree";
import { setParameters } from "../router";
import { texts } from "../texts";
import { isEmbedded } from "../embedded";
import { CopyButton } from "./CopyButton";
import { Icon } from "./Icon";
import { OpenWhole } from "./OpenWhole";
import { ServiceDot } from "./ServicePill";
import { TraceMenu } from "./TraceMenu";
import { TraceUsual } from "./TraceUsual";
import { TraceWhy } from "./TraceWhy";
import { useAfterPaint } from "./useAfterPaint";

export const TRACE_TABS = ["waterfall", "flame", "graph", "table", "logs"] as const;
export type TraceTab = (typeof TRACE_TABS)[number];

interface TraceHeaderProps {
  tree: TraceTree;
  tab: TraceTab;
  isReloading: boolean;
  reload: () => void;
}

export function TraceHeader({ tree, tab, isReloading, reload }: TraceHeaderProps) {
  const { spans, warnings } = tree;
  const isPainted = useAfterPaint();
  const first = tree.order[0];
  const hasRoot = first !== undefined && !isMissing(tree, first);
  const service = hasRoot ? spans.services[spans.serviceOf[first]] : "";
  const errors = spans.errors.reduce((sum, error) => sum + error, 0);
  return (
    <section className="trace-head" aria-label={texts.trace.title}>
      <div className="trace-title">
        <h1>
          {hasRoot ? (
            <>
              <ServiceDot name={service} />
              <span className="root-service">{service || texts.trace.noService}</span> <span>{spans.names[first]}</span>
            </>
          ) : (
            texts.trace.title
          )}
        </h1>
        <span className="trace-id mono">
          {isLocalTraceId(spans.traceId) && <span className="file-sign">{texts.files.fromFile}</span>}
          <span className="trace-id-text">{plainTraceId(spans.traceId)}</span>
          <CopyButton text={plainTraceId(spans.traceId)} label={texts.trace.copyId} />
        </span>
      </div>
      <div className="trace-facts">
        <strong className="trace-total">{formatDuration(tree.totalNs)}</strong>
        <span>{dayAndTime(millisecondsOf(spans.originNs))}</span>
        <span>{tree.isBeginning ? texts.trace.arriving(spans.count) : texts.trace.spans(spans.count)}</span>
        <span>{texts.trace.services(spans.services.length)}</span>
        <span className="fact-depth">{texts.trace.deep(tree.deepest + 1)}</span>
        {isPainted && !isLocalTraceId(spans.traceId) && <TraceWhy traceId={spans.traceId} />}
        {errors > 0 && <span className="error-text">{texts.trace.errors(errors)}</span>}
        <span className="trace-tools">
          <button type="button" className="icon-button" title={texts.trace.reloadHint} aria-label={texts.trace.reload} data-busy={isReloading || undefined} onClick={reload}>
            <Icon name="reload" />
          </button>
          {isEmbedded && <OpenWhole />}
          <TraceMenu tree={tree} title={hasRoot ? `${service}: ${spans.names[first]}` : texts.trace.title} />
        </span>
        {/* Comes later than the rest: beside it nothing has to move. */}
        {isPainted && !tree.isBeginning && <TraceUsual tree={tree} />}
        <div className="tabs" role="tablist" aria-label={texts.trace.tabs}>
          {TRACE_TABS.map((name) => (
            <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setParameters({ tab: name === "waterfall" ? null : name, by: null })}>
              {texts.trace[name]}
            </button>
          ))}
        </div>
      </div>
      {!tree.isBeginning && <Warnings warnings={warnings} />}
    </section>
  );
}

function Warnings({ warnings }: { warnings: TraceTree["warnings"] }) {
  const notes = [
    warnings.missingParents > 0 && texts.trace.warnMissing(warnings.missingParents),
    warnings.cycles > 0 && texts.trace.warnCycles(warnings.cycles),
    warnings.repeatedIds > 0 && texts.trace.warnRepeated(warnings.repeatedIds),
    warnings.negativeDurations > 0 && texts.trace.warnNegative(warnings.negativeDurations),
    warnings.roots > 1 && texts.trace.warnRoots(warnings.roots),
  ].filter((note) => note !== false);
  if (notes.length === 0) return null;
  return (
    <div role="note">
      <ul className="trace-warnings">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </div>
  );
}
