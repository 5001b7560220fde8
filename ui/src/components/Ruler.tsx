// Owns the time ruler over the rows: its ticks, the moment under the pointer, and dragging on it to zoom.
import { memo } from "react";
import type { Tick } from "../layout/ruler";
import { clampWindow } from "../layout/timeWindow";
import { formatDuration } from "../model/duration";
import { texts } from "../texts";
import { useDragRange } from "./useDragRange";
import type { Waterfall } from "./useWaterfall";

interface RulerProps {
  waterfall: Waterfall;
  ticks: Tick[];
  hoverShare: number | null;
}

/** Drawn again when something of it changes, not at each step of a scroll. */
export const Ruler = memo(function Ruler({ waterfall, ticks, hoverShare }: RulerProps) {
  const { window, tree } = waterfall;
  const width = window.endNs - window.startNs;
  const drag = useDragRange(({ from, to }) =>
    waterfall.setWindow(clampWindow({ startNs: window.startNs + from * width, endNs: window.startNs + to * width }, tree.totalNs)),
  );
  return (
    <div className="ruler">
      <span className="ruler-name">{texts.trace.nameColumn}</span>
      <div className="ruler-time" aria-hidden="true" {...drag.handlers}>
        {ticks.map((tick) => (
          <span key={tick.label} className="tick" data-edge={tick.at > 0.93 || undefined} style={{ left: `${tick.at * 100}%` }}>
            {tick.label}
          </span>
        ))}
        {hoverShare !== null && (
          <span className="hover-time" data-edge={hoverShare > 0.9 || undefined} style={{ left: `${hoverShare * 100}%` }}>
            {formatDuration(window.startNs + hoverShare * width)}
          </span>
        )}
        {drag.dragged && <span className="drag-range" style={{ left: `${drag.dragged.from * 100}%`, width: `${(drag.dragged.to - drag.dragged.from) * 100}%` }} />}
      </div>
    </div>
  );
});
