// Owns the small picture over the list: one point a trace, time across, duration up. Clicking one opens the trace.
// The list below holds the same for everyone who cannot see or point.
import { useEffect, useMemo, useRef, useState } from "react";
import type { TraceSummary } from "../api/types";
import { nearestPoint, placePoints, scatterScale, type ScatterBox } from "../layout/scatter";
import { formatDuration } from "../model/duration";
import { clockTime, millisecondsOf, readRange } from "../model/instant";
import { paintScatter } from "../paint/scatterCanvas";
import { navigate, traceAddress } from "../router";
import { useTheme } from "../theme";
import { texts } from "../texts";
import { PICTURE_HEIGHT } from "./TraceHeatmap";
import { useElementWidth } from "./useElementWidth";

const HEIGHT = PICTURE_HEIGHT;

export function TraceScatter({ traces, range }: { traces: readonly TraceSummary[]; range: string }) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  const [hovered, setHovered] = useState(-1);
  const inputs = useMemo(
    () => traces.map((trace) => ({ timeMs: millisecondsOf(trace.start_time), durationNs: Number(trace.duration), spanCount: trace.span_count })),
    [traces],
  );
  const drawn = useMemo(() => {
    const box: ScatterBox = { width, height: HEIGHT, padding: { left: 58, right: 14, top: 10, bottom: 18 } };
    const asked = readRange(range, Date.now()) ?? { startMs: 0, endMs: Date.now() };
    const times = inputs.map((input) => input.timeMs);
    const earliest = Math.min(...times);
    const latest = Math.max(...times);
    // A few seconds of traces in a range of hours would be one line of points: show the time that holds them.
    const air = Math.max((latest - earliest) * 0.03, 500);
    const scale = scatterScale(inputs, Math.max(asked.startMs, earliest - air), Math.min(Math.max(asked.endMs, latest), latest + air));
    return { box, scale, points: placePoints(inputs, scale, box) };
  }, [inputs, range, width]);
  useEffect(() => {
    if (canvas.current && width > 0) paintScatter(canvas.current, traces, drawn, hovered);
  }, [drawn, traces, hovered, width, theme]);
  const find = (pointer: React.PointerEvent | React.MouseEvent): number => {
    const box = pointer.currentTarget.getBoundingClientRect();
    return nearestPoint(drawn.points, pointer.clientX - box.left, pointer.clientY - box.top);
  };
  const trace = traces[hovered];
  const point = drawn.points[hovered];
  return (
    <div className="scatter" ref={holder}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={texts.traces.scatterLabel}
        data-hit={hovered !== -1 || undefined}
        onPointerMove={(move) => setHovered(find(move))}
        onPointerLeave={() => setHovered(-1)}
        onClick={(click) => {
          const hit = traces[find(click)];
          if (hit) navigate(traceAddress(hit.trace_id));
        }}
      />
      {trace && point && (
        <div className="scatter-tip" style={{ left: Math.min(Math.max(point.x, 110), width - 110), top: point.y }} data-below={point.y < 50 || undefined}>
          <strong>{trace.root_service}</strong> {trace.root_name}
          <br />
          {clockTime(millisecondsOf(trace.start_time))} · {formatDuration(Number(trace.duration))} · {texts.trace.spans(trace.span_count)}
        </div>
      )}
    </div>
  );
}
