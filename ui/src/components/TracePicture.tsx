// Owns the strip with the picture over the list: heatmap or points, what is under the pointer, the brushed region and
// what can be done with it. Which picture, the region and what was narrowed are in the address.
import { useRef, useState } from "react";
import { isNotOffered, useTraceHeatmap } from "../api/traceQueries";
import type { TraceSummary } from "../api/types";
import { intervalOf, type Heatmap } from "../layout/heatmap";
import { formatDuration, parseDuration } from "../model/duration";
import { ALL_ERRORS, narrowedTo, readSelection, undoneNarrowing, writeSelection, type HeatSelection } from "../model/heatSelection";
import { calendarDay, clockTime } from "../model/instant";
import { hasSpanCondition, type TraceFilter } from "../model/traceFilter";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { useFacetsOpen } from "./FacetColumn";
import { Icon } from "./Icon";
import { OpenLongest } from "./OpenLongest";
import { PICTURE_HEIGHT, TraceHeatmap, type RegionCounts } from "./TraceHeatmap";
import { TraceScatter } from "./TraceScatter";
import { useElementWidth } from "./useElementWidth";

const COLUMN_PX = 15;

interface TracePictureProps {
  filter: TraceFilter;
  /** Those in the list: the points. */
  traces: readonly TraceSummary[];
  live: boolean;
  /** The filter itself is refused: the field says so, and the picture waits for the next one. */
  isRefused: boolean;
}

export function TracePicture({ filter, traces, live, isRefused }: TracePictureProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useElementWidth(holder);
  const [picture] = useParameter("picture");
  const [selectionText] = useParameter("sel");
  const [differs] = useParameter("diff");
  const [was] = useParameter("was");
  const [pointed, setPointed] = useState<RegionCounts | null>(null);
  const selection = readSelection(selectionText);
  // In steps, so that a window dragged wider does not ask for every pixel.
  const columns = width === 0 ? 0 : Math.min(Math.max(Math.floor(width / COLUMN_PX / 10) * 10, 20), 120);
  const heat = useTraceHeatmap(filter, picture === "points" ? 0 : columns, live);
  // Where a server does not count yet, the points of the list are shown.
  const isMissing = isNotOffered(heat.error) && !isRefused && !heat.data;
  const showsPoints = picture === "points" || isMissing;
  const select = (next: HeatSelection | null): void => setParameters({ sel: next && writeSelection(next), ...(next === null ? { diff: null } : {}) });
  const narrow = (chosen: HeatSelection): void => setParameters(narrowedTo(chosen, filter, window.location.search), "push");
  const differ = (chosen: HeatSelection): void => setParameters({ sel: writeSelection(chosen), diff: "on" });
  return (
    <section className="trace-picture" aria-label={texts.explore.picture} data-stale={heat.isPlaceholderData || undefined}>
      <div className="picture-head">
        <FacetsToggle />
        {!isMissing && (
          <span className="picture-ways" role="group" aria-label={texts.explore.picture}>
            <WayButton text={texts.explore.heat} isOn={!showsPoints} onClick={() => setParameters({ picture: null })} />
            <WayButton text={texts.explore.points} isOn={showsPoints} onClick={() => setParameters({ picture: "points", sel: null, diff: null })} />
          </span>
        )}
        {was !== null && <NarrowedChip filter={filter} was={was} />}
        {!showsPoints && heat.data && (
          <span className="picture-note" aria-live="polite">
            {pointed ? <RegionNote counts={pointed} /> : selection ? null : <Totals heatmap={heat.data} overRoots={!hasSpanCondition(filter)} isExact={heat.data.stats?.exact !== false} note={heat.data.stats?.note} />}
          </span>
        )}
        {!showsPoints && heat.data && heat.data.errors > 0 && !selection && heat.data.errors < heat.data.spans && (
          <button type="button" className="text-button picture-errors" onClick={() => differ(ALL_ERRORS)}>{texts.explore.errorsDiffer}</button>
        )}
        {!showsPoints && selection && (
          <span className="selection-bar" data-pointed={pointed !== null || undefined} role="group" aria-label={texts.explore.selected}>
            <strong className="selection-text">{selectionWords(selection)}</strong>
            <button type="button" className="button small-button" onClick={() => narrow(selection)}>{texts.explore.onlyThese}</button>
            <OpenLongest key={selectionText} selection={selection} filter={filter} />
            {differs !== "on" && <button type="button" className="button small-button primary" onClick={() => differ(selection)}>{texts.explore.whatDiffers}</button>}
            <button type="button" className="icon-button" title={texts.explore.clearSelection} aria-label={texts.explore.clearSelection} onClick={() => select(null)}>
              <Icon name="close" size={13} />
            </button>
          </span>
        )}
      </div>
      <div className="picture-body" ref={holder} style={{ height: PICTURE_HEIGHT }}>
        {showsPoints && traces.length > 0 && <TraceScatter traces={traces} range={filter.range} />}
        {!showsPoints && heat.error && !heat.data && !isRefused && <p className="picture-failed field-error">{texts.explore.heatFailed}: {heat.error.message}</p>}
        {!showsPoints && heat.data && width > 0 && heat.data.rows > 0 && (
          <TraceHeatmap
            heatmap={heat.data}
            width={width}
            selection={selection}
            onSelect={select}
            onPoint={setPointed}
            onNarrow={() => selection && narrow(selection)}
            onDiffer={() => selection && differ(selection)}
          />
        )}
      </div>
    </section>
  );
}

