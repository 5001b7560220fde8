// Owns one row of the waterfall: name on the left, bar on the right. Places come from layout/bars.
import { indentOf, placeBar } from "../layout/bars";
import type { CriticalSegment } from "../model/criticalPath";
import type { EventMark } from "../model/eventMarks";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { serviceColour } from "../model/serviceColour";
import { isFoldRow } from "../model/siblingFolds";
import { isMissing, spanIdOf } from "../model/traceTree";
import { hidesError } from "../model/visibleRows";
import { texts } from "../texts";
import { EventTicks } from "./EventTicks";
import { Icon } from "./Icon";
import { FoldBars, FoldSign } from "./WaterfallFold";
import { SkewMark } from "./SkewNote";
import type { Waterfall } from "./useWaterfall";

export const ROW_INDENT = 14;

interface WaterfallRowProps {
  waterfall: Waterfall;
  node: number;
  top: number;
  segments: CriticalSegment[] | undefined;
  marks: EventMark[] | undefined;
  isCritical: boolean;
  indentMost: number;
}

export function WaterfallRow({ waterfall, node, top, segments, marks, isCritical, indentMost }: WaterfallRowProps) {
  const { tree, collapsed, matching } = waterfall;
  const missing = isMissing(tree, node);
  const { spans } = tree;
  const failed = !missing && spans.errors[node] === 1;
  const isOpen = !collapsed.has(node);
  const isFold = isFoldRow(waterfall.foldState, node);
  const isMatch = matching !== null && (matching[node] === 1 || (isFold && (waterfall.foldState?.folds.members.get(node) ?? []).some((one) => matching[one] === 1)));
  const hasChildren = !isFold && tree.childCountOf[node] > 0;
  return (
    <div
      id={`row-${node}`}
      className="waterfall-row"
      role="treeitem"
      aria-level={tree.depthOf[node] + 1}
      aria-expanded={hasChildren ? isOpen : undefined}
      aria-selected={waterfall.open === node}
      data-cursor={waterfall.cursor === node || undefined}
      data-missing={missing || undefined}
      data-error={failed || undefined}
      data-dim={(matching !== null && !isMatch) || (isCritical && !segments) || undefined}
      data-match={isMatch || undefined}
      data-fold={isFold || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => waterfall.openNode(node)}
    >
      <RowName waterfall={waterfall} node={node} failed={failed} indent={indentOf(tree.depthOf[node], ROW_INDENT, indentMost)} />
      <div className="row-time" onDoubleClick={() => waterfall.zoomTo(node)}>
        {isFold ? <FoldBars waterfall={waterfall} node={node} segments={segments} /> : <RowBar waterfall={waterfall} node={node} missing={missing} segments={segments} marks={marks} />}
      </div>
    </div>
  );
}

interface RowNameProps {
  waterfall: Waterfall;
  node: number;
  failed: boolean;
  indent: number;
}

function RowName({ waterfall, node, failed, indent }: RowNameProps) {
  const { tree, collapsed } = waterfall;
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
      {isFoldRow(waterfall.foldState, node) ? <span className="twisty leaf" aria-hidden="true" /> : <Twisty waterfall={waterfall} node={node} />}
      <span className="row-stripe" style={missing ? undefined : { background: serviceColour(service) }} />
      {failed && (
        <span className="row-mark error-text" role="img" aria-label={texts.trace.error}>
          <Icon name="error" size={13} />
        </span>
      )}
      {!failed && hidesError(tree, collapsed, node) && (
        <span className="row-mark error-below" role="img" aria-label={texts.trace.errorBelow(below)} title={texts.trace.errorBelow(below)}>
          <Icon name="error" size={13} />
        </span>
      )}
      {tree.cycleHeads.has(node) && <Mark text="↻" title={texts.trace.cycleHead} />}
      {tree.repeatedNodes.has(node) && <Mark text="=" title={texts.trace.repeated} />}
      <SkewMark tree={tree} node={node} />
      <FoldSign waterfall={waterfall} node={node} />
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
}

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

function Twisty({ waterfall, node }: { waterfall: Waterfall; node: number }) {
  const { tree, collapsed } = waterfall;
  if (tree.childCountOf[node] === 0) return <span className="twisty leaf" aria-hidden="true" />;
  const isOpen = !collapsed.has(node);
  const below = tree.descendantsOf[node];
  const label = isOpen ? texts.trace.collapse(below) : texts.trace.expand(below);
  return (
    <button
      type="button"
      className="twisty"
      data-open={isOpen || undefined}
      tabIndex={-1}
      title={label}
      aria-label={label}
      onClick={(click) => {
        click.stopPropagation();
        waterfall.toggle(node);
      }}
    >
      <Icon name="chevron" size={12} />
      {!isOpen && <span className="twisty-count">{formatCount(below)}</span>}
    </button>
  );
}

interface RowBarProps {
  waterfall: Waterfall;
  node: number;
  missing: boolean;
  segments: CriticalSegment[] | undefined;
  marks: EventMark[] | undefined;
}

function RowBar({ waterfall, node, missing, segments, marks }: RowBarProps) {
  const { tree, window } = waterfall;
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
