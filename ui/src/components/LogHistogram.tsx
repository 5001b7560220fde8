// Owns the picture over the logs: counts by level over time, a value under the pointer, a range by dragging.
// The list below holds the same for everyone who cannot see or point; the range can be chosen by key above.
import { useEffect, useMemo, useRef, useState } from "react";
import { useLogHistogram } from "../api/logQueries";
import { brushedRange, LEVEL_COUNT, placeHistogram, stepAt, type LogHistogram as Histogram } from "../layout/logHistogram";
import { calendarDay, clockTime, writeRange } from "../model/instant";
import { LOG_LEVELS, type LogFilter } from "../model/logFilter";
import { formatCount } from "../model/numbers";
import { LEVEL_TOKENS, paintHistogram } from "../paint/histogramCanvas";
import { setParameters } from "../router";
import { useTheme } from "../theme";
import { texts } from "../texts";
import { useDragRange } from "./useDragRange";
import { useElementWidth } from "./useElementWidth";

const HEIGHT = 62;
const BAR_PX = 9;

export function LogHistogram({ filter, isLive }: { filter: LogFilter; isLive: boolean }) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  // In steps, so that a window dragged wider does not ask for every pixel.
  const bars = Math.floor(width / BAR_PX / 10) * 10;
  const query = useLogHistogram(filter, width === 0 ? 0 : Math.max(bars, 10), isLive);
  const histogram = query.data;
  const [hovered, setHovered] = useState<number | null>(null);
  const placed = useMemo(() => (histogram ? placeHistogram(histogram, width, HEIGHT) : []), [histogram, width]);
  useEffect(() => {
    if (canvas.current && width > 0) paintHistogram(canvas.current, placed, width, HEIGHT);
  }, [placed, width, theme]);
  const drag = useDragRange(({ from, to }) => {
    if (histogram) setParameters({ range: writeRange(brushedRange(histogram, from, to)), live: null }, "push");
  });
  return (
    <div className="log-histogram" data-stale={query.isPlaceholderData || undefined}>
      <div
        className="histogram-area"
        ref={holder}
        role="img"
        aria-label={texts.logsPage.histogram}
        {...drag.handlers}
        onPointerMove={(move) => {
          drag.handlers.onPointerMove(move);
          const box = move.currentTarget.getBoundingClientRect();
          setHovered(Math.min(Math.max((move.clientX - box.left) / Math.max(box.width, 1), 0), 1));
        }}
        onPointerLeave={() => setHovered(null)}
      >
        <canvas ref={canvas} />
        {drag.dragged && <span className="drag-range" style={{ left: `${drag.dragged.from * 100}%`, width: `${(drag.dragged.to - drag.dragged.from) * 100}%` }} />}
      </div>
      <div className="histogram-note">
        {histogram && <TimeNote histogram={histogram} hovered={hovered} />}
        {histogram && <Totals histogram={histogram} hovered={hovered} />}
        {query.error && <span className="field-error">{query.error.message}</span>}
      </div>
    </div>
  );
}

function TimeNote({ histogram, hovered }: { histogram: Histogram; hovered: number | null }) {
  if (hovered === null) {
    const isOneDay = calendarDay(histogram.startMs) === calendarDay(histogram.endMs);
    const edge = (at: number): string => `${isOneDay ? "" : `${calendarDay(at).slice(5)} `}${clockTime(at).slice(0, 8)}`;
    return <span>{edge(histogram.startMs)} – {edge(histogram.endMs)}</span>;
  }
  const from = histogram.steps[stepAt(histogram, hovered)];
  return <span>{clockTime(from).slice(0, histogram.stepMs < 1000 ? 12 : 8)} – {clockTime(from + histogram.stepMs).slice(0, histogram.stepMs < 1000 ? 12 : 8)}</span>;
}

/** Of everything, or of the step under the pointer. */
function Totals({ histogram, hovered }: { histogram: Histogram; hovered: number | null }) {
  const step = hovered === null ? null : stepAt(histogram, hovered);
  const counts = step === null ? histogram.totals : histogram.totals.map((_, level) => histogram.counts[step * LEVEL_COUNT + level]);
  return (
    <ul className="histogram-totals">
      {counts.map((count, level) => {
        if (histogram.totals[level] === 0) return null;
        const name = level === 0 ? texts.logsPage.noSeverity : LOG_LEVELS[level - 1];
        return (
          <li key={level} title={texts.logsPage.count(name, count)}>
            <span className="service-dot" style={{ background: `var(${LEVEL_TOKENS[level]})` }} aria-hidden="true" />
            {name} <strong>{formatCount(count)}</strong>
          </li>
        );
      })}
    </ul>
  );
}
