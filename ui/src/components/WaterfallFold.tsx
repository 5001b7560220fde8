// Owns what is drawn of a fold of repeated siblings: the sign that opens and closes it, and all its bars in one row.
// Which spans are in it is decided in model/siblingFolds.
import { placeBar } from "../layout/bars";
import { placeFoldBars } from "../layout/foldBars";
import type { CriticalSegment } from "../model/criticalPath";
import { formatDuration } from "../model/duration";
import { foldFigures, isFoldRow } from "../model/siblingFolds";
import { serviceColour } from "../model/serviceColour";
import { texts } from "../texts";
import type { Waterfall } from "./useWaterfall";

export function FoldSign({ waterfall, node }: { waterfall: Waterfall; node: number }) {
  const { foldState, tree } = waterfall;
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
      onClick={(click) => {
        click.stopPropagation();
        waterfall.toggleFold(node);
      }}
    >
      ×{members.length.toLocaleString("en-US")}
    </button>
  );
}

export function FoldBars({ waterfall, node, segments }: { waterfall: Waterfall; node: number; segments: CriticalSegment[] | undefined }) {
  const { foldState, tree, window } = waterfall;
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
