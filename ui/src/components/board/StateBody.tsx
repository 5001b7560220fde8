// Owns states over time: a bar a series, in pieces of one state each, coloured by threshold or by value.
import type { Threshold } from "../../model/board";
import { COLOUR_TOKENS, stateSpans, thresholdOf } from "../../model/boardData";
import { dayAndTime } from "../../model/instant";
import type { ViewLine } from "../chart/SeriesView";

interface StateBodyProps {
  seconds: readonly number[];
  lines: readonly ViewLine[];
  thresholds?: readonly Threshold[];
  width: number;
  height: number;
}

const NAME_PX = 130;
const LEAST_TEXT_PX = 46;
const ROWS_MOST = 40;

export function StateBody({ seconds, lines, thresholds, width, height }: StateBodyProps) {
  const shown = lines.slice(0, ROWS_MOST);
  const values = [...new Set(shown.flatMap((line) => line.values))].filter((value) => value !== null).sort((a, b) => a - b);
  const colourOf = (value: number): string => {
    const colour = thresholdOf(value, thresholds);
    return colour ? COLOUR_TOKENS[colour] : `var(--service-${values.indexOf(value) % 14})`;
  };
  const row = Math.min(Math.max((height - 22) / Math.max(shown.length, 1), 18), 40);
  const at = (place: number): number => (place / Math.max(seconds.length, 1)) * 100;
  return (
    <div className="state-panel" style={{ gridTemplateColumns: `${Math.min(NAME_PX, width * 0.3)}px minmax(0, 1fr)` }}>
      {shown.map((line, index) => (
        <div key={index} className="state-row" style={{ height: row }}>
          <span className="state-name" title={line.name}>{line.name}</span>
          <span className="state-track">
            {stateSpans(line.values, thresholds).map((span) => {
              const share = at(span.to) - at(span.from);
              return (
                <span key={span.from} className="state-span" title={`${line.write(span.value)} · ${dayAndTime(seconds[span.from] * 1000).slice(11, 19)} – ${dayAndTime(seconds[span.to - 1] * 1000).slice(11, 19)}`} style={{ left: `${at(span.from)}%`, width: `${share}%`, background: colourOf(span.value) }}>
                  {(share / 100) * (width - NAME_PX) > LEAST_TEXT_PX && line.write(span.value)}
                </span>
              );
            })}
          </span>
        </div>
      ))}
      {seconds.length > 1 && (
        <div className="state-times faint">
          <span>{dayAndTime(seconds[0] * 1000).slice(11, 16)}</span>
          <span>{dayAndTime(seconds[seconds.length - 1] * 1000).slice(11, 16)}</span>
        </div>
      )}
    </div>
  );
}
