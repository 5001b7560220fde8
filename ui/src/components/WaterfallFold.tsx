// Owns what is drawn of a fold of repeated siblings: the sign that opens and closes it, and all its bars in one row.
// Which spans are in it is decided in model/siblingFolds.
import { placeBar } from "../layout/bars";
import { placeFoldBars } from "../layout/foldBars";
import type { TimeWindow } from "../layout/timeWindow";
import type { CriticalSegment } from "../model/criticalPath";
import { formatDuration } from "../model/duration";
import { foldFigures, isFoldRow, type FoldState } from "../model/siblingFolds";
import { serviceColour } from "../model/serviceColour";
import type { TraceTree } from "../model/traceTree";
import { texts } from "../texts";

export function FoldSign({ tree, foldState, node }: { tree: TraceTree; foldState: FoldState | null; node: number }) {
  const members = foldState?.folds.members.get(node);
  if (!foldState || !members) return null;
  const isFolded = isFoldRow(foldState, node);
  const figures = foldFigures(tree, members);
  const label = isFolded ? texts.trace.unfold(members.length, formatDuration(figures.medianNs), formatDuration(figures.longestNs)) : texts.trace.foldAgain(members.length);
  return (
    <button
      type="button"
      className="fold-sign"
      tabIndex={-1}
      aria-expanded={!isFolded}
      title={label}
      aria-label={label}
      data-act="fold"
    >
      ×{members.length.toLocaleString("en-US")}
    </button>
  );
}

interface FoldBarsProps {
  tree: TraceTree;
  foldState: FoldState | null;
  node: number;
  window: TimeWindow;
  segments: CriticalSegment[] | undefined;
}

export function FoldBars({ tree, foldState, node, window, segments }: FoldBarsProps) {
  const members = foldState?.folds.members.get(node) ?? [];
  const bars = placeFoldBars(members.map((one) => tree.startOf[one]), members.map((one) => tree.endOf[one]), window);
  const figures = foldFigures(tree, members);
  const last = bars.at(-1);
  const right = last ? last.left + last.width : 0;
  const colour = serviceColour(tree.spans.services[tree.spans.serviceOf[node]]);
  return (
    <>
      {bars.map((bar, index) => (
        <span key={index} className="bar fold-bar" style={{ left: `${bar.left}%`, width: `${bar.width}%`, background: colour }} />
      ))}
      {segments?.map((segment) => {
        const part = placeBar(segment.startNs, segment.endNs, window);
        return <span key={segment.startNs} className="bar-critical" style={{ left: `${part.left}%`, width: `${part.width}%` }} />;
      })}
      <span className="bar-label" data-at={right > 80 ? "left" : "right"} style={right > 80 ? { right: `${100 - (bars[0]?.left ?? 0)}%` } : { left: `${right}%` }}>
        {texts.trace.foldTotal(formatDuration(figures.totalNs))}
        <span className="wide-only">{texts.trace.foldMedian(formatDuration(figures.medianNs))}</span>
      </span>
    </>
  );
}
