// Owns one row of the waterfall: name on the left, bar on the right. Places come from layout/bars.
import { memo } from "react";
import { indentOf, placeBar } from "../layout/bars";
import type { TimeWindow } from "../layout/timeWindow";
import type { CriticalSegment } from "../model/criticalPath";
import type { EventMark } from "../model/eventMarks";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { serviceColour } from "../model/serviceColour";
import { isFoldRow, type FoldState } from "../model/siblingFolds";
import { isMissing, spanIdOf, type TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { EventTicks } from "./EventTicks";
import { Icon } from "./Icon";
import { FoldBars, FoldSign } from "./WaterfallFold";
import { SkewMark } from "./SkewNote";
import type { Waterfall } from "./useWaterfall";

export const ROW_INDENT = 14;

/** Of the waterfall's state what one row shows: the row is drawn again only when some of it changes. */
export function rowState(waterfall: Waterfall, node: number) {
  const { tree, collapsed, matching, foldState, window } = waterfall;
  const isFold = isFoldRow(foldState, node);
  const isMatch = matching !== null && (matching[node] === 1 || (isFold && (foldState?.folds.members.get(node) ?? []).some((one) => matching[one] === 1)));
  return { tree, window, foldState, isFold, isMatch, isSearched: matching !== null, isClosed: collapsed.has(node), isCursor: waterfall.cursor === node, isSelected: waterfall.open === node };
}

interface WaterfallRowProps extends ReturnType<typeof rowState> {
  node: number;
  top: number;
  segments: CriticalSegment[] | undefined;
  marks: EventMark[] | undefined;
  isCritical: boolean;
  indentMost: number;
}

/** Clicks are taken by the list (`data-act` says what on): no row holds a function. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { tree, node, window, foldState, isFold, isMatch, isClosed, segments } = props;
  const missing = isMissing(tree, node);
  const failed = !missing && tree.spans.errors[node] === 1;
  const hasChildren = !isFold && tree.childCountOf[node] > 0;
  return (
    <div
      id={`row-${node}`}
      className="waterfall-row"
      role="treeitem"
      aria-level={tree.depthOf[node] + 1}
      aria-expanded={hasChildren ? !isClosed : undefined}
      aria-selected={props.isSelected}
      data-node={node}
      data-cursor={props.isCursor || undefined}
      data-missing={missing || undefined}
      data-error={failed || undefined}
      data-dim={(props.isSearched && !isMatch) || (props.isCritical && !segments) || undefined}
      data-match={isMatch || undefined}
      data-fold={isFold || undefined}
      style={{ top: props.top }}
    >
      <RowName tree={tree} foldState={foldState} node={node} isFold={isFold} isClosed={isClosed} failed={failed} indent={indentOf(tree.depthOf[node], ROW_INDENT, props.indentMost)} />
      <div className="row-time">
        {isFold ? <FoldBars tree={tree} foldState={foldState} node={node} window={window} segments={segments} /> : <RowBar tree={tree} node={node} window={window} missing={missing} segments={segments} marks={props.marks} />}
      </div>
    </div>
  );
});

interface RowNameProps {
  tree: TraceTree;
  foldState: FoldState | null;
  node: number;
  isFold: boolean;
  isClosed: boolean;
  failed: boolean;
  indent: number;
}

/** Zooming changes the bars and leaves the names. */
const RowName = memo(function RowName({ tree, foldState, node, isFold, isClosed, failed, indent }: RowNameProps) {
  const { spans } = tree;
  const missing = isMissing(tree, node);
  const service = missing ? "" : spans.services[spans.serviceOf[node]];
  const parent = tree.parentOf[node];
  const sameService = !missing && parent !== -1 && !isMissing(tree, parent) && spans.serviceOf[parent] === spans.serviceOf[node];
  const below = tree.errorsBelow[node];
  const name = missing ? `${texts.trace.missingParent} ${spanIdOf(tree, node).slice(0, 8)}` : spans.names[node] || texts.trace.unnamed;
  return (
    <div className="row-name" title={missing ? texts.trace.missingParentHint : `${service || texts.trace.noService}: ${name}`}>
      <span className="indent" style={{ width: indent }} />
      {isFold ? <span className="twisty leaf" aria-hidden="true" /> : <Twisty tree={tree} node={node} isClosed={isClosed} />}
      <span className="row-stripe" style={missing ? undefined : { background: serviceColour(service) }} />
      {failed && (
        <span className="row-mark error-text" role="img" aria-label={texts.trace.error}>
          <Icon name="error" size={13} />
        </span>
      )}
      {!failed && isClosed && below > 0 && (
        <span className="row-mark error-below" role="img" aria-label={texts.trace.errorBelow(below)} title={texts.trace.errorBelow(below)}>
          <Icon name="error" size={13} />
        </span>
      )}
      {tree.cycleHeads.has(node) && <Mark text="↻" title={texts.trace.cycleHead} />}
      {tree.repeatedNodes.has(node) && <Mark text="=" title={texts.trace.repeated} />}
      <SkewMark tree={tree} node={node} />
      <FoldSign tree={tree} foldState={foldState} node={node} />
      {!sameService && !missing && <span className="row-service">{service || texts.trace.noService}</span>}
      <span className="row-operation">{name}</span>
      {!missing && spans.eventCounts[node] > 0 && (
        <span className="row-counts" title={texts.trace.events(spans.eventCounts[node])}>
          <Icon name="event" size={11} />
          {spans.eventCounts[node]}
        </span>
      )}
    </div>
  );
});

function Mark({ text, title }: { text: string; title: string }) {
  return (
    <span className="row-mark warn-text" title={title} role="img" aria-label={title}>
      {text}
    </span>
  );
}

/** Beside the duration, so that it is seen on a phone as well. */
function LogMark({ count }: { count: number }) {
  return (
    <span className="log-mark" role="img" aria-label={texts.trace.logsOf(count)} title={texts.trace.logsOf(count)}>
      <Icon name="log" size={11} />
      {count}
    </span>
  );
}

function Twisty({ tree, node, isClosed }: { tree: TraceTree; node: number; isClosed: boolean }) {
  if (tree.childCountOf[node] === 0) return <span className="twisty leaf" aria-hidden="true" />;
  const below = tree.descendantsOf[node];
  const label = isClosed ? texts.trace.expand(below) : texts.trace.collapse(below);
  return (
    <button type="button" className="twisty" data-act="toggle" data-open={!isClosed || undefined} tabIndex={-1} title={label} aria-label={label}>
      <Icon name="chevron" size={12} />
      {isClosed && <span className="twisty-count">{formatCount(below)}</span>}
    </button>
  );
}

interface RowBarProps {
  tree: TraceTree;
  node: number;
  window: TimeWindow;
  missing: boolean;
  segments: CriticalSegment[] | undefined;
  marks: EventMark[] | undefined;
}

function RowBar({ tree, node, window, missing, segments, marks }: RowBarProps) {
  const { spans } = tree;
  const start = tree.startOf[node];
  const end = tree.endOf[node];
  const place = placeBar(start, end, window);
  const duration = missing ? end - start : spans.durations[node];
  const text = formatDuration(duration);
  const logs = missing ? 0 : spans.logCounts[node];
  if (place.offscreen) {
    return (
      <span className="bar-offscreen" data-side={place.offscreen}>
        {place.offscreen === "before" ? "‹ " : ""}
        {text}
        {place.offscreen === "after" ? " ›" : ""}
      </span>
    );
  }
  const colour = missing ? undefined : serviceColour(spans.services[spans.serviceOf[node]]);
  const labelStyle = place.label === "right" ? { left: `${place.left + place.width}%` } : place.label === "left" ? { right: `${100 - place.left}%` } : { left: `${Math.max(place.left, 0)}%` };
  return (
    <>
      <span className="bar" style={{ left: `${place.left}%`, width: `${place.width}%`, background: colour }} data-negative={duration < 0 || undefined} />
      {segments?.map((segment) => {
        const part = placeBar(segment.startNs, segment.endNs, window);
        return <span key={segment.startNs} className="bar-critical" style={{ left: `${part.left}%`, width: `${part.width}%` }} />;
      })}
      {marks && <EventTicks marks={marks} window={window} />}
      <span className="bar-label" data-at={place.label} style={labelStyle}>
        {text}
        {logs > 0 && <LogMark count={logs} />}
      </span>
    </>
  );
}
