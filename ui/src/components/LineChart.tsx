// Owns a chart of lines with its legend: values under the pointer, a click to show one series alone.
import { useEffect, useMemo, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";
import { figuresOf } from "../model/seriesLabels";
import { createLineChart, type ChartBounds, type ChartMark } from "../paint/lineChart";
import { readPalette } from "../paint/palette";
import { useTheme } from "../theme";
import { texts } from "../texts";
import { useElementWidth } from "./useElementWidth";

interface LineChartProps {
  seconds: number[];
  values: (number | null)[][];
  names: string[];
  label: string;
  height: number;
  write: (value: number | null | undefined) => string;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
  tokens?: readonly string[];
  marks?: readonly ChartMark[];
  bounds?: readonly ChartBounds[];
}

export function LineChart({ seconds, values, names, label, height, write, onZoom, tokens, marks, bounds }: LineChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  const [cursorIndex, setCursorIndex] = useState<number | null>(null);
  const [highlighted, setHighlighted] = useState<number | null>(null);
  const [alone, setAlone] = useState<number | null>(null);
  const hidden = useMemo(() => new Set(alone === null || alone >= names.length ? [] : names.map((_, index) => index).filter((index) => index !== alone)), [alone, names]);
  const callbacks = useRef({ write, onZoom });
  useEffect(() => {
    callbacks.current = { write, onZoom };
  });
  const canZoom = onZoom !== undefined;
  useEffect(() => {
    if (!holder.current || width < 50) return;
    const chart = createLineChart(
      holder.current,
      {
        seconds, values, names, hidden, highlighted, tokens, marks, bounds,
        kind: "area",
        write: (value) => callbacks.current.write(value),
        onCursor: setCursorIndex,
        onZoom: canZoom ? (from, to) => callbacks.current.onZoom?.(from, to) : undefined,
      },
      readPalette(),
      width,
      height,
    );
    return () => chart.destroy();
  }, [seconds, values, names, hidden, highlighted, width, height, theme, canZoom, tokens, marks, bounds]);
  return (
    <div className="line-chart">
      <div className="chart-area" ref={holder} role="img" aria-label={label} style={{ height }} />
      <table className="legend">
        <thead>
          <tr>
            <th>{texts.metrics.legend}</th>
            <th className="number">{cursorIndex === null ? texts.metrics.last : timeOf(seconds[cursorIndex])}</th>
            <th className="number">{texts.metrics.least}</th>
            <th className="number">{texts.metrics.most}</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name, index) => {
            const figures = figuresOf(values[index]);
            return (
              <tr key={index} data-hidden={hidden.has(index) || undefined} onPointerEnter={() => setHighlighted(index)} onPointerLeave={() => setHighlighted(null)}>
                <td>
                  <button type="button" className="legend-name" aria-pressed={alone === index} onClick={() => setAlone(alone === index ? null : index)}>
                    <span className="service-dot" style={{ background: `var(${tokens?.[index] ?? `--service-${index % 14}`})` }} />
                    {name}
                  </button>
                </td>
                <td className="number strong">{write(cursorIndex === null ? figures.last : values[index][cursorIndex])}</td>
                <td className="number">{write(figures.least)}</td>
                <td className="number">{write(figures.most)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function timeOf(seconds: number | undefined): string {
  return seconds === undefined ? "" : new Date(seconds * 1000).toLocaleTimeString("en-GB");
}
