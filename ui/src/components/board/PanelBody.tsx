// Owns what a panel shows once its answer is there, one small component a kind. Never fetches.
import { useContext, useMemo } from "react";
import type { PanelAnswer } from "../../api/boardQueries";
import { ROW_PX } from "../../layout/boardGrid";
import type { Panel } from "../../model/board";
import { mappedWriter } from "../../model/boardMappings";
import { COLOUR_TOKENS } from "../../model/boardData";
import { withTextVariables, type ChosenValues } from "../../model/boardVariables";
import type { Labels } from "../../model/promAnswer";
import { serviceColour } from "../../model/serviceColour";
import { seriesNames } from "../../model/seriesNames";
import { withOutlook } from "../../model/outlookLines";
import { unitWriter } from "../../model/unitFormat";
import { texts } from "../../texts";
import { HeatmapView } from "../chart/HeatmapView";
import { ReachNotes } from "../chart/ReachNotes";
import { SeriesView, type ViewLine } from "../chart/SeriesView";
import { BoardMarksContext } from "./boardMarks";
import { usePanelOutlook } from "./usePanelOutlook";
import { BarBody, LogBody, TableBody } from "./RowBodies";
import { HistogramBody } from "./HistogramBody";
import { GaugeBody, StatBody } from "./FigureBodies";
import { StateBody } from "./StateBody";

interface PanelBodyProps {
  panel: Panel;
  answer: PanelAnswer;
  chosen: ChosenValues;
  width: number;
  height: number;
  syncKey: string;
  onZoom: (fromSeconds: number, toSeconds: number) => void;
}

const LINES_MOST = 60;
const COLOURS = 14;
const LEGEND_ROW_PX = 22;

/** Each series with its name, colour and unit. */
export function usePanelLines(panel: Panel, answer: PanelAnswer, chosen: ChosenValues): ViewLine[] {
  return useMemo(() => {
    const { frame } = answer;
    if (!frame) return [];
    const write = mappedWriter(unitWriter(panel.unit ?? ""), panel.mappings);
    const isSeveralColumns = new Set(frame.series.map((series) => series.column)).size > 1;
    const queries = panel.queries ?? [];
    const names = new Map<number, string>();
    queries.forEach((query, number) => {
      const places = frame.series.map((_, place) => place).filter((place) => answer.queryOf[place] === number);
      const labels = places.map((place) => ({ ...frame.series[place].labels, ...(isSeveralColumns && frame.series[place].column ? { " column": frame.series[place].column as string } : {}) }));
      const named = seriesNames(labels, frame.series[places[0]]?.column ?? (queries.length > 1 ? String.fromCharCode(65 + number) : panel.title || "A"), query.legend ? withTextVariables(query.legend, chosen) : "");
      places.forEach((place, index) => names.set(place, named.names[index]));
    });
    return frame.series.slice(0, LINES_MOST).map((series, place) => ({ name: names.get(place) ?? "", values: series.values, colour: colourOf(series.labels, place), write }));
  }, [panel, answer, chosen]);
}

/** A service has its colour on every page; everything else takes its turn. */
function colourOf(labels: Labels, place: number): string {
  const service = Object.keys(labels).length === 1 ? (labels.service_name ?? labels["resource.service.name"]) : undefined;
  return service === undefined ? `var(--service-${place % COLOURS})` : serviceColour(service);
}

export function PanelBody({ panel, answer, chosen, width, height, syncKey, onZoom }: PanelBodyProps) {
  const lines = usePanelLines(panel, answer, chosen);
  const write = useMemo(() => mappedWriter(unitWriter(panel.unit ?? ""), panel.mappings), [panel.unit, panel.mappings]);
  const thresholds = useMemo(() => (panel.thresholds ?? []).filter((one) => one.colour !== "green").map((one) => ({ value: one.value, colour: COLOUR_TOKENS[one.colour] })), [panel.thresholds]);
  const marks = useContext(BoardMarksContext);
  const outlook = usePanelOutlook(panel);
  const empty = <p className="panel-note muted">{texts.boards.noData}</p>;
  if (panel.kind === "table") return answer.table && answer.table.rows.length > 0 ? <TableBody panel={panel} table={answer.table} /> : empty;
  if (panel.kind === "bar") return answer.table && answer.table.rows.length > 0 ? <BarBody answer={answer.table} write={write} thresholds={panel.thresholds} /> : empty;
  if (panel.kind === "logs") return answer.table && answer.table.rows.length > 0 ? <LogBody answer={answer.table} /> : empty;
  if (panel.kind === "heatmap") {
    return answer.histogram ? <HeatmapView seconds={answer.histogram.seconds} histogram={answer.histogram.histogram} label={panel.title} height={height} write={write} syncKey={syncKey} onZoom={onZoom} /> : empty;
  }
  if (panel.kind === "histogram") return answer.frame ? <HistogramBody histogram={answer.histogram?.histogram ?? null} lines={lines} write={write} width={width} label={panel.title} /> : empty;
  if (!answer.frame || lines.length === 0) return empty;
  if (panel.kind === "stat") return <StatBody lines={lines} reduce={panel.reduce ?? "last"} thresholds={panel.thresholds} height={height} width={width} />;
  if (panel.kind === "gauge") return <GaugeBody lines={lines} reduce={panel.reduce ?? "last"} thresholds={panel.thresholds} min={panel.min} max={panel.max} unit={panel.unit ?? ""} height={height} />;
  if (panel.kind === "state") return <StateBody seconds={answer.frame.seconds} lines={lines} thresholds={panel.thresholds} width={width} height={height} />;
  const legendPx = panel.legend === "none" ? 0 : panel.legend === "table" ? Math.min(26 + lines.length * LEGEND_ROW_PX, height * 0.42) : Math.min(LEGEND_ROW_PX * Math.ceil((lines.length * 150) / Math.max(width, 1)), 46) + 6;
  const { seconds, lines: shown, bands, reaches } = withOutlook(lines, answer.frame.seconds, outlook, texts.explorer, () => panel.unit ?? "");
  return (
    <>
      <ReachNotes reaches={reaches} />
      <SeriesView
        seconds={seconds} lines={shown} bands={bands} drawing={panel.drawing} label={panel.title} height={Math.max(height - legendPx - reaches.length * LEGEND_ROW_PX, ROW_PX * 2)} write={write} thresholds={thresholds}
        marks={marks} syncKey={syncKey} onZoom={onZoom} legend={panel.legend === "none" ? null : panel.legend === "table" ? TABLE_FIGURES : NO_FIGURES}
      />
    </>
  );
}

const TABLE_FIGURES = ["last", "most", "mean"] as const;
const NO_FIGURES = [] as const;
