// Owns one row of the waterfall as an element: what is clicked, selected and heard of it. What is seen of it is painted by
// WaterfallBars, its name too: the texts here are of no colour, but where the system chooses all colours.
import { memo } from "react";
import { indentOf } from "../layout/bars";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { foldFigures, isFoldRow, type FoldState } from "../model/siblingFolds";
import { foldText, operationOf, serviceOf } from "../model/rowName";
import { isMissing, type TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { SkewMark } from "./SkewNote";
import type { Waterfall } from "./useWaterfall";

export const ROW_INDENT = 14;
/** A longer name of a service gets an element that cuts it off. */
const LONG_SERVICE = 18;

/** Of the waterfall's state what one row shows: the row is drawn again only when some of it changes. */
export function rowState(waterfall: Waterfall, node: number) {
  const { tree, collapsed, matching, foldState } = waterfall;
  const isFold = isFoldRow(foldState, node);
  const isMatch = matching !== null && (matching[node] === 1 || (isFold && (foldState?.folds.members.get(node) ?? []).some((one) => matching[one] === 1)));
  return { tree, foldState, isFold, isMatch, isSearched: matching !== null, isClosed: collapsed.has(node), isCursor: waterfall.cursor === node, isSelected: waterfall.open === node };
}

interface WaterfallRowProps extends ReturnType<typeof rowState> {
  node: number;
  top: number;
  /** Not on the critical path, while that is shown. */
  isOffPath: boolean;
  indentMost: number;
}

/** Clicks are taken by the list (`data-act` says what on): no row holds a function. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { tree, node, foldState, isFold, isMatch, isClosed } = props;
  const { spans } = tree;
  const missing = isMissing(tree, node);
  const failed = !missing && spans.errors[node] === 1;
  const hasChildren = !isFold && tree.childCountOf[node] > 0;
  const hasEvents = !missing && spans.eventCounts[node] > 0;
  const service = missing ? "" : spans.services[spans.serviceOf[node]];
  const name = operationOf(tree, node);
  const full = missing ? name : `${service || texts.trace.noService}: ${name}`;
  return (
    <div
      id={`row-${node}`}
      className="waterfall-row"
      role="treeitem"
      aria-level={tree.depthOf[node] + 1}
      aria-expanded={hasChildren ? !isClosed : undefined}
      aria-selected={props.isSelected}
      aria-description={`${durationText(tree, foldState, node, isFold)}${missing || spans.logCounts[node] === 0 ? "" : `, ${texts.trace.logsOf(spans.logCounts[node])}`}`}
      title={missing ? texts.trace.missingParentHint : full}
      data-node={node}
      data-cursor={props.isCursor || undefined}
      data-missing={missing || undefined}
      data-error={failed || undefined}
      data-dim={(props.isSearched && !isMatch) || props.isOffPath || undefined}
      data-match={isMatch || undefined}
      data-fold={isFold || undefined}
      style={{ top: props.top }}
    >
      <div className={hasEvents ? "row-name row-name-short" : "row-name"} style={{ paddingLeft: indentOf(tree.depthOf[node], ROW_INDENT, props.indentMost) }}>
        {hasChildren && <Twisty below={tree.descendantsOf[node]} isClosed={isClosed} />}
        <RowMarks tree={tree} foldState={foldState} node={node} failed={failed} isClosed={isClosed} isFold={isFold} />
        <ServiceName name={serviceOf(tree, node)} />
        <span className="row-operation">{name}</span>
      </div>
      {hasEvents && (
        <span className="row-counts" title={texts.trace.events(spans.eventCounts[node])}>
          <Icon name="event" size={11} />
          {spans.eventCounts[node]}
        </span>
      )}
    </div>
  );
});

function durationText(tree: TraceTree, foldState: FoldState | null, node: number, isFold: boolean): string {
  if (isFold) return texts.trace.foldTotal(formatDuration(foldFigures(tree, foldState?.folds.members.get(node) ?? []).totalNs));
  return formatDuration(isMissing(tree, node) ? tree.endOf[node] - tree.startOf[node] : tree.spans.durations[node]);
}

function ServiceName({ name }: { name: string | null }) {
  if (name === null) return null;
  return (
    <>
      <b className={name.length > LONG_SERVICE ? "row-service row-service-long" : "row-service"}>{name}</b>{" "}
    </>
  );
}

interface RowMarksProps {
  tree: TraceTree;
  foldState: FoldState | null;
  node: number;
  failed: boolean;
  isClosed: boolean;
  isFold: boolean;
}

/** What few rows have. */
function RowMarks({ tree, foldState, node, failed, isClosed, isFold }: RowMarksProps) {
  const below = tree.errorsBelow[node];
  return (
    <>
      {isClosed && !isFold && tree.childCountOf[node] > 0 && <span className="closed-count">{formatCount(tree.descendantsOf[node])}</span>}
      {failed && (
        <>
          <span className="row-mark error-text" role="img" aria-label={texts.trace.error}>
            <Icon name="error" size={13} />
          </span>{" "}
        </>
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
    </>
  );
}

function Mark({ text, title }: { text: string; title: string }) {
  return (
    <span className="row-mark warn-text" title={title} role="img" aria-label={title}>
      {text}
    </span>
  );
}

/** A place to click; the sign in it is painted. */
function Twisty({ below, isClosed }: { below: number; isClosed: boolean }) {
  const label = isClosed ? texts.trace.expand(below) : texts.trace.collapse(below);
  return <button type="button" className="twisty" data-act="toggle" data-open={!isClosed || undefined} tabIndex={-1} title={label} aria-label={label} />;
}

function FoldSign({ tree, foldState, node }: { tree: TraceTree; foldState: FoldState | null; node: number }) {
  const members = foldState?.folds.members.get(node);
  if (!foldState || !members) return null;
  const isFolded = isFoldRow(foldState, node);
  const figures = foldFigures(tree, members);
  const label = isFolded ? texts.trace.unfold(members.length, formatDuration(figures.medianNs), formatDuration(figures.longestNs)) : texts.trace.foldAgain(members.length);
  return (
    <button type="button" className="fold-sign" tabIndex={-1} aria-expanded={!isFolded} title={label} aria-label={label} data-act="fold">
      {foldText(members)}
    </button>
  );
}
