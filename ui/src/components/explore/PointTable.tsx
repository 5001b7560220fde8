// Owns the points of a chart as a table, the newest first; only rows on screen are in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { dayAndTime } from "../../model/instant";
import { texts } from "../../texts";
import type { ViewLine } from "../chart/SeriesView";

const ROW_PX = 26;

export function PointTable({ seconds, lines }: { seconds: readonly number[]; lines: readonly ViewLine[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: seconds.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  const template = `160px repeat(${lines.length}, minmax(110px, 1fr))`;
  return (
    <div className="point-table" ref={scroller} role="table" aria-label={texts.explorer.drawings.table} aria-rowcount={seconds.length + 1} tabIndex={0}>
      <div className="point-row head" role="row" style={{ gridTemplateColumns: template }}>
        <span role="columnheader">{texts.explorer.time}</span>
        {lines.map((line, place) => <span key={place} role="columnheader" className="number" title={line.name}><span className="line-key" style={{ background: line.colour }} /> {line.name}</span>)}
      </div>
      <div className="point-rows" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const place = seconds.length - 1 - item.index;
          return (
            <div key={item.index} className="point-row" role="row" style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}>
              <span role="cell">{dayAndTime(seconds[place] * 1000).slice(0, 19)}</span>
              {lines.map((line, index) => <span key={index} role="cell" className="number">{line.write(line.values[place])}</span>)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
