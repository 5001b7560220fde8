// Owns the picture of a histogram over time, with what lies in the cell under the pointer. Never fetches.
import { useEffect, useMemo, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";
import { layHeatmap } from "../../layout/histogramHeatmap";
import { dayAndTime } from "../../model/instant";
import { formatValue } from "../../model/numbers";
import type { HistogramSeries } from "../../model/promAnswer";
import { createHeatmap, type HeatmapCursor } from "../../paint/heatmapChart";
import { readPalette } from "../../paint/palette";
import { useTheme } from "../../theme";
import { texts } from "../../texts";
import { useElementWidth } from "../useElementWidth";
import "../../styles/chart.css";

interface HeatmapViewProps {
  seconds: number[];
  histogram: HistogramSeries;
  label: string;
  height: number;
  /** Of the bounds of buckets. */
  write: (value: number | null | undefined) => string;
  syncKey?: string;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
}

const AXIS_PX = 66;
const NARROW_PX = 460;
const TOOLTIP_PX = 200;

export function HeatmapView({ seconds, histogram, label, height, write, syncKey, onZoom }: HeatmapViewProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  const [cursor, setCursor] = useState<HeatmapCursor | null>(null);
  const [isOver, setOver] = useState(false);
  const map = useMemo(() => layHeatmap(histogram.buckets), [histogram]);
  const callbacks = useRef({ write, onZoom });
  useEffect(() => {
    callbacks.current = { write, onZoom };
  });
  const canZoom = onZoom !== undefined;
  useEffect(() => {
    if (!holder.current || width < 50 || height < 40) return;
    const input = { seconds, map, syncKey, axisWidth: width < NARROW_PX ? 54 : AXIS_PX, write: (value: number | null | undefined) => callbacks.current.write(value), onCursor: setCursor, onZoom: canZoom ? (from: number, to: number) => callbacks.current.onZoom?.(from, to) : undefined };
    const chart = createHeatmap(holder.current, input, readPalette(), width, height);
    return () => chart.destroy();
  }, [seconds, map, syncKey, width, height, theme, canZoom]);
  const row = cursor && map.rows[cursor.row];
  const bound = (value: number): string => (value === Infinity ? "∞" : value === -Infinity ? "−∞" : write(value));
  return (
    <div className="chart-area" role="img" aria-label={label} style={{ height }} onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)}>
      <div className="chart-holder" ref={holder} />
      {isOver && cursor && row && (
        <div className="chart-tooltip narrow" style={cursor.left > width - TOOLTIP_PX - 20 && cursor.left > TOOLTIP_PX ? { right: width - cursor.left + 14, top: 6 } : { left: cursor.left + 14, top: 6 }}>
          <p className="tooltip-time">{dayAndTime(seconds[cursor.step] * 1000).slice(0, 19)}</p>
          <p>{texts.explorer.range(bound(row.low), bound(row.high))}</p>
          <p><strong>{texts.explorer.perSecond(formatValue(map.counts[cursor.row * map.steps + cursor.step]))}</strong></p>
        </div>
      )}
    </div>
  );
}