function FacetsToggle() {
  const [isOpen, setIsOpen] = useFacetsOpen();
  if (isOpen) return null;
  return (
    <button type="button" className="icon-button facets-toggle" title={texts.explore.facets.show} aria-label={texts.explore.facets.show} onClick={() => setIsOpen(true)}>
      <Icon name="filter" size={14} />
    </button>
  );
}

function WayButton({ text, isOn, onClick }: { text: string; isOn: boolean; onClick: () => void }) {
  return (
    <button type="button" className="way-button" aria-pressed={isOn} onClick={onClick}>
      {text}
    </button>
  );
}

/** `10:02:00 – 10:05:00 · 100 ms – 2 s`. */
export function selectionWords({ time, leastNs, mostNs, onlyErrors }: HeatSelection): string {
  const edge = (at: number): string => `${calendarDay(at) === calendarDay(Date.now()) ? "" : `${calendarDay(at).slice(5)} `}${clockTime(at).slice(0, 8)}`;
  const parts = [
    time ? `${edge(time.startMs)} – ${edge(time.endMs)}` : "",
    leastNs !== null && mostNs !== null ? `${formatDuration(leastNs)} – ${formatDuration(mostNs)}` : leastNs !== null ? texts.explore.atLeast(formatDuration(leastNs)) : mostNs !== null ? texts.explore.atMost(formatDuration(mostNs)) : "",
    onlyErrors ? texts.explore.allErrors : "",
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function RegionNote({ counts }: { counts: RegionCounts }) {
  return (
    <>
      <span>{selectionWords(counts.selection)}</span>
      <strong>{counts.interval && "≈ "}{texts.explore.spans(counts.spans)}</strong>
      {counts.interval && <span className="muted">{texts.explore.facets.between(...counts.interval)}</span>}
      {counts.errors > 0 && <span className="error-text">{texts.explore.errors(counts.errors, percentText(counts.errors / counts.spans))}</span>}
    </>
  );
}

function Totals({ heatmap, overRoots, isExact, note }: { heatmap: Heatmap; overRoots: boolean; isExact: boolean; note: string | undefined }) {
  const interval = intervalOf(heatmap.cells, heatmap.isOverRoots);
  return (
    <>
      <span title={interval ? texts.explore.facets.between(...interval) : undefined}>{interval && "≈ "}{overRoots ? texts.explore.roots(heatmap.spans) : texts.explore.spans(heatmap.spans)}</span>
      <span className={heatmap.errors > 0 ? "error-text" : "faint"}>{heatmap.errors > 0 ? texts.explore.errors(heatmap.errors, percentText(heatmap.errors / heatmap.spans)) : texts.explore.noErrors}</span>
      {!isExact && <span className="warn-text" title={note}>{texts.explore.approximate}</span>}
      <span className="heat-legend" aria-hidden="true">
        {texts.explore.few} <span className="heat-scale" /> {texts.explore.many} <span className="heat-scale heat-errors" /> {texts.explore.failed}
      </span>
      <span className="faint brush-hint">{texts.explore.brushHint}</span>
    </>
  );
}

function durationWords(least: string, most: string): string {
  const shown = (text: string): string => formatDuration(parseDuration(text) ?? 0);
  if (least === "") return texts.explore.atMost(shown(most));
  return most === "" ? texts.explore.atLeast(shown(least)) : `${shown(least)} – ${shown(most)}`;
}

function NarrowedChip({ filter, was }: { filter: TraceFilter; was: string }) {
  const range = /^(\d+)-(\d+)$/.exec(filter.range);
  const words = [range ? `${clockTime(Number(range[1])).slice(0, 8)} – ${clockTime(Number(range[2])).slice(0, 8)}` : "", filter.minDuration || filter.maxDuration ? durationWords(filter.minDuration, filter.maxDuration) : ""].filter((part) => part !== "").join(" · ");
  return (
    <span className="chip">
      <span>{texts.explore.narrowed} {words}</span>
      <button type="button" className="icon-button" title={texts.explore.undoNarrowing} aria-label={texts.explore.undoNarrowing} onClick={() => setParameters(undoneNarrowing(was), "push")}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

