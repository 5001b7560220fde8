// Owns one figure of a server over the last ten minutes: its newest values in words of fixed width, and the chart that moves
// under them. Never fetches; the ring is handed in.
import { useEffect, useMemo, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";
import { axisWriterOf, writerOf, type MysqlChart } from "../../model/mysqlCharts";
import { columnsOf, latestOf, RING_MS, type RingPoint } from "../../model/mysqlRing";
import { createLiveChart, type LiveChart, type LiveMark } from "../../paint/liveChart";
import type { ChartCursor } from "../../paint/seriesChart";
import { useTheme } from "../../theme";
import { texts } from "../../texts";
import { ChartTooltip } from "../chart/ChartTooltip";
import { useElementWidth } from "../useElementWidth";

const HEIGHT_PX = 118;
const AXIS_PX = 56;
const said = texts.mysqlPage;

interface LiveTileProps {
  chart: MysqlChart;
  ring: readonly RingPoint[];
  intervalMs: number;
  /** Right edge of the picture, in milliseconds. */
  endMs: number;
  isStale: boolean;
  marks?: readonly LiveMark[];
}

const NO_MARKS: readonly LiveMark[] = [];

export function LiveTile({ chart, ring, intervalMs, endMs, isStale, marks = NO_MARKS }: LiveTileProps) {
  const holder = useRef<HTMLDivElement>(null);
  const drawn = useRef<LiveChart | null>(null);
  const width = useElementWidth(holder);
  const theme = useTheme();
  const [cursor, setCursor] = useState<ChartCursor | null>(null);
  const [isOver, setOver] = useState(false);
  const write = useMemo(() => writerOf(chart.unit), [chart.unit]);
  const columns = useMemo(() => columnsOf(ring, chart.figures.map((figure) => figure.name), intervalMs), [ring, chart, intervalMs]);
  const limit = chart.limit ? latestOf(ring, chart.limit) : null;
  useEffect(() => {
    if (!holder.current || width < 50) return;
    const made = createLiveChart(holder.current, { colours: chart.figures.map((figure) => figure.colour), isRatio: chart.unit === "ratio", axisWidth: AXIS_PX, syncKey: "mysql-live", write: axisWriterOf(chart.unit), onCursor: setCursor }, width, HEIGHT_PX);
    drawn.current = made;
    return () => {
      drawn.current = null;
      made.destroy();
    };
  }, [chart, width, theme]);
  useEffect(() => {
    drawn.current?.update({ seconds: columns.seconds, values: columns.values, window: [(endMs - RING_MS) / 1000, endMs / 1000], limit, marks });
  }, [columns, endMs, limit, marks, chart, width, theme]);
  const lines = chart.figures.map((figure, place) => ({ name: said.figures[figure.name] ?? figure.name, colour: figure.colour, values: columns.values[place], write }));
  return (
    <section className="mysql-tile" data-stale={isStale || undefined} data-chart={chart.key} aria-label={said.charts[chart.key]}>
      <TileHead chart={chart} valueOf={(name) => write(latestOf(ring, name))} note={limit === null ? null : said.limit(write(limit))} />
      <div className="chart-area" role="img" aria-label={said.charts[chart.key]} style={{ height: HEIGHT_PX }} onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)}>
        <div className="chart-holder" ref={holder} />
        {isOver && cursor && <ChartTooltip cursor={cursor} seconds={columns.seconds} lines={lines} hidden={NOTHING_HIDDEN} width={width} writeExemplar={write} />}
      </div>
    </section>
  );
}

const NOTHING_HIDDEN: ReadonlySet<number> = new Set();

export function TileHead({ chart, valueOf, note }: { chart: MysqlChart; valueOf: (name: string) => string; note: string | null }) {
  return (
    <header className="tile-head">
      <h3>{said.charts[chart.key]}{note && <span className="tile-note">{note}</span>}</h3>
      <dl className="tile-figures">
        {chart.figures.map((figure) => (
          <div key={figure.name}>
            <dt><span className="line-key" style={{ background: figure.colour }} />{said.figures[figure.name] ?? figure.name}</dt>
            <dd data-figure={figure.name}>{valueOf(figure.name)}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}
