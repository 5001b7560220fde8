// Owns a chart of series with the values under the pointer and its legend: one line alone by a click, a trace by a click on
// its exemplar. Never fetches.
import { useCallback, useEffect, useMemo, useRef, useState, type MouseEvent } from "react";
import "uplot/dist/uPlot.min.css";
import type { Exemplar } from "../../model/promAnswer";
import type { FigureKey } from "../../model/seriesTable";
import type { ChartMark } from "../../paint/lineChart";
import { createSeriesChart, type ChartCursor, type ChartLine, type ChartThreshold, type SeriesChart } from "../../paint/seriesChart";
import { readPalette } from "../../paint/palette";
import { navigate, traceAddress } from "../../router";
import { useTheme } from "../../theme";
import { useElementWidth } from "../useElementWidth";
import { ChartTooltip } from "./ChartTooltip";
import { SeriesLegend } from "./SeriesLegend";
import "../../styles/chart.css";

export interface ViewLine extends ChartLine {
  write: (value: number | null | undefined) => string;
}

interface SeriesViewProps {
  seconds: number[];
  lines: readonly ViewLine[];
  label: string;
  /** Of the chart without its legend, in pixels. */
  height: number;
  drawing?: "lines" | "stacked" | "bars";
  /** Of the axis; each line has its own for the rest. */
  write: (value: number | null | undefined) => string;
  exemplars?: readonly Exemplar[];
  thresholds?: readonly ChartThreshold[];
  bands?: readonly [number, number][];
  marks?: readonly ChartMark[];
  syncKey?: string;
  onZoom?: (fromSeconds: number, toSeconds: number) => void;
  /** Columns of the legend; without any there is a line of names, with null none. */
  legend?: readonly FigureKey[] | null;
}

const NONE: readonly never[] = [];
const AXIS_PX = 66;
const NARROW_PX = 460;
const NARROW_AXIS_PX = 54;

export function SeriesView({ seconds, lines, label, height, drawing = "lines", write, exemplars = NONE, thresholds = NONE, bands, marks = NONE, syncKey, onZoom, legend = NONE }: SeriesViewProps) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<SeriesChart | null>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  const [cursor, setCursor] = useState<ChartCursor | null>(null);
  const [isOver, setOver] = useState(false);
  const { hidden, choose } = useHiddenLines(lines);
  const callbacks = useRef({ write, onZoom });
  useEffect(() => {
    callbacks.current = { write, onZoom };
  });
  const canZoom = onZoom !== undefined;
  // The chart is made anew for other lines, and keeps its canvas for other values of the same: live ones come four times a second.
  const look = JSON.stringify([lines.map((line) => [line.name, line.colour, line.isDashed ?? false]), [...hidden], bands ?? []]);
  const values = useRef({ seconds, lines, hidden, bands });
  useEffect(() => {
    values.current = { seconds, lines, hidden, bands };
    chart.current?.update(seconds, lines);
  }, [seconds, lines, hidden, bands]);
  useEffect(() => {
    if (!holder.current || width < 50 || height < 40) return;
    const made = createSeriesChart(
      holder.current,
      {
        ...values.current, drawing, exemplars, thresholds, marks, syncKey,
        axisWidth: width < NARROW_PX ? NARROW_AXIS_PX : AXIS_PX,
        write: (value) => callbacks.current.write(value),
        onCursor: setCursor,
        onZoom: canZoom ? (from, to) => callbacks.current.onZoom?.(from, to) : undefined,
      },
      readPalette(), width, height,
    );
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, [look, drawing, exemplars, thresholds, marks, syncKey, width, height, theme, canZoom]);
  const openExemplar = (click: MouseEvent<HTMLDivElement>): void => {
    const over = holder.current?.querySelector(".u-over")?.getBoundingClientRect();
    const exemplar = over && chart.current?.exemplarAt(click.clientX - over.left, click.clientY - over.top);
    if (exemplar) navigate(traceAddress(exemplar.traceId, exemplar.spanId));
  };
  const highlight = useCallback((line: number | null) => chart.current?.highlight(line), []);
  return (
    <div className="series-view">
      <div className="chart-area" role="img" aria-label={label} style={{ height }} data-pointing={(isOver && cursor?.exemplar) || undefined} onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)} onClick={openExemplar}>
        <div className="chart-holder" ref={holder} />
        {isOver && cursor && <ChartTooltip cursor={cursor} seconds={seconds} lines={lines} hidden={hidden} width={width} writeExemplar={write} />}
      </div>
      {legend !== null && <SeriesLegend lines={lines} hidden={hidden} figures={legend} cursorIndex={legend.length === 0 ? null : (cursor?.index ?? null)} onChoose={choose} onHighlight={highlight} />}
    </div>
  );
}

/** What was hidden stays hidden by name while data comes anew. */
function useHiddenLines(lines: readonly ViewLine[]) {
  const [names, setNames] = useState<ReadonlySet<string>>(new Set());
  const hidden = useMemo(() => new Set(lines.flatMap((line, place) => (names.has(line.name) ? [place] : []))), [lines, names]);
  const isNothingLeft = lines.length > 0 && hidden.size === lines.length;
  const choose = useCallback(
    (place: number, isAdded: boolean): void => {
      const name = lines[place].name;
      const others = lines.map((line) => line.name).filter((other) => other !== name);
      setNames((before) => {
        if (isAdded) return new Set(before.has(name) ? [...before].filter((other) => other !== name) : [...before, name]);
        const isAlone = !before.has(name) && others.every((other) => before.has(other)) && others.length > 0;
        return new Set(isAlone ? [] : others);
      });
    },
    [lines],
  );
  const shown = useMemo(() => (isNothingLeft ? new Set<number>() : hidden), [isNothingLeft, hidden]);
  return { hidden: shown, choose };
}
