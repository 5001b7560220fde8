// Owns the table of figures that services and operations share: sorted by any column (in the address), only rows on
// screen in the document. Never sums and never knows where a row leads: whoever uses it says so.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, type ReactNode } from "react";
import { formatDuration } from "../model/duration";
import { formatCount, rateOf } from "../model/numbers";
import { errorShare, FIGURE_COLUMNS, figuresKey, nextFigureSort, readFigureSort, sortFigures, type Counts, type FigureColumn, type Figures } from "../model/serviceFigures";
import { useParameter } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Sparkline } from "./Sparkline";

const ROW_PX = 36;

interface FigureTableProps {
  label: string;
  columns: Record<FigureColumn, string>;
  figures: Figures[];
  counts: Map<string, Counts> | undefined;
  seconds: number;
  colourOf: (figures: Figures) => string;
  nameOf: (figures: Figures) => ReactNode;
  toolsOf: (figures: Figures) => ReactNode;
}

export function FigureTable({ label, columns, figures, counts, seconds, colourOf, nameOf, toolsOf }: FigureTableProps) {
  const [sortText, setSortText] = useParameter("sort");
  const sort = readFigureSort(sortText);
  const sorted = useMemo(() => sortFigures(figures, readFigureSort(sortText)), [figures, sortText]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: sorted.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  const slowest = figures.reduce((most, one) => Math.max(most, one.p95 ?? 0), 1);
  return (
    <div className="figures" role="table" aria-label={label} aria-rowcount={sorted.length + 1}>
      <div className="figure-row head" role="row">
        {FIGURE_COLUMNS.map((column) => (
          <span key={column} role="columnheader" data-column={column} aria-sort={sort.column !== column ? "none" : sort.descending ? "descending" : "ascending"}>
            <button type="button" title={texts.servicesPage.hints[column]} onClick={() => setSortText(nextFigureSort(sort, column))}>
              {columns[column]}
              {sort.column === column && <Icon name={sort.descending ? "down" : "up"} size={12} />}
            </button>
          </span>
        ))}
      </div>
      <div className="figure-scroller" ref={scroller} role="rowgroup">
        <div className="figure-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const one = sorted[item.index];
            return (
              <div key={item.key} className="figure-row" role="row" aria-rowindex={item.index + 2} style={{ transform: `translateY(${item.start}px)` }}>
                <span role="cell" data-column="name" className="figure-name">{nameOf(one)}<span className="figure-tools">{toolsOf(one)}</span></span>
                <span role="cell" data-column="requests" title={requestsTitle(one)}>
                  <Sparkline counts={counts?.get(figuresKey(one))} colour={colourOf(one)} />
                  <span className="figure-rate">{one.interval && "≈ "}{rateText(one.requests, seconds)}</span>
                </span>
                <ErrorCell figures={one} />
                <span role="cell" data-column="p50">{duration(one.p50)}</span>
                <span role="cell" data-column="p95">
                  <span className="share-bar" aria-hidden="true"><span style={{ width: `${((one.p95 ?? 0) / slowest) * 100}%` }} /></span>
                  <span className="figure-duration">{duration(one.p95)}</span>
                </span>
                <span role="cell" data-column="p99">{duration(one.p99)}</span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Of an estimate, the interval too. */
function requestsTitle({ requests, interval }: Figures): string {
  return interval ? texts.servicesPage.estimated(Math.round(requests), Math.round(interval[0]), interval[1] === null ? null : Math.round(interval[1])) : texts.servicesPage.requests(requests);
}

function rateText(count: number, seconds: number): string {
  if (count === 0) return "–";
  const { value, unit } = rateOf(count, seconds);
  return texts.servicesPage.rate(value, unit);
}

function duration(nanoseconds: number | null): string {
  return nanoseconds === null ? "–" : formatDuration(nanoseconds);
}

/** A share with as many digits as tell it from none. */
export function percentText(share: number): string {
  const percent = share * 100;
  return texts.common.percent(percent === 0 ? "0" : percent < 0.1 ? "<0.1" : percent.toFixed(percent < 10 ? 1 : 0));
}

function ErrorCell({ figures }: { figures: Figures }) {
  return (
    <span role="cell" data-column="errors" title={`${texts.servicesPage.errors(figures.errors)} / ${formatCount(figures.requests)}`}>
      {figures.errors === 0 ? <span className="faint">–</span> : <span className="error-count">{percentText(errorShare(figures))}</span>}
    </span>
  );
}
