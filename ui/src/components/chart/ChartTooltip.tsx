// Owns the small table at the pointer: the moment, and the largest values there. Never catches the pointer.
import { dayAndTime } from "../../model/instant";
import type { ChartCursor } from "../../paint/seriesChart";
import { texts } from "../../texts";
import type { ViewLine } from "./SeriesView";

const SHOWN_MOST = 9;
const WIDTH_PX = 250;

interface ChartTooltipProps {
  cursor: ChartCursor;
  seconds: readonly number[];
  lines: readonly ViewLine[];
  hidden: ReadonlySet<number>;
  width: number;
  writeExemplar: (value: number) => string;
}

export function ChartTooltip({ cursor, seconds, lines, hidden, width, writeExemplar }: ChartTooltipProps) {
  const rows = lines
    .map((line, place) => ({ line, place, value: line.values[cursor.index] ?? null }))
    .filter(({ place, value }) => !hidden.has(place) && value !== null)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const isLeft = cursor.left > width - WIDTH_PX - 24 && cursor.left > WIDTH_PX;
  return (
    <div className="chart-tooltip" style={isLeft ? { right: width - cursor.left + 14, top: 6 } : { left: cursor.left + 14, top: 6 }}>
      <p className="tooltip-time">{seconds[cursor.index] === undefined ? "" : dayAndTime(seconds[cursor.index] * 1000).slice(0, 19)}</p>
      {rows.slice(0, SHOWN_MOST).map(({ line, place, value }) => (
        <p key={place} className="tooltip-row">
          <span className="line-key" data-dashed={line.isDashed || undefined} style={{ background: line.colour }} />
          <span className="tooltip-name">{line.name}</span>
          <strong>{line.write(value)}</strong>
        </p>
      ))}
      {rows.length > SHOWN_MOST && <p className="faint">{texts.explorer.moreLines(rows.length - SHOWN_MOST)}</p>}
      {cursor.exemplar && (
        <p className="tooltip-row exemplar">
          <span className="exemplar-key">◇</span>
          <span className="tooltip-name">{texts.explorer.exemplar} {cursor.exemplar.traceId.slice(0, 8)}</span>
          <strong>{writeExemplar(cursor.exemplar.value)}</strong>
        </p>
      )}
    </div>
  );
}
