// Owns the same figures over longer times, asked through PromQL. Never knows a metric's name: model/mysqlCharts does.
import { useMemo } from "react";
import { useRangeQueries } from "../../api/promQueries";
import { writeRange } from "../../model/instant";
import { axisWriterOf, promqlFor, writerOf, type MysqlChart } from "../../model/mysqlCharts";
import type { Steps } from "../../model/promRange";
import { setParameters } from "../../router";
import { texts } from "../../texts";
import { SeriesView, type ViewLine } from "../chart/SeriesView";
import { TileHead } from "./LiveTile";

const HEIGHT_PX = 118;
const said = texts.mysqlPage;
const zoom = (from: number, to: number): void => setParameters({ range: writeRange({ startMs: from * 1000, endMs: to * 1000 }) }, "push");

export function RangeTile({ chart, server, steps }: { chart: MysqlChart; server: string; steps: Steps }) {
  const asked = useMemo(() => chart.figures.filter((figure) => figure.promql !== null), [chart]);
  const results = useRangeQueries(asked.map((figure) => ({ text: promqlFor(figure.promql ?? "", server) })), steps);
  const write = useMemo(() => writerOf(chart.unit), [chart.unit]);
  const grids = results.map((result) => result.data?.grid);
  const seconds = grids.find((grid) => grid !== undefined)?.seconds ?? [];
  const lines = useLines(asked, grids.map((grid) => grid?.series[0]?.values), seconds.length, write);
  const last = (name: string): string => {
    const place = asked.findIndex((figure) => figure.name === name);
    return write(grids[place]?.series[0]?.values.findLast((value) => value !== null));
  };
  const isEmpty = grids.some((grid) => grid !== undefined) && grids.every((grid) => (grid?.series.length ?? 0) === 0);
  const failure = results.find((result) => result.error && !result.data)?.error;
  return (
    <section className="mysql-tile" data-chart={chart.key} aria-label={said.charts[chart.key]}>
      <TileHead chart={chart} valueOf={last} note={null} />
      <div className="tile-range" style={{ minHeight: HEIGHT_PX }}>
        {asked.length === 0 ? <p className="muted small tile-empty">{said.onlyLive}</p> : failure ? <p className="error-text small tile-empty">{failure.message}</p> : isEmpty ? <p className="muted small tile-empty">{said.noPoints}</p> : <SeriesView seconds={seconds} lines={lines} label={said.charts[chart.key]} height={HEIGHT_PX} write={axisWriterOf(chart.unit)} syncKey="mysql-range" onZoom={zoom} legend={null} />}
      </div>
    </section>
  );
}

/** The same lines while the values are the same, so that the chart is not made anew. */
function useLines(figures: MysqlChart["figures"], values: (readonly (number | null)[] | undefined)[], length: number, write: ViewLine["write"]): ViewLine[] {
  const [first, second, third] = values;
  return useMemo(
    () => figures.map((figure, place) => ({ name: said.figures[figure.name] ?? figure.name, colour: figure.colour, values: [...([first, second, third][place] ?? new Array<null>(length).fill(null))], write })),
    [figures, first, second, third, length, write],
  );
}
