// Owns asking for everything the explorer's chart shows and putting it together: queries, the earlier time, exemplars, the
// usual band, the forecast, the distribution under it.
import { useMemo } from "react";
import type { ShownResult } from "../../api/liveQueries";
import { useExemplars, useRangeQueries } from "../../api/promQueries";
import { saveAs } from "../../api/download";
import { isEmbedded } from "../../embedded";
import { COMPARISONS, isFormula, type Drawing } from "../../model/explorerState";
import { drawnLines } from "../../model/explorerLines";
import { formatDuration } from "../../model/duration";
import { writeRange } from "../../model/instant";
import { withOutlook } from "../../model/outlookLines";
import { fromClassicBuckets } from "../../model/promAnswer";
import { writeQuery } from "../../model/promQuery";
import type { Steps } from "../../model/promRange";
import type { FigureKey } from "../../model/seriesTable";
import { toCsv } from "../../model/seriesTable";
import { unitCaption, unitWriter } from "../../model/unitFormat";
import { setParameters } from "../../router";
import { texts } from "../../texts";
import { HeatmapView } from "../chart/HeatmapView";
import { SeriesView, type ViewLine } from "../chart/SeriesView";
import { ErrorNote } from "../ErrorNote";
import { LoadingNote } from "../LoadingNote";
import { OpenWhole } from "../OpenWhole";
import { ReachNotes } from "../chart/ReachNotes";
import { ExplorerTools, useSwitch } from "./ExplorerTools";
import { PointTable } from "./PointTable";
import type { ShownQuery } from "./useExplorer";

const CHART_PX = 320;
const HEATMAP_PX = 200;
/** Of a legend with three lines, so that little moves when the answer comes. */
const LEGEND_PX = 90;
const SYNC_KEY = "explorer";
const FIGURES: FigureKey[] = ["last", "least", "most", "mean"];

interface ExplorerChartProps {
  queries: readonly ShownQuery[];
  drawing: Drawing;
  compare: string | null;
  /** Of what is asked for now and then. */
  steps: Steps;
  /** Of the results, where they are live. */
  liveSteps: Steps | null;
  results: readonly ShownResult[];
  onAddToBoard?: () => void;
}

