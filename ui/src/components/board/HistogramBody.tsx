// Owns a histogram as bars: how the values of the range spread. Where bins lie is layout/valueHistogram's.
import { useMemo } from "react";
import { binsOfHistogram, binsOfValues, bordersOf } from "../../layout/valueHistogram";
import type { HistogramSeries } from "../../model/promAnswer";
import type { Writer } from "../../model/unitFormat";
import { texts } from "../../texts";
import { percentText } from "../FigureTable";
import type { ViewLine } from "../chart/SeriesView";

interface HistogramBodyProps {
  /** Buckets where the answer has them; otherwise the values of the lines are put in bins. */
  histogram: HistogramSeries | null;
  lines: readonly ViewLine[];
  write: Writer;
  width: number;
  label: string;
}

const SIDES_PX = 24;

export function HistogramBody({ histogram, lines, write, width, label }: HistogramBodyProps) {
  const bins = useMemo(() => (histogram ? binsOfHistogram(histogram) : binsOfValues(lines.flatMap((line) => line.values).filter((value) => value !== null))), [histogram, lines]);
  const most = bins.reduce((largest, bin) => Math.max(largest, bin.share), 0) || 1;
  const bound = (value: number): string => (value === Infinity ? "∞" : value === -Infinity ? "−∞" : write(value));
  if (bins.length === 0) return <p className="panel-note muted">{texts.boards.noData}</p>;
  return (
    <div className="histogram-panel">
      <div className="histogram-bars" role="img" aria-label={label}>
        {bins.map((bin, place) => (
          <span key={place} className="histogram-bin" title={`${texts.explorer.range(bound(bin.low), bound(bin.high))} · ${percentText(bin.share)}`}>
            <span style={{ height: `${(bin.share / most) * 100}%` }} />
          </span>
        ))}
        <span className="histogram-most faint">{percentText(most)}</span>
      </div>
      <div className="histogram-borders faint" aria-hidden="true">
        {bordersOf(bins, width - SIDES_PX).map(({ at, value }) => <span key={at} style={{ left: `${at * 100}%` }}>{write(value)}</span>)}
      </div>
    </div>
  );
}
