// Owns the legend under a chart: a table of figures that can be put in order, or a line of names where there is little room.
import { memo, useCallback, useMemo, useState, type UIEvent } from "react";
import { lineFigures, orderByFigure, type FigureKey } from "../../model/seriesTable";
import { texts } from "../../texts";
import type { ViewLine } from "./SeriesView";

interface SeriesLegendProps {
  lines: readonly ViewLine[];
  hidden: ReadonlySet<number>;
  /** None makes a line of names. */
  figures: readonly FigureKey[];
  cursorIndex: number | null;
  onChoose: (line: number, isAdded: boolean) => void;
  onHighlight: (line: number | null) => void;
}

/** Rows that fit into the legend's height, and one. */
const SEEN_MOST = 12;

/** The pointer moves sixty times a second over as many lines: what it does not change, or nobody sees, is written once. */
export const SeriesLegend = memo(function SeriesLegend({ lines, hidden, figures, cursorIndex, onChoose, onHighlight }: SeriesLegendProps) {
  const [sortedBy, setSortedBy] = useState<FigureKey | null>(null);
  const sums = useMemo(() => lines.map((line) => lineFigures(line.values)), [lines]);
  const written = useMemo(() => lines.map((line, place) => Object.fromEntries(figures.map((key) => [key, line.write(sums[place][key])]))), [lines, figures, sums]);
  const order = useMemo(() => orderByFigure(sums, sortedBy), [sums, sortedBy]);
  const [firstSeen, setFirstSeen] = useState(0);
  const look = useCallback((scroll: UIEvent<HTMLDivElement>): void => setFirstSeen(firstRowSeen(scroll.currentTarget)), []);
  if (figures.length === 0) {
    return (
      <ul className="legend-line">
        {lines.map((_, place) => (
          <li key={place} data-hidden={hidden.has(place) || undefined} onPointerEnter={() => onHighlight(place)} onPointerLeave={() => onHighlight(null)}><LegendName line={lines[place]} place={place} isHidden={hidden.has(place)} onChoose={onChoose} /></li>
        ))}
      </ul>
    );
  }
  return (
    <div className="legend-scroller" onScroll={look}>
      <table className="series-legend">
        <thead>
          <tr>
            <th>{texts.explorer.legend}</th>
            {figures.map((key) => (
              <th key={key} className="number" data-figure={key} aria-sort={sortedBy === key ? "descending" : undefined}>
                <button type="button" onClick={() => setSortedBy(sortedBy === key ? null : key)}>{texts.explorer.figures[key]}{sortedBy === key ? " ↓" : ""}</button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {order.map((place, row) => {
            const isSeen = row >= firstSeen && row < firstSeen + SEEN_MOST;
            const atCursor = cursorIndex !== null && isSeen ? lines[place].write(lines[place].values[cursorIndex]) : null;
            return <LegendRow key={place} line={lines[place]} place={place} isHidden={hidden.has(place)} figures={figures} written={written[place]} atCursor={atCursor} onChoose={onChoose} onHighlight={onHighlight} />;
          })}
        </tbody>
      </table>
    </div>
  );
});

interface LegendNameProps {
  line: ViewLine;
  place: number;
  isHidden: boolean;
  onChoose: (line: number, isAdded: boolean) => void;
}

function LegendName({ line, place, isHidden, onChoose }: LegendNameProps) {
  return (
    <button type="button" className="legend-name" title={texts.explorer.legendHint} aria-pressed={!isHidden} onClick={(click) => onChoose(place, click.ctrlKey || click.metaKey || click.shiftKey)}>
      <span className="line-key" data-dashed={line.isDashed || undefined} style={{ background: line.colour }} />
      <span className="legend-text">{line.name}</span>
    </button>
  );
}

interface LegendRowProps extends LegendNameProps {
  figures: readonly FigureKey[];
  written: Partial<Record<FigureKey, string>>;
  /** The value under the pointer, in place of the last one. */
  atCursor: string | null;
  onHighlight: (line: number | null) => void;
}

const LegendRow = memo(function LegendRow({ line, place, isHidden, figures, written, atCursor, onChoose, onHighlight }: LegendRowProps) {
  return (
    <tr data-hidden={isHidden || undefined} onPointerEnter={() => onHighlight(place)} onPointerLeave={() => onHighlight(null)}>
      <td><LegendName line={line} place={place} isHidden={isHidden} onChoose={onChoose} /></td>
      {figures.map((key) => (
        <td key={key} className={key === "last" ? "number strong" : "number"} data-figure={key}>{key === "last" ? (atCursor ?? written[key]) : written[key]}</td>
      ))}
    </tr>
  );
});

/** The first row that is in view, by where rows lie: names that are long make some of them higher. */
function firstRowSeen(scroller: HTMLElement): number {
  const rows = scroller.querySelectorAll<HTMLElement>("tbody tr");
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].offsetTop + rows[middle].offsetHeight > scroller.scrollTop) high = middle;
    else low = middle + 1;
  }
  return low;
}