export function ExplorerChart({ queries, drawing, compare, steps, liveSteps, results, onAddToBoard }: ExplorerChartProps) {
  const [isExemplars] = useSwitch("exemplars", true);
  const [isUnusual] = useSwitch("unusual", false);
  const [isForecast] = useSwitch("forecast", false);
  const shiftMs = compare === null ? 0 : COMPARISONS[compare];
  const asked = useMemo(() => queries.map((query) => ({ text: query.isHidden ? null : query.promql, shiftMs })), [queries, shiftMs]);
  const earlier = useRangeQueries(shiftMs === 0 ? NOTHING : asked, steps);
  const histogramQuery = queries.find((query) => !query.isHidden && query.kind === "histogram" && query.built);
  const exemplars = useExemplars(isExemplars && drawing === "lines" && histogramQuery?.built?.shape !== "count" ? (histogramQuery?.promql ?? null) : null, steps);
  const heat = useRangeQueries([{ text: histogramQuery?.built ? writeQuery({ ...histogramQuery.built, shape: "buckets", by: [], aggregation: "sum" }) : null }], steps)[0];

  const grids = results.map((result) => result.data?.grid ?? null);
  const earlierGrids = earlier.map((result) => result.data?.grid ?? null);
  const earlierName = texts.explorer.comparisons[compare ?? ""];
  const drawn = useMemo(
    () =>
      drawnLines(
        queries.flatMap((query, place) => (query.isHidden ? [] : [{
          letter: query.letter, unit: query.unit, isQuantiles: query.built?.shape === "quantiles",
          fallback: fallbackName(query), grid: grids[place], earlier: earlierGrids[place] ?? null,
        }])),
        earlierName,
      ),
    // The grids are told apart one by one: the arrays are new each time.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [queries, earlierName, ...grids, ...earlierGrids],
  );
  const baseSeconds = useMemo(() => grids.find((grid) => grid !== null)?.seconds ?? [], grids); // eslint-disable-line react-hooks/exhaustive-deps
  const outlook = useMemo(() => withOutlook(drawn.lines, baseSeconds, { isUnusual, isForecast }, texts.explorer, (line) => line.unit), [drawn, baseSeconds, isUnusual, isForecast]);
  const lines = useMemo(() => outlook.lines.map((line): ViewLine => ({ ...line, write: unitWriter(line.unit) })), [outlook]);
  const unit = outlook.lines[0]?.unit ?? "";
  const zoom = (from: number, to: number): void => setParameters({ range: writeRange({ startMs: from * 1000, endMs: to * 1000 }) }, "push");
  const isPending = results.some((result, place) => asked[place].text !== null && result.isPending && result.fetchStatus !== "idle");
  const note = [unitCaption(unit), texts.explorer.step(formatDuration((liveSteps ?? steps).stepMs * 1e6)), ...(drawn.total > lines.length && drawn.total > 40 ? [texts.explorer.someSeries(40, drawn.total)] : [])].filter(Boolean).join(" · ");
  const csv = (): void => saveAs(new Blob([toCsv(outlook.seconds, lines.map((line) => line.name), lines.map((line) => line.values))], { type: "text/csv" }), "spanlake-metrics.csv");
  const buckets = heat.data?.grid.histograms[0] ?? (heat.data && fromClassicBuckets(heat.data.grid.series));
  const isOnlyBuckets = queries.every((query) => query.isHidden || query.built?.shape === "buckets");
  const hasError = results.some((result) => result.error);
  const warnings = [...new Set(results.flatMap((result) => result.data?.warnings ?? []))];
  return (
    <section className="explorer-chart" aria-label={texts.explorer.chart}>
      {!isEmbedded && <ExplorerTools drawing={drawing} compare={compare} hasExemplars={histogramQuery !== undefined} note={note} onCsv={csv} onAddToBoard={onAddToBoard} />}
      {isEmbedded && <p className="embedded-head"><strong>{queries.find((query) => query.info)?.info?.name ?? lines[0]?.name}</strong><span className="muted small">{note}</span><OpenWhole /></p>}
      {drawn.shared.length > 0 && drawing !== "table" && drawn.lines.length > 1 && (
        <p className="metric-note"><span>{texts.explorer.shared}</span>{drawn.shared.map(([label, value]) => <code key={label}>{label}={value}</code>)}</p>
      )}
      <ReachNotes reaches={outlook.reaches} />
      {warnings.map((warning) => <p key={warning} className="warn-text small explorer-warning">{texts.explorer.warnings}: {warning}</p>)}
      {!isOnlyBuckets && (
        <div className="chart-frame" data-stale={results.some((result) => result.isPlaceholderData) || undefined} style={lines.length === 0 ? { minHeight: hasError ? undefined : CHART_PX + LEGEND_PX } : undefined}>
          {lines.length === 0 ? (
            isPending ? <LoadingNote /> : <p className="nothing muted">{hasError ? texts.explorer.notDrawn : texts.explorer.noSeries}</p>
          ) : drawing === "table" ? (
            <PointTable seconds={outlook.seconds} lines={lines} />
          ) : (
            <SeriesView
              seconds={outlook.seconds} lines={lines} drawing={drawing} label={texts.explorer.chart} height={CHART_PX} write={unitWriter(unit)} legend={FIGURES}
              exemplars={exemplars.data} bands={outlook.bands} syncKey={SYNC_KEY} onZoom={zoom}
            />
          )}
        </div>
      )}
      {histogramQuery && !isEmbedded && (
        <section className="explorer-heat" aria-label={texts.explorer.heatmap}>
          <header>
            <h3>{texts.explorer.heatmap}</h3>
            <span className="muted small">{texts.explorer.heatmapHint}</span>
          </header>
          <div className="chart-frame" style={{ minHeight: HEATMAP_PX }}>
            {heat.error ? <ErrorNote error={heat.error} /> : buckets && heat.data ? (
              <HeatmapView seconds={heat.data.grid.seconds} histogram={buckets} label={texts.explorer.heatmap} height={HEATMAP_PX} write={unitWriter(histogramQuery.info?.unit ?? "")} syncKey={SYNC_KEY} onZoom={zoom} />
            ) : null}
          </div>
        </section>
      )}
    </section>
  );
}

const NOTHING: readonly never[] = [];

function fallbackName(query: ShownQuery): string {
  if (isFormula(query.text) || !query.built) return query.text.length > 60 ? query.letter.toUpperCase() : query.text.trim();
  const shape = query.built.shape === "quantiles" ? `p${Number((query.built.quantiles[0] * 100).toPrecision(5))}` : texts.explorer.shapes[query.built.shape];
  return `${query.info?.name ?? query.built.metric} ${shape}`;
}
