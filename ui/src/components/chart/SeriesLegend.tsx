// Owns the legend under a chart: a table of figures that can be put in order, or a line of names where there is little room.
import { memo, useMemo, useState } from "react";
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

/** The pointer moves sixty times a second over as many lines: what it does not change is written once. */
export const SeriesLegend = memo(function SeriesLegend({ lines, hidden, figures, cursorIndex, onChoose, onHighlight }: SeriesLegendProps) {
  const [sortedBy, setSortedBy] = useState<FigureKey | null>(null);
  const sums = useMemo(() => lines.map((line) => lineFigures(line.values)), [lines]);
  const written = useMemo(() => lines.map((line, place) => Object.fromEntries(figures.map((key) => [key, line.write(sums[place][key])]))), [lines, figures, sums]);
  const order = useMemo(() => orderByFigure(sums, sortedBy), [sums, sortedBy]);
  const name = (place: number) => (
    <button type="button" className="legend-name" title={texts.explorer.legendHint} aria-pressed={!hidden.has(place)} onClick={(click) => onChoose(place, click.ctrlKey || click.metaKey || click.shiftKey)}>
      <span className="line-key" data-dashed={lines[place].isDashed || undefined} style={{ background: lines[place].colour }} />
      <span className="legend-text">{lines[place].name}</span>
    </button>
  );
  if (figures.length === 0) {
    return (
      <ul className="legend-line">
        {lines.map((_, place) => (
          <li key={place} data-hidden={hidden.has(place) || undefined} onPointerEnter={() => onHighlight(place)} onPointerLeave={() => onHighlight(null)}>{name(place)}</li>
        ))}
      </ul>
    );
  }
  return (
    <div className="legend-scroller">
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
          {order.map((place) => (
            <tr key={place} data-hidden={hidden.has(place) || undefined} onPointerEnter={() => onHighlight(place)} onPointerLeave={() => onHighlight(null)}>
              <td>{name(place)}</td>
              {figures.map((key) => (
                <td key={key} className={key === "last" ? "number strong" : "number"} data-figure={key}>
                  {key === "last" && cursorIndex !== null ? lines[place].write(lines[place].values[cursorIndex]) : written[place][key]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
});
